// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/rule_table.h"

#include "felixsim/check.h"
#include "model/rules/render.h"

namespace felixsim {

rules::WrittenRulesPtr RuleTable::written(std::vector<rules::Rule> rules) const {
  if (nft_)
    for (rules::Rule& rule : rules) rule = rules::in_layer(layer_, std::move(rule));
  const auto dialect = nft_ ? rules::Dialect::nft : rules::Dialect::iptables;
  return std::make_shared<const rules::WrittenRules>(rules::write_rules(rules, dialect));
}

ChainPtr RuleTable::chain(std::string_view name, rules::WrittenRulesPtr rules) const {
  return std::make_shared<const TableChain>(
      nft_ ? rules::in_layer(layer_, name) : std::string(name), std::move(rules));
}

ChainPtr RuleTable::chain(rules::Chain chain) const {
  if (!nft_) return make_chain(chain, rules::Dialect::iptables);
  chain = rules::in_layer(layer_, std::move(chain));
  chain.force = false;  // felix/nftables/table.go never looks at ForceProgramming
  return make_chain(chain, rules::Dialect::nft);
}

void RuleTable::update(const ChainPtr& chain) {
  if (iptables_) {
    iptables_->update_chain(chain);
  } else {
    nft_->update_chain(chain);
  }
}

void RuleTable::remove(std::string_view name) {
  if (iptables_) {
    iptables_->remove_chain(name);
  } else {
    nft_->remove_chain(rules::in_layer(layer_, name));
  }
}

void RuleTable::remove(const ChainPtr& chain) {
  if (iptables_) {
    iptables_->remove_chain(chain->name());
  } else {
    nft_->remove_chain(chain->name());
  }
}

void RuleTable::set_hook_rules(const std::string& chain, std::vector<rules::Rule> rules) {
  if (iptables_) {
    iptables_->set_hook_rules(chain, written(std::move(rules)));
  } else {
    nft_->set_hook_rules(rules::in_layer(layer_, chain), written(std::move(rules)));
  }
}

void RuleTable::set_appended_rules(const std::string& chain, std::vector<rules::Rule> rules) {
  if (iptables_) {
    iptables_->set_appended_rules(chain, written(std::move(rules)));
  } else {
    nft_->set_appended_rules(rules::in_layer(layer_, chain), written(std::move(rules)));
  }
}

void RuleTable::set_map(std::string_view name, std::map<std::string, std::string> elements) {
  FELIXSIM_CHECK(nft_ != nullptr);
  for (auto& [key, verdict] : elements) {
    constexpr std::string_view go_to = "goto ";
    if (!verdict.starts_with(go_to)) continue;
    verdict.replace(go_to.size(), std::string::npos,
                    rules::in_layer(layer_, std::string_view(verdict).substr(go_to.size())));
  }
  nft_->set_map(rules::in_layer(layer_, name), std::move(elements));
}

void update_tables(std::initializer_list<RuleTable*> tables, const rules::Chain& chain) {
  ChainPtr shared;
  for (RuleTable* table : tables) {
    if (!shared || !table->shares_chains()) shared = table->chain(chain);
    table->update(shared);
  }
}

}  // namespace felixsim
