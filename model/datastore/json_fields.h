// SPDX-License-Identifier: Apache-2.0
// The members of a JSON object by name, for code that asks for a few of them. What is absent, null
// or of another type is empty, zero or false.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/datastore/json_reader.h"

namespace felixsim {

class JsonFields {
 public:
  explicit JsonFields(JsonView object) : object_(object) {}

  std::optional<JsonView> member(std::string_view wanted) const {
    std::optional<JsonView> found;
    object_.for_each_member([&](std::string_view name, JsonView value) {
      if (FieldName(name).is(wanted)) found = value;
      return true;
    });
    return found && !found->is_null() ? found : std::nullopt;
  }
  bool has(std::string_view name) const { return member(name).has_value(); }
  std::string text(std::string_view name) const {
    const auto value = member(name);
    return value ? std::string(value->text().value_or("")) : std::string();
  }
  bool flag(std::string_view name) const {
    const auto value = member(name);
    return value && value->boolean().value_or(false);
  }
  int64_t integer(std::string_view name) const {
    const auto value = member(name);
    return value ? value->integer().value_or(0) : 0;
  }
  std::optional<JsonFields> object(std::string_view name) const {
    const auto value = member(name);
    return value ? std::optional(JsonFields(*value)) : std::nullopt;
  }
  size_t size(std::string_view list) const {
    size_t count = 0;
    each_element(list, [&](JsonView) { ++count; });
    return count;
  }
  std::vector<std::string> texts(std::string_view list) const {
    std::vector<std::string> out;
    each_element(list, [&](JsonView value) { out.emplace_back(value.text().value_or("")); });
    return out;
  }
  // `visit(JsonFields)` for each element of a list of objects.
  template <class Visit>
  void each(std::string_view list, Visit&& visit) const {
    each_element(list, [&](JsonView value) { visit(JsonFields(value)); });
  }
  template <class Visit>
  void each_element(std::string_view list, Visit&& visit) const {
    const auto value = member(list);
    if (!value) return;
    value->for_each_element([&](JsonView element) {
      visit(element);
      return true;
    });
  }

 private:
  JsonView object_;
};

}  // namespace felixsim
