// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/host_ip_manager.h"

#include "model/rules/names.h"

namespace felixsim {

void HostIpManager::on_addresses(const AddressChange& change) {
  for (const std::string& prefix : workload_prefixes_) {
    if (change.name.starts_with(prefix)) return;
  }
  if (change.addresses) {
    addresses_[change.name] = *change.addresses;
  } else {
    addresses_.erase(change.name);
  }
  std::vector<msg::IpSetMember> members;
  for (const auto& [name, addresses] : addresses_) {
    for (const Ip& ip : addresses) members.push_back({Cidr::host(ip), 0, 0});
  }
  ip_sets_.add_or_replace(rules::ip_set::this_host, msg::IpSetType::ip, members);
}

}  // namespace felixsim
