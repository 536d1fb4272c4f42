// SPDX-License-Identifier: Apache-2.0
// "type filter hook output priority 0 ; policy accept ;": what a chain is at a hook of.
#pragma once

#include "model/kernel/nft_transaction.h"

namespace felixsim {

struct NftBaseChain {
  std::string type, hook, priority, policy = "accept";  // type is empty: a chain at no hook
  bool names_policy = false;
  std::string str() const;  // as `nft list ruleset` prints it; or ""
};

// Reads what stands between the braces of `add chain`, into `out`. What nft does not know, it
// refuses; what no chain of the family can be, the kernel does.
NftOutcome read_base_chain(const NftCommand& command, NftBaseChain& out);
// Back from what `str` gives.
NftBaseChain parse_base_chain(std::string_view text);

}  // namespace felixsim
