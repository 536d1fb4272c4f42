// SPDX-License-Identifier: Apache-2.0
// The parsed values of Felix's parameters. Lists and maps are optional because Felix tells "nothing
// given" (nil) from "given, and empty": the change from one to the other is a change of
// configuration.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "felixsim/ip.h"
#include "felixsim/resource.h"

namespace felixsim {

struct Nanoseconds {
  int64_t count = 0;
  auto operator<=>(const Nanoseconds&) const = default;
};
// A regular expression in Go's syntax (RE2), known to compile.
struct Regexp {
  std::string pattern;
  auto operator<=>(const Regexp&) const = default;
};
// A DSCP mark, as given: by name ("EF") or by number.
struct Dscp {
  std::string name;  // canonical; empty: `number` holds
  uint8_t number = 0;
  auto operator<=>(const Dscp&) const = default;
};
struct IndexRange {
  int64_t first = 0, last = 0;
  auto operator<=>(const IndexRange&) const = default;
};
// A failsafe port; `net` is a canonical CIDR, or empty for every address.
struct ProtoPort {
  std::string protocol;
  uint16_t port = 0;
  std::string net;
  auto operator<=>(const ProtoPort&) const = default;
};

template <class T>
using Nullable = std::optional<T>;

using ConfigValue =
    std::variant<bool, Nullable<bool>, int64_t, uint32_t, Nanoseconds, std::string, Nullable<Ip>,
                 Dscp, Port, IndexRange, Nullable<Regexp>, std::vector<Regexp>,
                 Nullable<std::vector<std::string>>, Nullable<std::vector<ProtoPort>>,
                 Nullable<std::vector<Port>>, Nullable<std::vector<IndexRange>>,
                 Nullable<StringMap>, Nullable<std::map<std::string, Nanoseconds>>>;

// One line for people: "true", "90s", "tcp:22,udp:68", "none".
std::string value_text(const ConfigValue& value);

// Whether the whole of Go's regexp.MatchString would match: the pattern occurs anywhere in `text`.
bool matches(const Regexp& regexp, const std::string& text);

}  // namespace felixsim
