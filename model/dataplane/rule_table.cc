// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/rule_table.h"

#include "felixsim/check.h"
#include "model/rules/render.h"

namespace felixsim {

std::vector<rules::Rule> RuleTable::layered(std::vector<rules::Rule> rules) const {
  for (rules::Rule& rule : rules) rule = rules::in_layer(layer_, std::move(rule));
  return rules;
}

void RuleTable::update(const ChainPtr& chain) {
  if (iptables_) {
    iptables_->update_chain(chain);
  } else {
    rules::Chain layered = rules::in_layer(layer_, *chain);
    layered.force = false;  // felix/nftables/table.go never looks at ForceProgramming
    nft_->update_chain(std::make_shared<const rules::Chain>(std::move(layered)));
  }
}

void RuleTable::remove(const std::string& name) {
  if (iptables_) {
    iptables_->remove_chain(name);
  } else {
    nft_->remove_chain(rules::in_layer(layer_, name));
  }
}

void RuleTable::set_hook_rules(const std::string& chain, std::vector<rules::Rule> rules) {
  if (iptables_) {
    iptables_->set_hook_rules(chain, std::move(rules));
  } else {
    nft_->set_hook_rules(rules::in_layer(layer_, chain), layered(std::move(rules)));
  }
}

void RuleTable::set_appended_rules(const std::string& chain, std::vector<rules::Rule> rules) {
  if (iptables_) {
    iptables_->set_appended_rules(chain, std::move(rules));
  } else {
    nft_->set_appended_rules(rules::in_layer(layer_, chain), layered(std::move(rules)));
  }
}

void RuleTable::set_map(std::string_view name, std::map<std::string, std::string> elements) {
  FELIXSIM_CHECK(nft_ != nullptr);
  std::map<std::string, std::string> layered_elements;
  for (auto& [key, verdict] : elements) {
    constexpr std::string_view go_to = "goto ";
    layered_elements[key] =
        verdict.starts_with(go_to)
            ? std::string(go_to) +
                  rules::in_layer(layer_, std::string_view(verdict).substr(go_to.size()))
            : verdict;
  }
  nft_->set_map(rules::in_layer(layer_, name), std::move(layered_elements));
}

}  // namespace felixsim
