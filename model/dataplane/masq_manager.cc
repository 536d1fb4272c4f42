// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/masq_manager.h"

#include <algorithm>

#include "model/rules/nat_chains.h"

namespace felixsim {

namespace {

// Such a pool holds no workload addresses, so traffic to it is masqueraded like any other.
bool is_load_balancer_only(const msg::IpamPool& pool) {
  return pool.allowed_uses.size() == 1 && pool.allowed_uses[0].view() == "LoadBalancer";
}

}  // namespace

MasqManager::MasqManager(rules::Renderer renderer, IpSets& ip_sets, RuleTable nat)
    : renderer_(std::move(renderer)),
      ip_sets_(ip_sets),
      nat_(std::move(nat)),
      all_pools_(renderer_.config.felix.all_pools_set) {
  ip_sets_.add_or_replace(all_pools_, msg::IpSetType::net, {});
  ip_sets_.add_or_replace(rules::ip_set::masq_pools, msg::IpSetType::net, {});
}

void MasqManager::on_pool_removed(const msg::IpamPoolRemove& removed) {
  auto it = pools_.find(removed.id);
  if (it == pools_.end()) return;
  std::vector<msg::IpSetMember> members{{it->second.cidr, 0, 0}};
  if (!is_load_balancer_only(it->second)) {
    ip_sets_.remove_members(all_pools_, members);
  }
  if (it->second.masquerade) ip_sets_.remove_members(rules::ip_set::masq_pools, members);
  pools_.erase(it);
  dirty_ = true;
}

void MasqManager::on_pool(const msg::IpamPoolUpdate& update) {
  on_pool_removed({update.id});
  if (update.pool.cidr.address.family != renderer_.family) return;
  std::vector<msg::IpSetMember> members{{update.pool.cidr, 0, 0}};
  if (!is_load_balancer_only(update.pool)) {
    ip_sets_.add_members(all_pools_, members);
  }
  if (update.pool.masquerade) ip_sets_.add_members(rules::ip_set::masq_pools, members);
  pools_[update.id] = update.pool;
  dirty_ = true;
}

void MasqManager::complete() {
  if (!dirty_) return;
  bool active = std::any_of(pools_.begin(), pools_.end(),
                            [](const auto& entry) { return entry.second.masquerade; });
  nat_.update(rules::nat_outgoing_chain(renderer_, active));
  dirty_ = false;
}

}  // namespace felixsim
