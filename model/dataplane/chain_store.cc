// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/chain_store.h"

#include "felixsim/check.h"

namespace felixsim {

void ChainStore::incref_targets(const std::vector<rules::Rule>& rules) {
  for (const rules::Rule& rule : rules) {
    if (rule.target_at != 0) incref(rule.target());
  }
}

void ChainStore::decref_targets(const std::vector<rules::Rule>& rules) {
  for (const rules::Rule& rule : rules) {
    if (rule.target_at != 0) decref(rule.target());
  }
}

void ChainStore::incref(std::string_view name) {
  if (++references_[name] != 1) return;
  dirty_.emplace(name);
  auto chain = chains_.find(name);
  if (chain != chains_.end()) incref_targets(chain->second->rules);
}

void ChainStore::decref(std::string_view name) {
  auto count = references_.find(name);
  FELIXSIM_CHECK(count != references_.end());
  if (--count->second > 0) return;
  references_.erase(count);
  dirty_.emplace(name);
  auto chain = chains_.find(name);
  if (chain != chains_.end()) decref_targets(chain->second->rules);
}

void ChainStore::update(ChainPtr chain) {
  const std::string& name = chain->name;
  ChainPtr old;
  if (auto it = chains_.find(name); it != chains_.end()) old = it->second;
  if (old && *old == *chain) return;
  // New references come before old ones go, so that what stays is not taken for gone.
  if (chain->force) incref(name);
  bool referenced = is_referenced(name);
  if (referenced) incref_targets(chain->rules);
  chains_[name] = chain;
  if (old) {
    if (referenced) decref_targets(old->rules);
    if (old->force) decref(name);
  }
  if (is_referenced(name)) dirty_.insert(name);
}

void ChainStore::remove(const std::string& name) {
  auto it = chains_.find(name);
  if (it == chains_.end()) return;
  ChainPtr old = it->second;
  if (old->force) decref(name);
  bool referenced = is_referenced(name);
  chains_.erase(name);
  if (!referenced) return;
  decref_targets(old->rules);
  dirty_.insert(name);
}

void ChainStore::replace_hook(const std::vector<rules::Rule>& old_rules,
                              const std::vector<rules::Rule>& new_rules) {
  incref_targets(new_rules);
  decref_targets(old_rules);
}

const rules::Chain* ChainStore::wanted(const std::string& name) const {
  if (!is_referenced(name)) return nullptr;
  auto it = chains_.find(name);
  return it == chains_.end() ? nullptr : it->second.get();
}

}  // namespace felixsim
