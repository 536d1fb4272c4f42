// SPDX-License-Identifier: Apache-2.0
// Public keys of WireGuard as text.
#pragma once

#include <string_view>

namespace felixsim {

// Whether it is 32 bytes in base64 (wgtypes.ParseKey).
bool is_wireguard_key(std::string_view text);

}  // namespace felixsim
