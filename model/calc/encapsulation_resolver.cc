// SPDX-License-Identifier: Apache-2.0
#include "model/calc/encapsulation_resolver.h"

namespace felixsim::calc {
namespace {

bool enabled(EncapMode mode) {
  return mode == EncapMode::always || mode == EncapMode::cross_subnet;
}

void set_member(std::set<Cidr>& set, const Cidr& cidr, bool member) {
  if (member)
    set.insert(cidr);
  else
    set.erase(cidr);
}

}  // namespace

void EncapsulationCalculator::update_pool(const Cidr& cidr, const IpPool* pool) {
  const bool vxlan = pool && enabled(pool->vxlan_mode);
  set_member(ipip_, cidr, pool && enabled(pool->ipip_mode));
  set_member(vxlan_, cidr, vxlan && cidr.address.is_v4());
  set_member(vxlan_v6_, cidr, vxlan && !cidr.address.is_v4());
}

msg::Encapsulation EncapsulationCalculator::calculate(const LiveConfig& config) const {
  return {config.ipip_enabled.value_or(!ipip_.empty()),
          config.vxlan_enabled.value_or(!vxlan_.empty()), !vxlan_v6_.empty()};
}

void EncapsulationResolver::on_ip_pool(const IpPoolKey& key, const IpPool* pool) {
  calculator_.update_pool(key.cidr, pool);
  send();
}

void EncapsulationResolver::on_in_sync() {
  if (in_sync_) return;
  in_sync_ = true;
  send();
}

void EncapsulationResolver::send() {
  if (in_sync_) sequencer_.on_encapsulation(calculator_.calculate(sequencer_.live_config()));
}

}  // namespace felixsim::calc
