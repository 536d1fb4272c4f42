// SPDX-License-Identifier: Apache-2.0
#include "rule_ids.h"

#include "model/calc/message_json.h"
#include "model/calc/rule_wire.h"
#include "model/hash/hash.h"
#include "tests/conformance/rule_json.h"

namespace felixsim::conform {
namespace {

std::string wire_hex(const msg::Rule& rule) {
  const std::string bytes = calc::rule_wire_bytes(rule);
  return hex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

std::optional<std::string> check_rule_ids(const json& line) {
  std::vector<msg::Rule> rules;
  for (const auto& item : line.at("rules")) rules.push_back(rule_of(item.at("rule")));
  calc::fill_rule_ids(rules, line.at("seed_text").get<std::string>());
  for (size_t i = 0; i < rules.size(); ++i) {
    const json& want = line.at("rules")[i];
    const json got{{"wire_hex", wire_hex(rules[i])}, {"rule_id", rules[i].rule_id}};
    for (const char* field : {"wire_hex", "rule_id"})
      if (auto d =
              first_difference(want.at(field), got.at(field), fmt::format("[{}].{}", i, field)))
        return d;
    rules[i].rule_id.clear();  // the vector's rules carry their id beside them
    const json again = json::parse(calc::rule_json(rules[i]));
    if (auto d = first_difference(want.at("rule"), again, fmt::format("[{}].rule", i))) return d;
  }
  return std::nullopt;
}

}  // namespace felixsim::conform
