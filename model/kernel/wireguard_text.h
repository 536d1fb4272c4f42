// SPDX-License-Identifier: Apache-2.0
// What WireGuard devices hold, as `wg show` prints it. Left out: handshakes and transfer, which no
// prediction has.
#pragma once

#include <map>
#include <string>

#include "felixsim/kernel_state.h"

namespace felixsim {

// Of one device, or of all in the order of their names; peers by key.
std::string print_wireguard(const Link& link);
std::string print_wireguard(const std::map<std::string, Link>& links);

}  // namespace felixsim
