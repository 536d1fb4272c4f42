// SPDX-License-Identifier: Apache-2.0
// Reads JSON into values by the rules of Go's JSON decoders (json-iterator in its compatible mode,
// which libcalico-go uses): names match in any case, null leaves or empties, a wrong type is an
// error. The first error sticks; reading goes on harmlessly until it is looked at.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/resource.h"
#include "model/datastore/json_view.h"

namespace felixsim {

// A member's name as written; compares without case, as Go does.
class FieldName {
 public:
  explicit FieldName(std::string_view text) : text_(text) {}
  bool is(std::string_view name) const {
    return text_.size() == name.size() && (text_ == name || equal_fold(name));
  }
  std::string_view text() const { return text_; }

 private:
  bool equal_fold(std::string_view name) const;
  std::string_view text_;
};

class JsonReader {
 public:
  bool ok() const { return !failed_; }
  // "spec.order: want a number, got text"; empty while ok().
  std::string error() const { return path_.empty() ? fact_ : path_ + ": " + fact_; }
  void fail(std::string fact);
  void step_out(std::string_view name);  // an error that stuck happened below this member

  void read(JsonView view, std::string& out);
  void read(JsonView view, Symbol& out);
  void read(JsonView view, bool& out);
  void read(JsonView view, double& out);
  void read(JsonView view, StringMap& out);
  void read(JsonView view, Labels& out);
  void read(JsonView view, uint64_t& out);
  template <class Integer>
  requires(std::is_integral_v<Integer> &&
           !std::is_same_v<Integer, uint64_t>) void read(JsonView view, Integer& out) {
    const auto value = integer_within(view, int64_t{std::numeric_limits<Integer>::min()},
                                      int64_t{std::numeric_limits<Integer>::max()});
    if (value) out = static_cast<Integer>(*value);
  }
  // A Go pointer: null unsets it.
  template <class T>
  void read(JsonView view, std::optional<T>& out) {
    if (view.is_null()) {
      out.reset();
      return;
    }
    if (!out) out.emplace();
    read(view, *out);
  }
  // A Go slice.
  template <class T>
  void read(JsonView view, std::vector<T>& out) {
    list(
        view,
        [&](JsonView element) {
          T value{};
          read(element, value);
          out.push_back(std::move(value));
        },
        [&] { out.clear(); });
  }

  // A Go struct: `each(FieldName, JsonView)` for every member; null is an empty object.
  template <class Each>
  void object(JsonView view, Each&& each) {
    if (!expect(view, JsonView::Type::object)) return;
    view.for_each_member([&](std::string_view name, JsonView value) {
      each(FieldName(name), value);
      if (!ok()) step_out(name);
      return ok();
    });
  }
  // `begin()` once, also for null; then `each(JsonView)` for every element.
  template <class Each, class Begin>
  void list(JsonView view, Each&& each, Begin&& begin) {
    begin();
    if (!expect(view, JsonView::Type::list)) return;
    size_t index = 0;
    view.for_each_element([&](JsonView element) {
      each(element);
      if (!ok()) step_out(std::to_string(index));
      ++index;
      return ok();
    });
  }

 private:
  // False for null, and for another type, which is an error.
  bool expect(JsonView view, JsonView::Type type);
  std::optional<int64_t> integer_within(JsonView view, int64_t low, int64_t high);

  bool failed_ = false;
  std::string fact_, path_;
};

}  // namespace felixsim
