// SPDX-License-Identifier: Apache-2.0
// Reading a YAML tree field by field with errors that name place, fact and fix. Internal to
// replay/scenario.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/result.h"
#include "replay/scenario/yaml.h"

namespace felixsim::scenario {

using yaml::Member;
using yaml::Node;
using yaml::Place;

// Reads one file: all errors begin with its name and the place.
class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}
  const std::string& file() const { return file_; }

  tl::unexpected<Error> error(Place place, const std::string& fact, std::string fix = {}) const;

  // `node` is a map whose keys are all in `known`. `what` names it in errors: "step 'a'".
  Status map(const Node& node, const std::string& what,
             std::span<const std::string_view> known) const;
  Status any_map(const Node& node, const std::string& what) const;
  // A list; null counts as an empty one.
  Status list(const Node& node, const std::string& what) const;
  // A string; numbers and booleans are taken as written.
  Result<std::string> text(const Node& node, const std::string& what) const;
  Result<std::vector<std::string>> texts(const Node& node, const std::string& what) const;
  Result<int64_t> integer(const Node& node, const std::string& what, int64_t low,
                          int64_t high) const;
  Result<bool> boolean(const Node& node, const std::string& what) const;
  Result<std::string> one_of(const Node& node, const std::string& what,
                             std::span<const std::string_view> known) const;

 private:
  std::string file_;
};

}  // namespace felixsim::scenario
