// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/iptables_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace felixsim {

namespace {

constexpr int max_retries = 10;  // table.go Apply
constexpr SimTime hour = 3600 * second;
// rule_defs.go AllHistoricChainNamePrefixes.
constexpr std::string_view chain_prefixes[] = {"cali-",   "califw-", "calitw-", "califh-",
                                               "calith-", "calipi-", "calipo-", "felix-"};

const std::map<std::string_view, std::vector<std::string>>& kernel_chains() {
  static const std::map<std::string_view, std::vector<std::string>> chains{
      {"filter", {"INPUT", "FORWARD", "OUTPUT"}},
      {"nat", {"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"}},
      {"mangle", {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}},
      {"raw", {"PREROUTING", "OUTPUT"}}};
  return chains;
}

// The hash in the first comment that carries one.
std::string_view hash_of(std::string_view rule) {
  for (std::string_view mark : {"--comment \"cali:", "--comment cali:"}) {
    size_t at = rule.find(mark);
    if (at == std::string_view::npos) continue;
    at += mark.size();
    size_t end = at;
    auto in_hash = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    };
    while (end < rule.size() && in_hash(rule[end])) ++end;
    if (end > at) return rule.substr(at, end - at);
  }
  return {};
}

// Of the text for these chains, about: it is large, and growing it costs.
size_t expected_length(const std::vector<ChainStore::Dirty>& dirty) {
  constexpr size_t around = 64;
  size_t length = around;
  for (const auto& [name, wanted] : dirty) {
    length += around + name.size();
    if (wanted) length += rules::lines_length(name, wanted->rules());
  }
  return length;
}

size_t count_foreign(const rules::RuleHashes& hashes) {
  return static_cast<size_t>(std::count(hashes.begin(), hashes.end(), rules::RuleHash()));
}

}  // namespace

std::optional<SimTime> next_table_check(const TableTimers& timers, SimTime last_write,
                                        SimTime last_read, SimTime touched) {
  SimTime interval = timers.post_write_interval;
  SimTime read = last_read;
  for (;;) {
    std::optional<SimTime> next;
    bool post_write = interval != 0 && interval < hour;
    if (post_write) next = last_write + interval;
    if (timers.refresh_interval > 0) {
      SimTime refresh = read + timers.refresh_interval;
      next = next ? std::min(*next, refresh) : refresh;
    }
    if (!next || *next >= touched) return next;
    read = *next;
    if (post_write && *next == last_write + interval) interval *= 2;
  }
}

IptablesTable::IptablesTable(IptablesTableConfig config) : config_(std::move(config)) {
  for (const std::string& name : kernel_chains().at(config_.name)) {
    chains_.add_root(name);
    hooks_[name];
    dirty_hooks_.insert(name);
  }
}

void IptablesTable::set_hook_rules(const std::string& chain, rules::WrittenRulesPtr rules) {
  Hook& hook = hooks_[chain];
  if (*hook.inserted == *rules) return;
  chains_.replace_hook(*hook.inserted, *rules);
  hook.inserted = std::move(rules);
  dirty_hooks_.insert(chain);
  loaded_ = false;
}

void IptablesTable::set_appended_rules(const std::string& chain, rules::WrittenRulesPtr rules) {
  Hook& hook = hooks_[chain];
  if (*hook.appended == *rules) return;
  chains_.replace_hook(*hook.appended, *rules);
  hook.appended = std::move(rules);
  dirty_hooks_.insert(chain);
  loaded_ = false;
}

void IptablesTable::note_touched(SimTime now) {
  if (touched_) return;
  touched_ = true;
  check_at_ = next_routine_check(now);
}

std::optional<SimTime> IptablesTable::next_routine_check(SimTime after) const {
  return next_table_check(config_.timers, last_write_, last_read_, after);
}

bool IptablesTable::is_ours(std::string_view chain) const {
  return std::any_of(std::begin(chain_prefixes), std::end(chain_prefixes),
                     [&](std::string_view prefix) { return chain.starts_with(prefix); });
}

// A rule without a hash that an early Felix inserted (oldInsertRegexp).
bool IptablesTable::is_old_insert(std::string_view chain, std::string_view rule) const {
  for (std::string_view prefix : chain_prefixes) {
    for (std::string_view jump : {"-j ", "--jump "}) {
      if (rule.find(std::string(jump) + std::string(prefix)) != std::string_view::npos) return true;
    }
  }
  if (config_.name != "nat" || chain != "POSTROUTING") return false;
  return rule.find(" felix-masq-ipam-pools ") != std::string_view::npos ||
         rule ==
             "-o tunl0 -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type "
             "LOCAL -j MASQUERADE";
}

