// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/interfaces.h"

namespace felixsim {

std::set<Ip> local_addresses(const Link& link) {
  std::set<Ip> found;
  for (const Address& address : link.addresses) {
    // The kernel withdraws the local routes of an interface that goes down, but IPv4's host routes.
    if (!link.admin_up && !address.prefix.address.is_v4()) continue;
    found.insert(address.prefix.address);
    // The prefix route of an address on a loopback device is local too (fib_add_ifaddr).
    bool whole_prefix = link.admin_up && link.kind == "loopback" &&
                        address.prefix.address.is_v4() && address.prefix.length < 32;
    if (whole_prefix) found.insert(address.prefix.network().address);
  }
  return found;
}

InterfaceChanges InterfaceMonitor::look(const KernelState& kernel,
                                        const std::function<bool(const std::string&)>& excluded) {
  InterfaceChanges changes;
  for (auto it = seen_.begin(); it != seen_.end();) {
    auto link = kernel.links.find(it->first);
    if (link != kernel.links.end() && link->second.index == it->second.index) {
      ++it;
      continue;
    }
    changes.states.push_back({it->first, InterfaceState::not_present, it->second.index});
    if (!excluded || !excluded(it->first)) changes.addresses.push_back({it->first, std::nullopt});
    it = seen_.erase(it);
  }
  for (const auto& [name, link] : kernel.links) {
    auto [it, is_new] =
        seen_.try_emplace(name, Seen{link.index, InterfaceState::not_present, {}, false, {}});
    Seen& seen = it->second;
    InterfaceState state = is_oper_up(link) ? InterfaceState::up : InterfaceState::down;
    if (state != seen.state) {
      seen.state = state;
      changes.states.push_back({name, state, link.index});
    }
    const bool same = link.admin_up == seen.admin_up && link.addresses == seen.of_link;
    if (!is_new && same) continue;
    seen.admin_up = link.admin_up;
    seen.of_link = link.addresses;
    if (excluded && excluded(name)) continue;
    std::set<Ip> addresses = local_addresses(link);
    if (is_new || addresses != seen.addresses) {
      seen.addresses = addresses;
      changes.addresses.push_back({name, std::move(addresses)});
    }
  }
  return changes;
}

}  // namespace felixsim
