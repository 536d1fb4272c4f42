// SPDX-License-Identifier: Apache-2.0
// Digests and the identifiers that Felix derives from them. libcrypto does the arithmetic.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace felixsim {

using Bytes = std::vector<uint8_t>;

// One-shot digests over the concatenation of `parts`.
Bytes sha1(std::initializer_list<std::string_view> parts);
Bytes sha224(std::initializer_list<std::string_view> parts);
Bytes sha256(std::initializer_list<std::string_view> parts);
Bytes sha3_224(std::initializer_list<std::string_view> parts);

// The same without an allocation, for those who hash rule by rule.
using Digest224 = std::array<uint8_t, 28>;
Digest224 sha224_digest(std::initializer_list<std::string_view> parts);

std::string base64url(std::span<const uint8_t> bytes);  // unpadded, URL-safe alphabet
// The same into `out`, which has room for 4 characters for every 3 bytes, or a part of them.
void base64url(std::span<const uint8_t> bytes, char* out);
std::string hex(std::span<const uint8_t> bytes);
std::string_view as_text(std::span<const uint8_t> bytes);

// prefix + ":" + base64url(SHA-224(prefix + ":" + content)): libcalico-go/lib/hash MakeUniqueID.
std::string make_unique_id(std::string_view prefix, std::string_view content);

// fixed_prefix + suffix if that fits in `max_length`, else the prefix and a hash of the suffix,
// cut: libcalico-go/lib/hash GetLengthLimitedID.
std::string length_limited_id(std::string_view fixed_prefix, std::string_view suffix,
                              size_t max_length);

}  // namespace felixsim
