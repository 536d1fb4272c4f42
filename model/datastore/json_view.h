// SPDX-License-Identifier: Apache-2.0
// A parsed JSON text, seen through small value handles. Wraps simdjson so that its header is
// compiled once. Lenient where Go is and simdjson is not: bad UTF-8 and lone surrogates become
// U+FFFD, and integers that fit no 64 bits are doubles.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "felixsim/result.h"

namespace felixsim {

// Points into the JsonParser that made it; valid until that parser's next parse.
class JsonView {
 public:
  enum class Type : uint8_t { null, boolean, number, text, list, object };

  Type type() const;
  bool is_null() const { return type() == Type::null; }
  bool is_empty_list() const;    // []
  bool is_empty_object() const;  // {}
  // Each is set only if the JSON has exactly that type (an integer is also a real number).
  std::optional<bool> boolean() const;
  std::optional<int64_t> integer() const;  // written without fraction and exponent
  std::optional<uint64_t> natural() const;
  std::optional<double> real() const;
  std::optional<std::string_view> text() const;

  // Members in order, equal names as often as they occur. `each(name, value)` returns whether to go
  // on. Nothing happens if this is no object.
  template <class Each>
  void for_each_member(Each&& each) const {
    using Callable = std::remove_reference_t<Each>;
    walk_object([](void* context, std::string_view name,
                   JsonView value) { return (*static_cast<Callable*>(context))(name, value); },
                const_cast<void*>(static_cast<const void*>(&each)));
  }
  // The same for the elements of a list: `each(value)`.
  template <class Each>
  void for_each_element(Each&& each) const {
    using Callable = std::remove_reference_t<Each>;
    walk_list(
        [](void* context, JsonView value) { return (*static_cast<Callable*>(context))(value); },
        const_cast<void*>(static_cast<const void*>(&each)));
  }

 private:
  friend class JsonParser;
  using Storage = std::array<uint64_t, 2>;  // a simdjson::dom::element
  explicit JsonView(Storage storage) : storage_(storage) {}
  void walk_object(bool (*each)(void*, std::string_view, JsonView), void* context) const;
  void walk_list(bool (*each)(void*, JsonView), void* context) const;

  Storage storage_;
};

class JsonParser {
 public:
  JsonParser();
  ~JsonParser();
  JsonParser(JsonParser&&) noexcept;
  JsonParser& operator=(JsonParser&&) noexcept;

  // O(length); nesting deeper than 1024 is an error. `json` need not outlive the call.
  Result<JsonView> parse(std::string_view json);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

// Appends `text` as a JSON string with its quotes, escaped as Go's encoding/json does.
void append_json_string(std::string& out, std::string_view text);

}  // namespace felixsim
