// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/nftables_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/rules/render.h"

namespace felixsim {

namespace {

constexpr int max_retries = 10;   // table.go Apply
constexpr int rebuild_below = 6;  // retries left when Felix starts to rebuild the whole table
constexpr size_t hash_prefix_size = rules::rule_hash_prefix.size();

rules::RuleHash hash_of(const NftRule& rule) {
  std::string_view comment = rule.comment;
  if (comment.starts_with(rules::rule_hash_prefix)) comment.remove_prefix(hash_prefix_size);
  return rules::RuleHash(comment.substr(0, comment.find(';')));
}

std::string without_quotes(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

rules::RuleHashes hashes_of(const NftChain& chain) {
  rules::RuleHashes hashes;
  hashes.reserve(chain.rules.size());
  for (const NftRule& rule : chain.rules) hashes.push_back(hash_of(rule));
  return hashes;
}

// Of the text for these chains, about: it is large, and growing it costs.
size_t expected_length(const std::vector<ChainStore::Dirty>& dirty) {
  constexpr size_t around = 80;
  size_t length = 0;
  for (const auto& [name, wanted] : dirty) {
    length += around + name.size();
    if (!wanted) continue;
    for (const auto& rule : wanted->rules().rules)
      length += around + name.size() + rule.text.size() + rule.comment.size();
  }
  return length;
}

// What `from` holds and `other` does not, for each element in order.
template <typename Elements, typename Write>
void for_each_missing(const Elements& from, const Elements& other, Write write) {
  for (const auto& [key, verdict] : from) {
    const auto found = other.find(key);
    if (found == other.end() || found->second != verdict) write(key, verdict);
  }
}

}  // namespace

std::map<std::string, std::string> nft_base_chains() {
  return {
      {"filter-INPUT", "type filter hook input priority 0 ;"},
      {"filter-FORWARD", "type filter hook forward priority 0 ;"},
      {"filter-OUTPUT", "type filter hook output priority 0 ;"},
      {"nat-PREROUTING", "type nat hook prerouting priority -100 ;"},
      {"nat-INPUT", "type nat hook input priority -100 ;"},
      {"nat-OUTPUT", "type nat hook output priority 110 ;"},
      {"nat-POSTROUTING", "type nat hook postrouting priority 110 ;"},
      {"mangle-PREROUTING", "type filter hook prerouting priority -150 ;"},
      {"mangle-INPUT", "type filter hook input priority -150 ;"},
      {"mangle-FORWARD", "type filter hook forward priority -150 ;"},
      {"mangle-OUTPUT", "type route hook output priority -150 ;"},
      {"mangle-POSTROUTING", "type filter hook postrouting priority -150 ;"},
      {"raw-PREROUTING", "type filter hook prerouting priority -300 ;"},
      {"raw-OUTPUT", "type filter hook output priority -300 ;"},
  };
}

std::map<std::string, std::string> nft_arp_base_chains() {
  return {{"filter-OUTPUT", "type filter hook output priority 0 ;"}};
}

NftablesTable::NftablesTable(NftablesTableConfig config, DeclareSet declare_set)
    : config_(std::move(config)),
      table_(config_.family + " " + config_.name),
      declare_set_(std::move(declare_set)) {
  if (config_.disabled) return;
  for (const auto& [name, hook] : config_.base_chains) {
    chains_.add_root(name);
    hooks_[name];
    dirty_hooks_.insert(name);
  }
}

void NftablesTable::set_hook_rules(const std::string& chain, rules::WrittenRulesPtr rules) {
  Hook& hook = hooks_[chain];
  if (*hook.inserted == *rules) return;
  chains_.replace_hook(*hook.inserted, *rules);
  hook.inserted = std::move(rules);
  dirty_hooks_.insert(chain);
}

void NftablesTable::set_appended_rules(const std::string& chain, rules::WrittenRulesPtr rules) {
  Hook& hook = hooks_[chain];
  if (*hook.appended == *rules) return;
  chains_.replace_hook(*hook.appended, *rules);
  hook.appended = std::move(rules);
  dirty_hooks_.insert(chain);
}

void NftablesTable::set_map(const std::string& name, std::map<std::string, std::string> elements) {
  constexpr std::string_view go_to = "goto ";
  auto target = [&](std::string_view verdict) { return verdict.substr(go_to.size()); };
  static const auto none = std::make_shared<const Elements>();
  auto [it, is_new] = maps_.try_emplace(name, none);
  const Elements& current = *it->second;
  if (!is_new && current == elements) return;
  for_each_missing(elements, current, [&](const auto&, const auto& verdict) {
    if (verdict.starts_with(go_to)) chains_.incref(target(verdict));
  });
  for_each_missing(current, elements, [&](const auto&, const auto& verdict) {
    if (verdict.starts_with(go_to)) chains_.decref(target(verdict));
  });
  it->second = std::make_shared<const Elements>(std::move(elements));
  dirty_maps_.insert(name);
}

void NftablesTable::note_touched(SimTime now, std::optional<SimTime> next_wake) {
  if (touched_) return;
  touched_ = true;
  check_at_ = next_table_check({config_.refresh_interval, 0}, last_read_, last_read_, now);
  if (next_wake && (!check_at_ || *next_wake < *check_at_)) check_at_ = next_wake;
}

const NftTable* NftablesTable::find(const KernelState& kernel) const {
  auto it = kernel.nft.find({config_.family, config_.name});
  return it == kernel.nft.end() ? nullptr : &it->second;
}

void NftablesTable::load(const KernelState& kernel) {
  const NftTable* table = find(kernel);
  table_exists_ = table != nullptr;
  ChainHashes actual;
  // Where the whole table is gone, Felix does not note that the elements went with it
  // (maps.go LoadDataplaneState).
  maps_in_kernel_.clear();
  lost_elements_ = !table && !actual_maps_.empty();
  if (table) {
    actual_maps_.clear();
    for (const auto& [name, chain] : table->chains)
      actual[name] = std::make_shared<const Hashes>(hashes_of(chain));
    for (const auto& [name, set] : table->sets) {
      if (!set.is_map) continue;
      maps_in_kernel_.insert(name);
      Elements elements;
      for (const auto& [key, value] : set.elements) {
        elements[without_quotes(key)] = without_quotes(value);
      }
      actual_maps_[name] = std::make_shared<const Elements>(std::move(elements));
    }
  }
  auto mark = [&](const std::string& name) {
    if (config_.base_chains.contains(name)) {
      dirty_hooks_.insert(name);
    } else {
      chains_.mark_dirty(name);
    }
  };
  for (const auto& [name, expected] : actual_) {
    auto found = actual.find(name);
    if (found == actual.end() || *found->second != *expected) mark(name);
  }
  for (const auto& [name, found] : actual) {
    if (!actual_.contains(name)) mark(name);
  }
  for (const auto& [name, elements] : maps_) dirty_maps_.insert(name);
  actual_ = std::move(actual);
  loaded_ = true;
  touched_ = false;
  check_at_.reset();
}

NftablesTable::Hashes NftablesTable::hook_hashes(const std::string& chain) const {
  const Hook& hook = hooks_.at(chain);
  Hashes hashes = rules::hashes_of_rules(chain, *hook.inserted);
  Hashes appended = rules::hashes_of_rules(chain + "*appends*", *hook.appended);
  hashes.insert(hashes.end(), appended.begin(), appended.end());
  return hashes;
}

void NftablesTable::append_rule(std::string& out, std::string_view verb, const std::string& chain,
                                const rules::WrittenRule& rule, const rules::RuleHash& hash,
                                std::optional<uint64_t> handle) const {
  out.append(verb).append(" rule ").append(table_).append(" ").append(chain) += ' ';
  if (handle) out.append("handle ").append(std::to_string(*handle)).append(" ");
  out.append(rule.text).append(" comment \"").append(rules::rule_hash_prefix);
  out.append(hash.view()).append(";").append(rule.comment).append("\"\n");
}

void NftablesTable::write_new_chains(const std::vector<ChainStore::Dirty>& dirty,
                                     std::string& out) {
  for (const auto& [name, hook] : config_.base_chains) {
    if (actual_.contains(name)) continue;
    out += fmt::format("add chain {} {} {{ {} }}\n", table_, name, hook);
  }
  for (const auto& [name, chain] : dirty) {
    bool wanted = chain != nullptr, exists = actual_.contains(name);
    if (wanted == exists) continue;
    out += fmt::format("{} chain {} {}\n", wanted ? "add" : "flush", table_, name);
  }
}

void NftablesTable::write_chain(const NftTable* kernel, const TableChain& chain, std::string& out) {
  const std::string& name = chain.name();
  const auto& rules = chain.rules().rules;
  if (declare_set_) {
    for (const std::string& set : chain.rules().ip_sets) {
      std::string declaration = declare_set_(set);
      if (declaration.empty()) continue;
      out += fmt::format("add set {} {} {}\n", table_, set, declaration);
    }
  }
  const Hashes& current = *chain.hashes();
  static const NftChain no_chain;
  const NftChain* old = &no_chain;
  if (kernel) {
    auto it = kernel->chains.find(name);
    if (it != kernel->chains.end()) old = &it->second;
  }
  Hashes previous = hashes_of(*old);
  for (size_t i = 0; i < std::max(previous.size(), current.size()); ++i) {
    if (i >= current.size()) {
      out += fmt::format("delete rule {} {} handle {}\n", table_, name, old->rules[i].handle);
    } else if (i >= previous.size()) {
      append_rule(out, "add", name, rules[i], current[i]);
    } else if (previous[i] != current[i]) {
      append_rule(out, "replace", name, rules[i], current[i], old->rules[i].handle);
    }
  }
  written_.emplace_back(name, chain.hashes());
}

void NftablesTable::write_hook(const std::string& name, std::string& out) {
  Hashes wanted = hook_hashes(name);
  auto actual = actual_.find(name);
  if (actual != actual_.end() && *actual->second == wanted) return;
  out += fmt::format("flush chain {} {}\n", table_, name);
  const Hook& hook = hooks_.at(name);
  size_t at = 0;
  for (const auto* list : {&hook.inserted, &hook.appended}) {
    for (const rules::WrittenRule& rule : (*list)->rules)
      append_rule(out, "add", name, rule, wanted[at++]);
  }
  written_.emplace_back(name, std::make_shared<const Hashes>(std::move(wanted)));
}

const NftablesTable::Elements& NftablesTable::actual_elements(const std::string& map) const {
  static const Elements none;
  const auto found = actual_maps_.find(map);
  return found == actual_maps_.end() ? none : *found->second;
}

// Elements go before the chains that they name, and come after them.
void NftablesTable::write_maps(std::string& out) {
  for (const std::string& name : dirty_maps_) {
    if (!maps_in_kernel_.contains(name))
      out += fmt::format("add map {} {} {{ type ifname : verdict ; }}\n", table_, name);
    const std::string start = fmt::format("delete element {} {} {{ ", table_, name);
    for_each_missing(actual_elements(name), *maps_.at(name), [&](const auto& key, const auto&) {
      out.append(start).append(key).append(" }\n");
    });
  }
}

void NftablesTable::write_new_elements(std::string& out) {
  for (const std::string& name : dirty_maps_) {
    const std::string start = fmt::format("add element {} {} {{ ", table_, name);
    for_each_missing(*maps_.at(name), actual_elements(name),
                     [&](const auto& key, const auto& verdict) {
                       out.append(start).append(key).append(" : ").append(verdict) += " }\n";
                     });
  }
}

void NftablesTable::write_deletions(const std::vector<ChainStore::Dirty>& dirty, std::string& out) {
  for (const auto& [name, wanted] : dirty) {
    if (wanted || !actual_.contains(name)) continue;
    out += fmt::format("delete chain {} {}\n", table_, name);
    written_.emplace_back(name, nullptr);
  }
}

std::string NftablesTable::transaction(const KernelState& kernel) {
  written_.clear();
  if (config_.disabled) {
    if (!table_exists_) return "";
    return fmt::format("delete table {}\n", table_);
  }
  const auto dirty = chains_.dirty();
  written_.reserve(dirty.size() + dirty_hooks_.size());
  std::string out;
  out.reserve(expected_length(dirty));
  if (actual_.empty()) out += fmt::format("add table {}\n", table_);
  size_t only_table = out.size();
  write_maps(out);
  write_new_chains(dirty, out);
  const NftTable* table = find(kernel);
  for (const auto& [name, wanted] : dirty) {
    if (wanted) write_chain(table, *wanted, out);
  }
  for (const std::string& name : dirty_hooks_) write_hook(name, out);
  write_new_elements(out);
  write_deletions(dirty, out);
  if (out.size() == only_table && !actual_.empty()) out.clear();
  return out;
}

void NftablesTable::finish(SimTime now) {
  actual_.reserve(actual_.size() + written_.size());
  for (auto& [name, hashes] : written_) {
    if (hashes) {
      actual_[std::move(name)] = std::move(hashes);
    } else {
      actual_.erase(name);
    }
  }
  written_.clear();
  for (const std::string& name : dirty_maps_) {
    actual_maps_[name] = maps_.at(name);
    maps_in_kernel_.insert(name);
  }
  dirty_maps_.clear();
  chains_.clear_dirty();
  dirty_hooks_.clear();
  last_read_ = now;  // Felix reads a table before each write of its own
}

std::optional<std::string> NftablesTable::apply(Backend& backend, SimTime now, bool woken) {
  // Felix reads the table again after each apply, whether or not it wrote (table.go applyUpdates).
  bool check = (check_at_ && now >= *check_at_) || (woken && touched_);
  bool dirty = chains_.any_dirty() || !dirty_hooks_.empty() || !dirty_maps_.empty();
  if (!check && !dirty && loaded_) return std::nullopt;
  std::string refusal;
  for (int retries = max_retries; retries >= 0; --retries) {
    if (!loaded_ || touched_) load(backend.state());
    std::string input = transaction(backend.state());
    if (input.empty()) {
      finish(now);
      return std::nullopt;
    }
    KernelAnswer answer = backend.apply(CommandOp{"nft -f -", std::move(input)});
    if (answer.rc == 0) {
      if (config_.disabled) actual_.clear(), table_exists_ = false;
      finish(now);
      return std::nullopt;
    }
    refusal = answer.text;
    loaded_ = false;
    if (retries < rebuild_below) {
      backend.apply(
          CommandOp{"nft -f -", fmt::format("delete table {0}\nadd table {0}\n", table_)});
    }
  }
  return fmt::format("Failed to program nftables, giving up after retries: {}", refusal);
}

}  // namespace felixsim
