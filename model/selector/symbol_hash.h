// SPDX-License-Identifier: Apache-2.0
// Hashes of interned strings for Abseil's containers. For look-up only: nothing here may iterate
// such a container into an output.
#pragma once

#include <absl/hash/hash.h>

#include <utility>

#include "felixsim/symbol.h"

namespace felixsim::selector {

struct SymbolHash {
  size_t operator()(Symbol symbol) const { return absl::HashOf(symbol.hash()); }
  size_t operator()(const std::pair<Symbol, Symbol>& pair) const {
    return absl::HashOf(pair.first.hash(), pair.second.hash());
  }
};

}  // namespace felixsim::selector
