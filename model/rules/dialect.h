// SPDX-License-Identifier: Apache-2.0
// The two languages in which Felix writes rules, and what the tools of a node can do.
#pragma once

#include <compare>
#include <cstdint>

namespace felixsim::rules {

enum class Dialect : uint8_t {
  iptables,  // text for iptables-restore and ip6tables-restore
  nft,       // text for nft, as Felix hands it to knftables
};

// The flags of felix/environment's Features that change what Felix writes. Tools of Debian 12 have
// them all; FeatureDetectOverride can say otherwise.
struct Features {
  bool snat_fully_random = true, masq_fully_random = true;
  bool nflog_size = true;  // iptables NFLOG knows --nflog-size; older ones only --nflog-range
  bool restore_supports_lock = true;  // iptables-restore knows --wait
  auto operator<=>(const Features&) const = default;
};

}  // namespace felixsim::rules
