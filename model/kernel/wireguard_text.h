// SPDX-License-Identifier: Apache-2.0
// What WireGuard devices hold, as `wg show` of wireguard-tools 1.0 prints it (show.c). Left out:
// handshakes, transfer and preshared keys, which no prediction has.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "felixsim/kernel_state.h"
#include "felixsim/result.h"

namespace felixsim {

using WireguardDevices = std::map<std::string, WireguardLink>;  // by name
WireguardDevices wireguard_devices(const std::map<std::string, Link>& links);

// Peers in the order of their keys.
std::string print_wireguard(const WireguardDevices& devices);

// The inverse of printing; takes what `wg show` of a real node says besides, and
// peers in any order. An error begins with "line N: ".
Result<WireguardDevices> parse_wireguard(std::string_view text);

// "172.16.0.2:51820", "[fd00::2]:51820".
std::string wireguard_endpoint_text(const WireguardPeer& peer);
std::optional<std::pair<Ip, uint16_t>> parse_wireguard_endpoint(std::string_view text);

}  // namespace felixsim
