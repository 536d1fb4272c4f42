// SPDX-License-Identifier: Apache-2.0
// A chain as tables hold it. Immutable, so that tables of both families can hold the same one.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "model/rules/written_rules.h"

namespace felixsim {

class TableChain {
 public:
  TableChain(std::string name, rules::WrittenRulesPtr rules, bool force = false)
      : name_(std::move(name)), rules_(std::move(rules)), force_(force) {}

  const std::string& name() const { return name_; }
  const rules::WrittenRules& rules() const { return *rules_; }
  bool force() const { return force_; }  // programmed even if no rule refers to it
  // Worked out when first asked for: a table knows chains that it never writes.
  const rules::RuleHashesPtr& hashes() const {
    if (!hashes_)
      hashes_ = std::make_shared<const rules::RuleHashes>(rules::hashes_of_rules(name_, *rules_));
    return hashes_;
  }
  bool operator==(const TableChain& other) const {
    return name_ == other.name_ && force_ == other.force_ &&
           (rules_ == other.rules_ || *rules_ == *other.rules_);
  }

 private:
  std::string name_;
  rules::WrittenRulesPtr rules_;
  bool force_;
  mutable rules::RuleHashesPtr hashes_;
};
using ChainPtr = std::shared_ptr<const TableChain>;

inline ChainPtr make_chain(const rules::Chain& chain, rules::Dialect dialect) {
  auto written = std::make_shared<const rules::WrittenRules>(write_rules(chain.rules, dialect));
  return std::make_shared<const TableChain>(chain.name, std::move(written), chain.force);
}

}  // namespace felixsim