IptablesTable::Hashes IptablesTable::read_hashes(const std::string& chain,
                                                 const IptChain& content) {
  Hashes hashes;
  bool has_ours = false;
  for (const IptRule& rule : content.rules) {
    std::string_view hash = hash_of(rule);
    if (hash.empty() && is_old_insert(chain, rule)) hash = "OLD INSERT RULE";
    has_ours |= !hash.empty();
    hashes.emplace_back(hash);
  }
  if (has_ours && !is_ours(chain)) hook_rules_[chain] = content.rules;
  return hashes;
}

IptablesTable::Hashes IptablesTable::expected_hook_hashes(const std::string& chain,
                                                          size_t foreign_rules) const {
  auto hook = hooks_.find(chain);
  Hashes inserted, appended;
  if (hook != hooks_.end()) {
    inserted = rules::hashes_of_rules(chain, *hook->second.inserted);
    // Another name, so that a rule that is both inserted and appended has two hashes.
    appended = rules::hashes_of_rules(chain + "*appends*", *hook->second.appended);
  }
  Hashes all(foreign_rules);
  all.insert(config_.append_hooks ? all.end() : all.begin(), inserted.begin(), inserted.end());
  all.insert(all.end(), appended.begin(), appended.end());
  return all;
}

void IptablesTable::compare_known_chain(const std::string& name, const Hashes& expected,
                                        const Hashes& found) {
  if (chains_.is_dirty(name) || dirty_hooks_.contains(name)) return;
  if (is_ours(name)) {
    if (found != expected) chains_.mark_dirty(name);
    return;
  }
  if (found != expected_hook_hashes(name, count_foreign(found))) dirty_hooks_.insert(name);
}

void IptablesTable::load(const KernelState& kernel) {
  static const IptTable no_chains;
  const IptTable* table = &no_chains;
  if (auto family = kernel.iptables.find({config_.family, config_.backend});
      family != kernel.iptables.end()) {
    auto found = family->second.find(config_.name);
    if (found != family->second.end()) table = &found->second;
  }
  hook_rules_.clear();
  ChainHashes actual;
  for (const auto& [name, chain] : *table)
    actual[name] = std::make_shared<const Hashes>(read_hashes(name, chain));
  for (const auto& [name, expected] : actual_) {
    auto found = actual.find(name);
    compare_known_chain(name, *expected, found == actual.end() ? Hashes() : *found->second);
  }
  for (const auto& [name, found] : actual) {
    if (actual_.contains(name)) continue;
    if (is_ours(name)) {
      chains_.mark_dirty(name);
    } else if (count_foreign(*found) != found->size()) {
      dirty_hooks_.insert(name);
    }
  }
  actual_ = std::move(actual);
  loaded_ = true;
  touched_ = false;
  check_at_.reset();
}

// Of the dirty chains those that need something: neither already right nor both unwanted and not
// there.
IptablesTable::DirtyChains IptablesTable::incorrect_chains() const {
  DirtyChains incorrect;
  for (const ChainStore::Dirty& chain : chains_.dirty()) {
    auto actual = actual_.find(chain.name);
    const bool exists = actual != actual_.end();
    const bool right = chain.wanted && exists && !actual->second->empty() &&
                       *actual->second == *chain.wanted->hashes();
    if ((chain.wanted || exists) && !right) incorrect.push_back(chain);
  }
  return incorrect;
}

// iptables-nft keeps no rule numbers across commands of one transaction, so there whole chains are
// rewritten; the legacy tool replaces rule by rule.
void IptablesTable::write_chain(const TableChain& chain, std::string& out) {
  const std::string& name = chain.name();
  const auto& rules = chain.rules().rules;
  const Hashes& current = *chain.hashes();
  rules::RuleHashesPtr previous = std::make_shared<const Hashes>();
  if (config_.backend == IptBackend::legacy && actual_.contains(name)) previous = actual_.at(name);
  for (size_t i = 0; i < std::max(previous->size(), current.size()); ++i) {
    if (i >= current.size()) {
      out += fmt::format("-D {} {}\n", name, current.size() + 1);
    } else if (i >= previous->size()) {
      rules::append_line(out, "-A ", name, 0, current[i], rules[i]);
    } else if ((*previous)[i] != current[i]) {
      rules::append_line(out, "-R ", name, i + 1, current[i], rules[i]);
    }
  }
  written_.emplace_back(name, chain.hashes());
}

