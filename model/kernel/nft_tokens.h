// SPDX-License-Identifier: Apache-2.0
// The words of nft's language, and the small names that its printer knows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/result.h"

namespace felixsim {

// Words, with the quotes left on strings; '{', '}', ',', ';' and ':' between blanks stand alone.
std::vector<std::string_view> nft_tokens(std::string_view line);
// Without the double quotes, if there are any.
std::string_view nft_unquoted(std::string_view token);

std::string nft_protocol(int number);  // "tcp", "ipencap", "99"
std::optional<int> nft_protocol_number(std::string_view text);
// What of ICMP has names: types and codes of either version, and the codes that both have.
enum class NftIcmpField : uint8_t { type4, code4, type6, code6, code_of_both };
std::string nft_icmp_name(NftIcmpField field, int number);  // "echo-request", "42"
std::optional<int> nft_icmp_number(NftIcmpField field, std::string_view text);
std::string_view nft_icmp_field(NftIcmpField field);  // as nft's messages name it
std::string nft_dscp(uint64_t value);                 // "af11", "0x0b"
// "filter", "srcnat + 10", "110": a hook's priority as nft prints it.
std::string nft_priority(std::string_view family, std::string_view hook, int priority);
std::optional<int> nft_priority_number(const std::vector<std::string_view>& words);
// Flags such as "related,established", in the order of the printer.
std::optional<std::string> nft_flag_list(bool state, std::string_view text);

// An element of a set of this type, or an address of a rule: "10.0.0.1/32" becomes "10.0.0.1".
// `key` is one type of a concatenation, such as "ipv4_addr".
Result<std::string> nft_value(std::string_view key, std::string_view text);

}  // namespace felixsim
