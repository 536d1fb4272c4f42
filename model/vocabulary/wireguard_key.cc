// SPDX-License-Identifier: Apache-2.0
#include "felixsim/wireguard_key.h"

namespace felixsim {

bool is_wireguard_key(std::string_view text) {
  if (text.size() != 44 || text.back() != '=') return false;
  text.remove_suffix(1);
  return text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
         std::string_view::npos;
}

}  // namespace felixsim
