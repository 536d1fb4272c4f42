// SPDX-License-Identifier: Apache-2.0
// How RuleBuilder appends words to a rule. For rule_builder.cc and rule_actions.cc only.
#pragma once

#include <algorithm>
#include <charconv>

#include "felixsim/check.h"
#include "model/rules/rule_builder.h"

namespace felixsim::rules {

// A number as text, without the heap: decimal, or hexadecimal as Go's %#x.
class Number {
 public:
  static Number hex(uint32_t value) {
    Number n;
    n.buffer_[0] = '0';
    n.buffer_[1] = 'x';
    n.end_ = std::to_chars(n.buffer_ + 2, n.buffer_ + sizeof n.buffer_, value, 16).ptr;
    return n;
  }
  static Number dec(int64_t value) {
    Number n;
    n.end_ = std::to_chars(n.buffer_, n.buffer_ + sizeof n.buffer_, value).ptr;
    return n;
  }
  Number(const Number& other) : end_(buffer_ + other.view().size()) {
    std::copy_n(other.buffer_, other.view().size(), buffer_);
  }
  Number& operator=(const Number&) = delete;
  std::string_view view() const { return {buffer_, static_cast<size_t>(end_ - buffer_)}; }

 private:
  Number() : end_(buffer_) {}
  char buffer_[24];
  char* end_;
};

inline std::string_view text_of(std::string_view text) { return text; }
inline std::string_view text_of(const Number& number) { return number.view(); }

inline uint16_t offset(size_t position) {
  FELIXSIM_CHECK(position <= UINT16_MAX);
  return static_cast<uint16_t>(position);
}

template <class... Parts>
RuleBuilder& RuleBuilder::match(const Parts&... parts) {
  if (!rule_.text.empty()) rule_.text += ' ';
  (rule_.text.append(text_of(parts)), ...);
  return *this;
}

// nft counts at every rule that acts.
template <class... Parts>
Rule RuleBuilder::act(const Parts&... parts) {
  if (nft()) match(std::string_view("counter"));
  if (!rule_.text.empty()) rule_.text += ' ';
  (rule_.text.append(text_of(parts)), ...);
  return std::move(rule_);
}

}  // namespace felixsim::rules
