// SPDX-License-Identifier: Apache-2.0
// Numbers, durations and URLs in the exact syntax of Go's standard library, which decides what
// Felix accepts: strconv.ParseInt, ParseUint, Atoi and ParseFloat, time.ParseDuration,
// net/url.Parse.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace felixsim::go {

// Base 0: 0x, 0o, 0b and plain 0 prefixes, underscores between digits. Base 10: digits only.
std::optional<uint64_t> parse_uint(std::string_view text, int base, int bits);
std::optional<int64_t> parse_int(std::string_view text, int base);  // 64 bits, with sign

// Decimal or hexadecimal floating point, "inf" and "nan" in any case; too large is an error.
std::optional<double> parse_float(std::string_view text);

// time.Duration(value): truncated; what does not fit is the least duration, as on amd64.
int64_t to_duration(double nanoseconds);

// "1h3m2.5s", "-1.5h", "0": nanoseconds.
std::optional<int64_t> parse_duration(std::string_view text);

// The canonical text of "scheme://host:port" with path "/", as url.Parse and URL.String give it.
// Nothing for other URLs.
std::optional<std::string> canonical_endpoint(std::string_view text);

// strings.TrimSpace, strings.Trim(text, " "), strings.Split, strings.ToLower (ASCII only).
std::string_view trim_space(std::string_view text);
std::string_view trim_blanks(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::string lower(std::string_view text);

}  // namespace felixsim::go
