// SPDX-License-Identifier: Apache-2.0
// Interned strings. Names, labels and selectors repeat across a cluster; one copy of each lives for
// the whole process, equality is one pointer comparison, and order is that of the text, so that
// ordered containers of Symbols print sorted.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

namespace felixsim {

class Symbol {
 public:
  Symbol();                                // the empty string
  explicit Symbol(std::string_view text);  // interns; thread-safe; O(length)
  const std::string& str() const { return *text_; }
  std::string_view view() const { return *text_; }
  bool empty() const { return text_->empty(); }

  friend bool operator==(Symbol a, Symbol b) { return a.text_ == b.text_; }
  friend std::strong_ordering operator<=>(Symbol a, Symbol b) {
    return a.text_ == b.text_ ? std::strong_ordering::equal : a.text_->compare(*b.text_) <=> 0;
  }
  size_t hash() const {
    return std::hash<const void*>{}(text_);
  }  // for look-up only, never for order

 private:
  const std::string* text_;
};

}  // namespace felixsim

template <>
struct std::hash<felixsim::Symbol> {
  size_t operator()(felixsim::Symbol s) const noexcept { return s.hash(); }
};
