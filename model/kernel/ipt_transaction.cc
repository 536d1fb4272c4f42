// SPDX-License-Identifier: Apache-2.0
#include "model/kernel/ipt_transaction.h"

#include "model/kernel/ipt_validation.h"

namespace felixsim {

IptTransaction::IptTransaction(KernelCore& core, const IptProgram& program,
                               const std::string& table)
    : core_(core),
      program_(program),
      tables_(core.state.iptables[{program.dialect.family, program.dialect.backend}]),
      name_(table),
      references_(core.ipt_references[{program.dialect.family, program.dialect.backend, table}]),
      made_(core.ipt_made_chains[{program.dialect.family, program.dialect.backend, table}]),
      made_before_(made_),
      was_there_(tables_.contains(table)) {
  if (!was_there_) tables_[table] = fresh_ipt_table(table);
}

IptChain* IptTransaction::find(std::string_view chain) {
  const auto found = table().find(std::string(chain));
  return found == table().end() ? nullptr : &found->second;
}

bool IptTransaction::is_made(const std::string& chain) {
  const auto* present = find(chain);
  return program_.legacy() || !present || present->policy == "-" || made_.contains(chain);
}

void IptTransaction::make(const std::string& chain) {
  const auto* present = find(chain);
  if (present && present->policy != "-") made_.insert(chain);
}

IptChain& IptTransaction::touch(const std::string& chain) {
  IptChain& present = table()[chain];
  undo_.try_emplace(chain, present);
  return present;
}

void IptTransaction::empty(const std::string& chain) {
  IptChain& present = table()[chain];
  count(present, -1);
  auto [saved, first] = undo_.try_emplace(chain);
  if (first) saved->second = IptChain{present.policy, std::move(present.rules)};
  present.rules.clear();
}

void IptTransaction::create(const std::string& chain) {
  undo_.try_emplace(chain, std::nullopt);
  table()[chain] = IptChain{};
}

void IptTransaction::remove(const std::string& chain) {
  touch(chain);
  table().erase(chain);
}

void IptTransaction::count(const IptChain& chain, int delta) {
  for (const auto& rule : chain.rules) count_ipt_rule(core_, references_, rule, delta);
}

void IptTransaction::note_put(const std::string& chain, const ParsedIptRule& rule) {
  if (rule.target_is_chain && !rule.target.empty()) {
    ++references_.chains[rule.target];
    jumps_.emplace_back(chain, rule.target);
  }
  for (const auto& set : rule.sets) ++core_.set_references[set];
  if (rule.hooks == all_ipt_hooks) return;
  ++references_.limited;
  put_limited_ = true;
}

// A restore may touch a few of very many chains: then only what is behind its new jumps is looked
// at, which finds every new loop and every way that became too long.
bool IptTransaction::may_go_wrong() {
  if (references_.limited > 0) return true;
  if (program_.legacy()) {
    std::set<std::string> targets;
    for (const auto& [from, to] : jumps_) targets.insert(to);
    return leads_in_circle(table(), targets);
  }
  if (!references_.depths) return true;
  return !std::all_of(jumps_.begin(), jumps_.end(), [&](const auto& jump) {
    return deepen(table(), *references_.depths, jump.first, jump.second);
  });
}

std::string IptTransaction::objection() {
  if (jumps_.empty() && !put_limited_) return {};
  if (!may_go_wrong()) return {};
  auto why = check_ipt_table(table(), name_, program_.dialect.backend);
  if (why.empty() && !program_.legacy()) references_.depths = exact_depths(table(), name_);
  return why;
}

void IptTransaction::commit() {
  if (!was_there_ && !used_ && !program_.legacy()) tables_.erase(name_);
}

void IptTransaction::roll_back(bool looked_at) {
  made_ = made_before_;
  references_.depths.reset();
  for (auto& [name, chain] : undo_) {
    if (const auto* present = find(name)) count(*present, -1);
    table().erase(name);
    if (chain) {
      count(*chain, 1);
      table()[name] = std::move(*chain);
    }
  }
  undo_.clear();
  if (!was_there_ && !(looked_at && program_.legacy())) tables_.erase(name_);
}

}  // namespace felixsim
