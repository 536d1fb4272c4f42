// SPDX-License-Identifier: Apache-2.0
// Prefixes of NFLOG messages, from which Felix's flow logs tell which rule decided. Mirrors
// felix/rules/nflogprefix.go. At most 63 characters; longer ones are hashed in the middle.
#pragma once

#include <string>
#include <string_view>

namespace felixsim::rules {

enum class LogAction : char { allow = 'A', deny = 'D', pass = 'P' };
enum class LogOwner : char { policy = 'P', profile = 'R' };
enum class LogDirection : char { ingress = 'I', egress = 'E' };

// `owner_id`: policy_id_text() or the profile's name.
std::string nflog_prefix(LogAction action, LogOwner owner, LogDirection direction, size_t rule,
                         std::string_view owner_id);
std::string nflog_end_of_tier_prefix(LogAction action, LogDirection direction,
                                     std::string_view tier);
std::string nflog_no_profile_prefix(LogDirection direction);

}  // namespace felixsim::rules
