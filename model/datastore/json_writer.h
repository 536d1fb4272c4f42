// SPDX-License-Identifier: Apache-2.0
// Writes compact JSON, member by member, with Go's "omitempty" where it is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/resource.h"

namespace felixsim {

class JsonWriter {
 public:
  // Objects and lists as values: `fill()` writes what is in them.
  template <class Fill>
  void object(Fill&& fill) {
    open('{');
    fill();
    close('}');
  }
  template <class Fill>
  void list(Fill&& fill) {
    open('[');
    fill();
    close(']');
  }
  void text(std::string_view value);
  void integer(int64_t value);
  void natural(uint64_t value);
  void real(double value);  // finite
  void boolean(bool value);
  void null();

  void name(std::string_view name);  // of the member whose value is written next

  // Members that are always there.
  void member(std::string_view key, std::string_view value);
  void flag(std::string_view key, bool value);
  void member_integer(std::string_view key, int64_t value);
  // Members that are left out when empty, zero, false or unset.
  void optional(std::string_view key, std::string_view value);
  void optional(std::string_view key, Symbol value) { optional(key, value.view()); }
  void optional(std::string_view key, const StringMap& value);
  void optional(std::string_view key, const Labels& value);
  void optional(std::string_view key, const std::vector<std::string>& value);
  void optional(std::string_view key, const std::vector<Symbol>& value);
  void optional(std::string_view key, const std::vector<Cidr>& value);
  void optional_flag(std::string_view key, bool value);
  void optional_integer(std::string_view key, int64_t value);
  // Left out only when unset.
  void optional(std::string_view key, const std::optional<double>& value);
  void optional(std::string_view key, const std::optional<int>& value);
  void optional(std::string_view key, const std::optional<int64_t>& value);
  void optional_pointer(std::string_view key, const std::optional<std::string>& value);

  template <class T, class Write>
  void optional_list(std::string_view key, const std::vector<T>& values, Write&& write) {
    if (values.empty()) return;
    name(key);
    list([&] {
      for (const T& value : values) write(value);
    });
  }
  // `write()` for the members of an object, which is left out when it wrote none.
  template <class Write>
  void optional_object(std::string_view key, Write&& write) {
    const size_t before = out_.size();
    const bool first = first_;
    name(key);
    open('{');
    const size_t inside = out_.size();
    write();
    if (out_.size() == inside) {
      out_.resize(before);
      first_ = first;
      return;
    }
    close('}');
  }

  // `write()` writes the value of a member, or nothing and returns false: then there is no member.
  template <class Write>
  void optional_value(std::string_view key, Write&& write) {
    const size_t before = out_.size();
    const bool first = first_;
    name(key);
    if (write()) return;
    out_.resize(before);
    first_ = first;
  }

  std::string take() && { return std::move(out_); }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();  // a comma, unless this is the first value here or a name was just written

  std::string out_;
  bool first_ = true;
};

// Shared by v1 and v3 forms.
void write_protocol(JsonWriter& out, const Protocol& protocol);
void write_port(JsonWriter& out, const Port& port);
void write_qos(JsonWriter& out, const QosControls& qos);  // an object
void write_http(JsonWriter& out, const HttpMatch& http);  // an object

}  // namespace felixsim
