// SPDX-License-Identifier: Apache-2.0
#include "model/rules/nflog_prefix.h"

#include "model/hash/hash.h"

namespace felixsim::rules {
namespace {

constexpr size_t max_length = 63;  // the kernel's 64 count a final zero
constexpr size_t kept_length = 10;
constexpr size_t hash_length = max_length - 2 * kept_length - 1;

// A prefix of exactly the greatest length is hashed, too: it could be mistaken for a hashed one.
std::string limited(std::string prefix) {
  if (prefix.size() < max_length) return prefix;
  return fmt::format("{}{}_{}", prefix.substr(0, kept_length),
                     length_limited_id("", prefix, hash_length),
                     prefix.substr(prefix.size() - kept_length));
}

std::string letters(LogAction action, LogOwner owner, LogDirection direction) {
  return {static_cast<char>(action), static_cast<char>(owner), static_cast<char>(direction)};
}

}  // namespace

std::string nflog_prefix(LogAction action, LogOwner owner, LogDirection direction, size_t rule,
                         std::string_view owner_id) {
  return limited(fmt::format("{}{}|{}", letters(action, owner, direction), rule, owner_id));
}

std::string nflog_end_of_tier_prefix(LogAction action, LogDirection direction,
                                     std::string_view tier) {
  return limited(fmt::format("{}|{}", letters(action, LogOwner::policy, direction), tier));
}

std::string nflog_no_profile_prefix(LogDirection direction) {
  return letters(LogAction::deny, LogOwner::profile, direction);
}

}  // namespace felixsim::rules
