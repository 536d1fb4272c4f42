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

std::string hash_of(const NftRule& rule) {
  std::string_view comment = rule.comment;
  if (comment.starts_with(rules::rule_hash_prefix)) comment.remove_prefix(hash_prefix_size);
  return std::string(comment.substr(0, comment.find(';')));
}

std::string without_quotes(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

std::vector<std::string> hashes_of(const NftChain& chain) {
  std::vector<std::string> hashes;
  for (const NftRule& rule : chain.rules) hashes.push_back(hash_of(rule));
  return hashes;
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
    : config_(std::move(config)), declare_set_(std::move(declare_set)) {
  if (config_.disabled) return;
  for (const auto& [name, hook] : config_.base_chains) {
    chains_.add_root(name);
    hooks_[name];
    dirty_hooks_.insert(name);
  }
}

void NftablesTable::set_hook_rules(const std::string& chain, std::vector<rules::Rule> rules) {
  Hook& hook = hooks_[chain];
  if (hook.inserted == rules) return;
  chains_.replace_hook(hook.inserted, rules);
  hook.inserted = std::move(rules);
  dirty_hooks_.insert(chain);
}

void NftablesTable::set_appended_rules(const std::string& chain, std::vector<rules::Rule> rules) {
  Hook& hook = hooks_[chain];
  if (hook.appended == rules) return;
  chains_.replace_hook(hook.appended, rules);
  hook.appended = std::move(rules);
  dirty_hooks_.insert(chain);
}

void NftablesTable::set_map(const std::string& name, std::map<std::string, std::string> elements) {
  constexpr std::string_view go_to = "goto ";
  auto target = [&](const std::string& verdict) { return verdict.substr(go_to.size()); };
  bool is_new = !maps_.contains(name);
  Elements& current = maps_[name];
  if (!is_new && current == elements) return;
  auto differs = [](const Elements& other, const std::string& key, const std::string& verdict) {
    auto it = other.find(key);
    return it == other.end() || it->second != verdict;
  };
  for (const auto& [key, verdict] : elements) {
    if (verdict.starts_with(go_to) && differs(current, key, verdict)) {
      chains_.incref(target(verdict));
    }
  }
  for (const auto& [key, verdict] : current) {
    if (verdict.starts_with(go_to) && differs(elements, key, verdict)) {
      chains_.decref(target(verdict));
    }
  }
  current = std::move(elements);
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
    for (const auto& [name, chain] : table->chains) actual[name] = hashes_of(chain);
    for (const auto& [name, set] : table->sets) {
      if (!set.is_map) continue;
      maps_in_kernel_.insert(name);
      Elements& elements = actual_maps_[name];
      for (const auto& [key, value] : set.elements) {
        elements[without_quotes(key)] = without_quotes(value);
      }
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
    if (found == actual.end() || found->second != expected) mark(name);
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
  Hashes hashes = rules::rule_hashes(chain, hook.inserted, rules::Dialect::nft);
  Hashes appended = rules::rule_hashes(chain + "*appends*", hook.appended, rules::Dialect::nft);
  hashes.insert(hashes.end(), appended.begin(), appended.end());
  return hashes;
}

std::string NftablesTable::rule_line(std::string_view verb, const std::string& chain,
                                     const rules::Rule& rule, const std::string& hash,
                                     std::optional<uint64_t> handle) const {
  std::string where = fmt::format("{} {} {}", config_.family, config_.name, chain);
  if (handle) where += fmt::format(" handle {}", *handle);
  return fmt::format("{} rule {} {} comment \"{}\"\n", verb, where, rules::nft_text(rule),
                     rules::nft_comment(rule, hash));
}

void NftablesTable::write_new_chains(std::string& out) {
  for (const auto& [name, hook] : config_.base_chains) {
    if (actual_.contains(name)) continue;
    out += fmt::format("add chain {} {} {} {{ {} }}\n", config_.family, config_.name, name, hook);
  }
  for (const std::string& name : chains_.dirty()) {
    bool wanted = chains_.wanted(name) != nullptr, exists = actual_.contains(name);
    if (wanted == exists) continue;
    out += fmt::format("{} chain {} {} {}\n", wanted ? "add" : "flush", config_.family,
                       config_.name, name);
  }
}

void NftablesTable::write_chain(const NftTable* kernel, const std::string& name, std::string& out) {
  const rules::Chain& chain = *chains_.wanted(name);
  if (declare_set_) {
    for (const std::string& set : rules::ip_set_names(chain, rules::Dialect::nft)) {
      std::string declaration = declare_set_(set);
      if (declaration.empty()) continue;
      out += fmt::format("add set {} {} {} {}\n", config_.family, config_.name, set, declaration);
    }
  }
  Hashes current = rules::rule_hashes(name, chain.rules, rules::Dialect::nft);
  static const NftChain no_chain;
  const NftChain* old = &no_chain;
  if (kernel) {
    auto it = kernel->chains.find(name);
    if (it != kernel->chains.end()) old = &it->second;
  }
  Hashes previous = hashes_of(*old);
  for (size_t i = 0; i < std::max(previous.size(), current.size()); ++i) {
    if (i >= current.size()) {
      out += fmt::format("delete rule {} {} {} handle {}\n", config_.family, config_.name, name,
                         old->rules[i].handle);
    } else if (i >= previous.size()) {
      out += rule_line("add", name, chain.rules[i], current[i], std::nullopt);
    } else if (previous[i] != current[i]) {
      out += rule_line("replace", name, chain.rules[i], current[i], old->rules[i].handle);
    }
  }
  written_.emplace_back(name, std::move(current));
}

void NftablesTable::write_hook(const std::string& name, std::string& out) {
  Hashes wanted = hook_hashes(name);
  auto actual = actual_.find(name);
  if (actual != actual_.end() && actual->second == wanted) return;
  out += fmt::format("flush chain {} {} {}\n", config_.family, config_.name, name);
  const Hook& hook = hooks_.at(name);
  size_t at = 0;
  for (const auto* list : {&hook.inserted, &hook.appended}) {
    for (const rules::Rule& rule : *list) {
      out += rule_line("add", name, rule, wanted[at++], std::nullopt);
    }
  }
  written_.emplace_back(name, std::move(wanted));
}

// Elements go before the chains that they name, and come after them.
void NftablesTable::write_map_changes(std::string& removed, std::string& added) {
  static const Elements none;
  for (const std::string& name : dirty_maps_) {
    auto it = actual_maps_.find(name);
    if (!maps_in_kernel_.contains(name)) {
      removed += fmt::format("add map {} {} {} {{ type ifname : verdict ; }}\n", config_.family,
                             config_.name, name);
    }
    const Elements& have = it == actual_maps_.end() ? none : it->second;
    const Elements& want = maps_.at(name);
    for (const auto& [key, verdict] : have) {
      auto wanted = want.find(key);
      if (wanted != want.end() && wanted->second == verdict) continue;
      removed += fmt::format("delete element {} {} {} {{ {} }}\n", config_.family, config_.name,
                             name, key);
    }
    for (const auto& [key, verdict] : want) {
      auto present = have.find(key);
      if (present != have.end() && present->second == verdict) continue;
      added += fmt::format("add element {} {} {} {{ {} : {} }}\n", config_.family, config_.name,
                           name, key, verdict);
    }
  }
}

void NftablesTable::write_deletions(std::string& out) {
  for (const std::string& name : chains_.dirty()) {
    if (chains_.wanted(name) || !actual_.contains(name)) continue;
    out += fmt::format("delete chain {} {} {}\n", config_.family, config_.name, name);
    written_.emplace_back(name, std::nullopt);
  }
}

std::string NftablesTable::transaction(const KernelState& kernel) {
  written_.clear();
  if (config_.disabled) {
    if (!table_exists_) return "";
    return fmt::format("delete table {} {}\n", config_.family, config_.name);
  }
  std::string out, added;
  if (actual_.empty()) out += fmt::format("add table {} {}\n", config_.family, config_.name);
  size_t only_table = out.size();
  write_map_changes(out, added);
  write_new_chains(out);
  const NftTable* table = find(kernel);
  for (const std::string& name : chains_.dirty()) {
    if (chains_.wanted(name)) write_chain(table, name, out);
  }
  for (const std::string& name : dirty_hooks_) write_hook(name, out);
  out += added;
  write_deletions(out);
  return out.size() == only_table && !actual_.empty() ? "" : out;
}

void NftablesTable::finish(SimTime now) {
  for (auto& [name, hashes] : written_) {
    if (hashes) {
      actual_[name] = std::move(*hashes);
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
  bool dirty = !chains_.dirty().empty() || !dirty_hooks_.empty() || !dirty_maps_.empty();
  if (!check && !dirty && loaded_) return std::nullopt;
  std::string refusal;
  for (int retries = max_retries; retries >= 0; --retries) {
    if (!loaded_ || touched_) load(backend.state());
    std::string input = transaction(backend.state());
    if (input.empty()) {
      finish(now);
      return std::nullopt;
    }
    KernelAnswer answer = backend.apply(CommandOp{"nft -f -", input});
    if (answer.rc == 0) {
      if (config_.disabled) actual_.clear(), table_exists_ = false;
      finish(now);
      return std::nullopt;
    }
    refusal = answer.text;
    loaded_ = false;
    if (retries < rebuild_below) {
      std::string table = fmt::format("{} {}", config_.family, config_.name);
      backend.apply(CommandOp{"nft -f -", fmt::format("delete table {0}\nadd table {0}\n", table)});
    }
  }
  return fmt::format("Failed to program nftables, giving up after retries: {}", refusal);
}

}  // namespace felixsim