void IptablesTable::write_hook(const std::string& name, std::string& out) {
  Hashes previous;
  if (auto it = actual_.find(name); it != actual_.end()) previous = *it->second;
  Hashes wanted = expected_hook_hashes(name, count_foreign(previous));
  if (wanted == previous) return;
  for (size_t i = 0; i < previous.size(); ++i) {
    // By value: others may have moved the rule since.
    if (!previous[i].empty()) out += fmt::format("-D {} {}\n", name, hook_rules_.at(name)[i]);
  }
  auto hook = hooks_.find(name);
  if (hook != hooks_.end()) {
    const rules::WrittenRules& inserted = *hook->second.inserted;
    const rules::WrittenRules& appended = *hook->second.appended;
    Hashes hashes = rules::hashes_of_rules(name, inserted);
    const std::string_view verb = config_.append_hooks ? "-A " : "-I ";
    for (size_t i = 0; i < inserted.rules.size(); ++i) {
      // Each insert goes to the top, so the last one comes first.
      size_t at = config_.append_hooks ? i : inserted.rules.size() - 1 - i;
      rules::append_line(out, verb, name, 0, hashes[at], inserted.rules[at]);
    }
    hashes = rules::hashes_of_rules(name + "*appends*", appended);
    for (size_t i = 0; i < appended.rules.size(); ++i)
      rules::append_line(out, "-A ", name, 0, hashes[i], appended.rules[i]);
  }
  written_.emplace_back(name, std::make_shared<const Hashes>(std::move(wanted)));
}

void IptablesTable::write_deletions(const DirtyChains& dirty, std::string& out) {
  bool nft = config_.backend == IptBackend::nft;
  for (bool references : {true, false}) {
    if (references && !nft) continue;
    for (const auto& [name, wanted] : dirty) {
      if (wanted) continue;
      if (references) {
        out += fmt::format(":{} - -\n", name);
      } else {
        out += fmt::format("--delete-chain {}\n", name);
        written_.emplace_back(name, nullptr);
      }
    }
  }
}

std::string IptablesTable::restore_input() {
  const DirtyChains dirty = incorrect_chains();
  written_.clear();
  bool nft = config_.backend == IptBackend::nft;
  const std::string head = "*" + config_.name + "\n";
  std::string changes = head, deletions;
  changes.reserve(expected_length(dirty));
  for (const auto& [name, wanted] : dirty) {
    // A forward reference makes the chain, empty; it also cuts what a chain to be deleted refers
    // to.
    bool flush = nft || !wanted || !actual_.contains(name);
    if (flush) changes.append(":").append(name).append(" - -\n");
  }
  for (const auto& [name, wanted] : dirty) {
    if (wanted) write_chain(*wanted, changes);
  }
  for (const std::string& name : dirty_hooks_) write_hook(name, changes);
  write_deletions(dirty, deletions);
  constexpr std::string_view commit = "COMMIT\n";
  if (!nft) changes += deletions;
  if (changes.size() == head.size())
    changes.clear();
  else
    changes += commit;
  // iptables-nft-restore deletes only chains that nothing referred to when the transaction began.
  if (nft && !deletions.empty()) changes.append(head).append(deletions).append(commit);
  return changes;
}

std::string IptablesTable::command() const {
  const std::string restore = fmt::format("{}-{}-restore --noflush --verbose",
                                          config_.family == IpFamily::v4 ? "iptables" : "ip6tables",
                                          config_.backend == IptBackend::nft ? "nft" : "legacy");
  if (!config_.restore_supports_lock) return restore;
  return fmt::format("{} --wait 10 --wait-interval {}", restore,
                     config_.lock_probe_interval / 1000);
}

std::optional<std::string> IptablesTable::apply(Backend& backend, SimTime now) {
  bool check = check_at_ && now >= *check_at_;
  bool dirty = chains_.any_dirty() || !dirty_hooks_.empty();
  if (!check && !dirty && loaded_) return std::nullopt;
  std::string refusal;
  for (int attempt = 0; attempt <= max_retries; ++attempt) {
    if (!loaded_ || touched_) {
      load(backend.state());
      last_read_ = now;
    }
    std::string input = restore_input();
    if (!input.empty()) {
      KernelAnswer answer = backend.apply(CommandOp{command(), std::move(input)});
      if (answer.rc != 0) {
        refusal = answer.text;
        loaded_ = false;
        continue;
      }
      last_write_ = now;
    }
    actual_.reserve(actual_.size() + written_.size());
    for (auto& [name, hashes] : written_) {
      if (hashes) {
        actual_[std::move(name)] = std::move(hashes);
      } else {
        actual_.erase(name);
      }
    }
    written_.clear();
    chains_.clear_dirty();
    dirty_hooks_.clear();
    return std::nullopt;
  }
  return fmt::format("Failed to program iptables, giving up after retries: {}", refusal);
}

}  // namespace felixsim
