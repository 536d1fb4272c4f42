// SPDX-License-Identifier: Apache-2.0
// What every function that renders chains is given: the configuration, and for which table family.
// One value serves all tables of one IP version; Felix has a manager for each, too.
#pragma once

#include "model/rules/names.h"
#include "model/rules/rule_builder.h"
#include "model/rules/rules_config.h"

namespace felixsim::rules {

struct Renderer {
  const RulesConfig& config;  // must outlive the renderer
  IpFamily family = IpFamily::v4;

  Dialect dialect() const { return config.dialect; }
  bool nft() const { return config.dialect == Dialect::nft; }
  bool v4() const { return family == IpFamily::v4; }
  const MarkBits& marks() const { return config.marks; }
  RuleBuilder rule() const { return {config.dialect, family, config.features}; }

  std::string set_name(std::string_view id) const { return ip_set_name(id, family, dialect()); }
  std::string all_pools_name() const { return set_name(config.felix.all_pools_set); }
  // Workload interfaces by prefix, with the dialect's wildcard: "cali+".
  std::string wildcard_of(std::string_view interface_prefix) const {
    return std::string(interface_prefix).append(wildcard(dialect()));
  }
  // Bits that the static chains clear: accept, pass and scratch; neither drop nor endpoint marks.
  uint32_t all_mark_bits() const {
    return marks().accept | marks().pass | marks().scratch0 | marks().scratch1;
  }
};

}  // namespace felixsim::rules
