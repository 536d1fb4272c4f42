// SPDX-License-Identifier: Apache-2.0
// The values that extensions of iptables share: marks, ports, rates, DSCP classes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "felixsim/result.h"

namespace felixsim {

struct MarkValue {
  uint32_t value = 0, mask = ~uint32_t{0};
};
// "0x10/0x30", "16".
std::optional<MarkValue> parse_mark(std::string_view text);
// A number, or one of a few service names.
std::optional<uint16_t> parse_port_number(std::string_view text);
// xt_limit's period in units of 100 microseconds from "5/sec", "10/minute", "3"; and back, as the
// kernel's rounding leaves it ("300/sec" comes back as "303/sec").
Result<uint32_t> parse_rate(std::string_view text);
std::string rate_text(uint32_t period);
// xt_statistic's fixed point of 31 bits, from a number of 0 to 1.
std::optional<uint32_t> parse_probability(std::string_view text);
std::optional<uint64_t> dscp_class(std::string_view name);  // "AF11", "CS1", "EF", "BE"

// "0x10", "0x10/0x3f", "Minimize-Delay"; a name stands for bits of RFC 1349.
std::optional<MarkValue> parse_tos(std::string_view text);

void append_hex(std::string& out, uint64_t value);  // "0x10"
void append_decimal(std::string& out, uint64_t value);
tl::unexpected<Error> bad_value(std::string_view extension, std::string_view option);

}  // namespace felixsim
