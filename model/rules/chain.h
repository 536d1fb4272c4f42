// SPDX-License-Identifier: Apache-2.0
// A chain of rules as the renderer makes it: text in one dialect, without the hash comment, which
// depends on the whole chain (render.h). Mirrors felix/generictables/rules.go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace felixsim::rules {

struct Rule {
  std::string text;  // the matches, then the action; no chain, no comments. May be empty
  std::vector<std::string> comments;  // as given; render.h makes them safe for the tool
  uint16_t target_at = 0;  // where in `text` the chain's name starts that it goes to; 0: none
  uint16_t map_at = 0;     // nft: where in `text` the verdict map's name starts; 0: none
  bool returns = false;    // the action is RETURN

  // The chain that the rule jumps or goes to; empty if none.
  std::string_view target() const {
    return target_at == 0 ? std::string_view() : std::string_view(text).substr(target_at);
  }
  bool operator==(const Rule&) const = default;
};

struct Chain {
  std::string name;
  std::vector<Rule> rules;
  bool force = false;  // programmed even if no rule refers to it (Felix's ForceProgramming)
  bool operator==(const Chain&) const = default;
};

using Chains = std::vector<Chain>;

}  // namespace felixsim::rules
