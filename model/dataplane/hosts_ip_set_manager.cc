// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/hosts_ip_set_manager.h"

#include "model/rules/names.h"

namespace felixsim {

void HostsIpSetManager::on_host(const msg::HostMetadataV4V6Update& update) {
  const std::string& text = family_ == IpFamily::v4 ? update.ipv4_addr : update.ipv6_addr;
  if (text.empty()) return;  // as in Felix, an address that is gone stays until the host goes
  auto ip = Ip::parse(std::string_view(text).substr(0, text.find('/')));
  if (!ip) return;
  hosts_[update.host] = *ip;
  dirty_ = true;
}

void HostsIpSetManager::on_host_removed(const msg::HostMetadataV4V6Remove& removed) {
  hosts_.erase(removed.host);
  dirty_ = true;
}

void HostsIpSetManager::on_host_ip(Symbol host, std::string_view address) {
  if (const auto ip = Ip::parse(address))
    hosts_[host] = *ip;
  else
    hosts_.erase(host);
  dirty_ = true;
}

void HostsIpSetManager::complete() {
  if (!dirty_) return;
  std::vector<msg::IpSetMember> members;
  for (const auto& [host, ip] : hosts_) members.push_back({Cidr::host(ip), 0, 0});
  if (family_ == IpFamily::v4) {
    for (const Cidr& cidr : external_cidrs_) members.push_back({cidr, 0, 0});
  }
  ip_sets_.add_or_replace(rules::ip_set::all_hosts, msg::IpSetType::net, members);
  dirty_ = false;
}

}  // namespace felixsim
