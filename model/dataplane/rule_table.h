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

  // The same chain may be given to several tables.
  void update(const ChainPtr& chain);
  void update(rules::Chain chain) {
    update(std::make_shared<const rules::Chain>(std::move(chain)));
  }
  void update(const rules::Chains& chains) {
    for (const rules::Chain& chain : chains) update(chain);
  }
  void remove(const std::string& name);
  void remove(const rules::Chains& chains) {
    for (const rules::Chain& chain : chains) remove(chain.name);
  }
  void set_hook_rules(const std::string& chain, std::vector<rules::Rule> rules);
  void set_appended_rules(const std::string& chain, std::vector<rules::Rule> rules);
  // nftables only.
  void set_map(std::string_view name, std::map<std::string, std::string> elements);

 private:
  std::vector<rules::Rule> layered(std::vector<rules::Rule> rules) const;

  IptablesTable* iptables_ = nullptr;
  NftablesTable* nft_ = nullptr;
  std::string layer_;
};

}  // namespace felixsim
