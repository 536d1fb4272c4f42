// SPDX-License-Identifier: Apache-2.0
// What a dataplane would know after a list of messages: of each object the last update, of an IP
// set its members. Two streams that fold to the same state mean the same.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

namespace felixsim::conform {

class FoldedState {
 public:
  // `name` as in the proto ("IPSetUpdate"), `body` as protojson.
  void apply(const std::string& name, const nlohmann::json& body);

  // The first object that differs.
  std::optional<std::string> difference(const FoldedState& got) const;
  bool operator==(const FoldedState&) const = default;

 private:
  struct IpSet {
    std::string type;
    std::set<std::string> members;
    bool operator==(const IpSet&) const = default;
  };
  std::map<std::string, IpSet> ip_sets_;
  std::map<std::string, nlohmann::json> objects_;  // by kind and identity
};

}  // namespace felixsim::conform
