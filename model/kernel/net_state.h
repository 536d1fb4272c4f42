// SPDX-License-Identifier: Apache-2.0
// What the kernel itself does when interfaces and addresses change: connected and local routes,
// link-local addresses, routes and neighbours that go with their interface.
#pragma once

#include "model/kernel/kernel_core.h"

namespace felixsim {

// Notes a change of a link.
void note(KernelCore& core, KernelChange::Kind kind, const std::string& device);
// The interface comes up or goes down; addresses, routes and neighbours follow.
void set_admin_up(KernelCore& core, Link& link, bool up);
// Adds or removes an address with the routes that belong to it.
void add_address(KernelCore& core, Link& link, const Address& address);
void remove_address(KernelCore& core, Link& link, const Address& address);
// The link-local address that follows from the MAC by EUI-64.
Ip link_local_address(const Mac& mac);
// A locally administered MAC that follows from a name: the kernel draws one by chance, a model must
// not.
Mac derived_mac(std::string_view name);

}  // namespace felixsim
