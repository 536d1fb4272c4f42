// SPDX-License-Identifier: Apache-2.0
// The interface monitor: what changed between two looks at the kernel's links and local addresses.
// Mirrors felix/ifacemonitor/iface_monitor.go of v3.32.1. Left out: local routes that do not come
// from an address, the update filter that hides short flaps of addresses.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "felixsim/kernel_state.h"

namespace felixsim {

enum class InterfaceState : uint8_t { not_present, down, up };

struct InterfaceChange {
  std::string name;
  InterfaceState state = InterfaceState::not_present;
  int index = 0;
};
// Addresses that are local to the host by this interface; unset when it is gone.
struct AddressChange {
  std::string name;
  std::optional<std::set<Ip>> addresses;
};
struct InterfaceChanges {
  std::vector<InterfaceChange> states;
  std::vector<AddressChange> addresses;
  bool empty() const { return states.empty() && addresses.empty(); }
};

// Whether a link is operationally up (IFF_RUNNING).
inline bool is_oper_up(const Link& link) { return link.admin_up && link.carrier; }
// Destinations of the link's local routes.
std::set<Ip> local_addresses(const Link& link);

class InterfaceMonitor {
 public:
  // A renumbered interface (same name, new index) is reported as gone and come. Interfaces for
  // which `excluded` holds have no address changes. O(links and addresses).
  InterfaceChanges look(const KernelState& kernel,
                        const std::function<bool(const std::string&)>& excluded = nullptr);

 private:
  struct Seen {
    int index = 0;
    InterfaceState state = InterfaceState::not_present;
    std::set<Ip> addresses;
    // What the addresses were worked out from.
    bool admin_up = false;
    std::vector<Address> of_link;
  };
  std::map<std::string, Seen> seen_;
};

}  // namespace felixsim
