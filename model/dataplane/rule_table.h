// SPDX-License-Identifier: Apache-2.0
// One logical table (filter, nat, mangle, raw) of one family, whichever tool it is programmed with:
// an iptables table of its own, or a layer of Felix's one nftables table.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/dataplane/iptables_table.h"
#include "model/dataplane/nftables_table.h"

namespace felixsim {

class RuleTable {
 public:
  RuleTable() = default;
  explicit RuleTable(IptablesTable& table) : iptables_(&table) {}
  RuleTable(NftablesTable& table, std::string layer) : nft_(&table), layer_(std::move(layer)) {}

  // What rules and chains become in this table; the other family's table of the same name can hold
  // them too. With iptables all tables can.
  rules::WrittenRulesPtr written(std::vector<rules::Rule> rules) const;
  ChainPtr chain(std::string_view name, rules::WrittenRulesPtr rules) const;
  ChainPtr chain(rules::Chain chain) const;
  bool shares_chains() const { return iptables_ != nullptr; }

  void update(const ChainPtr& chain);
  void update(rules::Chain fresh) { update(chain(std::move(fresh))); }
  void update(const rules::Chains& chains) {
    for (const rules::Chain& chain : chains) update(chain);
  }
  void remove(std::string_view name);
  void remove(const ChainPtr& chain);
  void remove(const rules::Chains& chains) {
    for (const rules::Chain& chain : chains) remove(chain.name);
  }
  void set_hook_rules(const std::string& chain, std::vector<rules::Rule> rules);
  void set_appended_rules(const std::string& chain, std::vector<rules::Rule> rules);
  // nftables only.
  void set_map(std::string_view name, std::map<std::string, std::string> elements);

 private:
  IptablesTable* iptables_ = nullptr;
  NftablesTable* nft_ = nullptr;
  std::string layer_;
};

// Gives one chain to several tables of a family.
void update_tables(std::initializer_list<RuleTable*> tables, const rules::Chain& chain);

}  // namespace felixsim
