// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/json_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace felixsim {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view type_name(JsonView::Type type) {
  switch (type) {
    case JsonView::Type::null:
      return "null";
    case JsonView::Type::boolean:
      return "true or false";
    case JsonView::Type::number:
      return "a number";
    case JsonView::Type::text:
      return "text";
    case JsonView::Type::list:
      return "a list";
    case JsonView::Type::object:
      return "an object";
  }
  return "?";
}

}  // namespace

bool FieldName::equal_fold(std::string_view name) const {
  return std::equal(text_.begin(), text_.end(), name.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

void JsonReader::fail(std::string fact) {
  if (failed_) return;
  failed_ = true;
  fact_ = std::move(fact);
}

// Called once for every level between the error and the top.
void JsonReader::step_out(std::string_view name) {
  path_ = path_.empty() ? std::string(name) : fmt::format("{}.{}", name, path_);
}

bool JsonReader::expect(JsonView view, JsonView::Type type) {
  const JsonView::Type got = view.type();
  if (got == type) return true;
  if (got != JsonView::Type::null) {
    fail(fmt::format("want {}, got {}", type_name(type), type_name(got)));
  }
  return false;
}

void JsonReader::read(JsonView view, std::string& out) {
  if (const auto text = view.text()) {
    out.assign(*text);
  } else if (!expect(view, JsonView::Type::text)) {
    out.clear();
  }
}

void JsonReader::read(JsonView view, Symbol& out) {
  if (const auto text = view.text()) {
    out = Symbol(*text);
  } else if (!expect(view, JsonView::Type::text)) {
    out = Symbol();
  }
}

void JsonReader::read(JsonView view, bool& out) {
  if (expect(view, JsonView::Type::boolean)) out = view.boolean().value_or(false);
}

void JsonReader::read(JsonView view, double& out) {
  if (expect(view, JsonView::Type::number)) out = view.real().value_or(0);
}

void JsonReader::read(JsonView view, uint64_t& out) {
  if (!expect(view, JsonView::Type::number)) return;
  const auto value = view.natural();
  if (value) {
    out = *value;
  } else {
    fail("want an integer from 0 on");
  }
}

void JsonReader::read(JsonView view, StringMap& out) {
  if (view.is_null()) out.clear();
  object(view, [&](FieldName name, JsonView value) {
    std::string text;
    read(value, text);
    out.insert_or_assign(std::string(name.text()), std::move(text));
  });
}

void JsonReader::read(JsonView view, Labels& out) {
  if (view.is_null()) {
    out.reset();
    return;
  }
  LabelMap labels;
  object(view, [&](FieldName name, JsonView value) {
    Symbol text;
    read(value, text);
    labels.emplace_back(Symbol(name.text()), text);
  });
  std::stable_sort(labels.begin(), labels.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  // Of equal names the last one holds.
  auto keep = labels.begin();
  for (auto at = labels.begin(); at != labels.end(); ++at) {
    const auto next = std::next(at);
    if (next != labels.end() && next->first == at->first) continue;
    *keep++ = *at;
  }
  labels.erase(keep, labels.end());
  // A copy, because it takes no more room than it needs: labels of remote pods live long.
  out = std::make_shared<const LabelMap>(labels);
}

std::optional<int64_t> JsonReader::integer_within(JsonView view, int64_t low, int64_t high) {
  if (!expect(view, JsonView::Type::number)) return std::nullopt;
  const auto value = view.integer();
  if (!value || *value < low || *value > high) {
    fail(fmt::format("want an integer from {} to {}", low, high));
    return std::nullopt;
  }
  return value;
}

}  // namespace felixsim
