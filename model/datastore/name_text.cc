// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/name_text.h"

#include <algorithm>

namespace felixsim {
namespace {

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool lower_or_digit(char c) { return lower(c) || digit(c); }
bool alphanumeric(char c) { return lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }
bool name_character(char c) { return alphanumeric(c) || c == '_' || c == '.' || c == '-'; }

bool all_of(std::string_view text, bool (*test)(char)) {
  return std::all_of(text.begin(), text.end(), test);
}

bool is_dns_label(std::string_view text) {
  return !text.empty() && lower_or_digit(text.front()) && lower_or_digit(text.back()) &&
         all_of(text, [](char c) { return lower_or_digit(c) || c == '-'; });
}

// ^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$, at most 63
bool is_label_part(std::string_view text) {
  return !text.empty() && text.size() <= 63 && alphanumeric(text.front()) &&
         alphanumeric(text.back()) && all_of(text, name_character);
}

}  // namespace

bool is_v1_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && all_of(text, name_character);
}

bool is_interface(std::string_view text) {
  return text == "*" || (!text.empty() && text.size() <= 15 && all_of(text, name_character));
}

bool is_subdomain(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const size_t dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_service_port_name(std::string_view text) {
  return !text.empty() && text.size() <= 15 &&
         all_of(text, [](char c) { return lower_or_digit(c) || c == '-'; }) &&
         std::any_of(text.begin(), text.end(), lower) && text.front() != '-' &&
         text.back() != '-' && text.find("--") == std::string_view::npos;
}

bool is_qualified_name(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_label_part(text);
  return is_subdomain(text.substr(0, slash)) && is_label_part(text.substr(slash + 1));
}

bool is_label_value(std::string_view text) { return text.empty() || is_label_part(text); }

}  // namespace felixsim
