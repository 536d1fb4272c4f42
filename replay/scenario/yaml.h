// SPDX-License-Identifier: Apache-2.0
// YAML text as a tree in which every value knows its place. Aliases and merge keys (`<<: *base`)
// are resolved here; duplicate keys, deep nesting and alias bombs are errors here. Plain scalars
// are typed as calicoctl types them: YAML 1.1, so that an unquoted `n` is false.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "felixsim/result.h"

namespace felixsim::yaml {

struct Place {
  int line = 0, column = 0;  // from 1; 0 when unknown
  bool operator==(const Place&) const = default;
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;  // never null inside a tree; aliases share

struct Member {
  std::string key;
  Place key_place;
  NodePtr value;
};

struct Node {
  enum class Kind : uint8_t { null, boolean, number, string, list, map };
  Kind kind = Kind::null;
  Place place;
  std::string text;             // scalars: as written, without quotes
  bool truth = false;           // boolean
  std::vector<NodePtr> items;   // list
  std::vector<Member> members;  // map, in order of the text
  size_t weight = 1;            // number of nodes below, aliases counted each time
  int height = 1;               // levels below, aliases followed

  bool is_scalar() const { return kind <= Kind::string; }
  const Node* find(std::string_view key) const;  // map only; null when absent
};

struct Limits {
  int depth = 64;
  size_t weight = 4'000'000;  // nodes after resolving aliases
  size_t bytes = 256'000'000;
};

// All documents of `text`. `file` is the name that errors begin with: "FILE:LINE:COLUMN: ...".
Result<std::vector<NodePtr>> parse(std::string_view text, const std::string& file,
                                   const Limits& limits = {});

// A scalar's text as a string field of a resource gets it: true, false, decimal numbers, or as
// written. A number's value, when it is whole.
std::string scalar_text(const Node& node);
std::optional<int64_t> integer_of(const Node& node);

// "FILE:LINE:COLUMN"
std::string at(const std::string& file, Place place);

// The tree as compact JSON text, keys in order of the text. Numbers keep their value: 0x10 is 16.
std::string to_json(const Node& node);

}  // namespace felixsim::yaml
