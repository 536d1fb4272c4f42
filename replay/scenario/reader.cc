// SPDX-License-Identifier: Apache-2.0
#include "replay/scenario/reader.h"

#include "felixsim/near_name.h"

namespace felixsim::scenario {
namespace {

const char* kind_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::boolean:
      return "a boolean";
    case Node::Kind::number:
      return "a number";
    case Node::Kind::string:
      return "a text";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "something";
}

}  // namespace

tl::unexpected<Error> Reader::error(Place place, const std::string& fact, std::string fix) const {
  return invalid(yaml::at(file_, place) + ": " + fact, std::move(fix));
}

Status Reader::any_map(const Node& node, const std::string& what) const {
  if (node.kind == Node::Kind::map) return {};
  return error(node.place, fmt::format("{} is {}, not a map", what, kind_of(node)),
               "write KEY: VALUE lines");
}

Status Reader::map(const Node& node, const std::string& what,
                   std::span<const std::string_view> known) const {
  if (auto ok = any_map(node, what); !ok) return ok;
  for (const Member& member : node.members)
    if (std::find(known.begin(), known.end(), member.key) == known.end())
      return error(member.key_place, fmt::format("{}: unknown key '{}'", what, member.key),
                   use_one_of(member.key, known));
  return {};
}

Status Reader::list(const Node& node, const std::string& what) const {
  if (node.kind == Node::Kind::list || node.kind == Node::Kind::null) return {};
  return error(node.place, fmt::format("{} is {}, not a list", what, kind_of(node)),
               "write one `- item` a line");
}

Result<std::string> Reader::text(const Node& node, const std::string& what) const {
  if (node.is_scalar() && node.kind != Node::Kind::null) return node.text;
  return error(node.place, fmt::format("{} is {}, not a text", what, kind_of(node)),
               "write a text");
}

Result<std::vector<std::string>> Reader::texts(const Node& node, const std::string& what) const {
  std::vector<std::string> result;
  if (node.is_scalar() && node.kind != Node::Kind::null) return std::vector{node.text};
  if (auto ok = list(node, what); !ok) return forward(ok);
  for (const auto& item : node.items) {
    auto line = text(*item, what);
    if (!line) return forward(line);
    result.push_back(std::move(*line));
  }
  return result;
}

Result<int64_t> Reader::integer(const Node& node, const std::string& what, int64_t low,
                                int64_t high) const {
  const auto value = yaml::integer_of(node);
  if (value && *value >= low && *value <= high) return *value;
  return error(node.place,
               fmt::format("{} '{}' is no number from {} to {}", what, node.text, low, high),
               "write such a number");
}

Result<bool> Reader::boolean(const Node& node, const std::string& what) const {
  if (node.kind == Node::Kind::boolean) return node.truth;
  return error(node.place, fmt::format("{} is {}, not true or false", what, kind_of(node)),
               "write true or false");
}

Result<std::string> Reader::one_of(const Node& node, const std::string& what,
                                   std::span<const std::string_view> known) const {
  auto word = text(node, what);
  if (!word) return word;
  if (std::find(known.begin(), known.end(), *word) != known.end()) return word;
  return error(node.place, fmt::format("unknown {} '{}'", what, *word), use_one_of(*word, known));
}

}  // namespace felixsim::scenario
