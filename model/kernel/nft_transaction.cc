// SPDX-License-Identifier: Apache-2.0
// Tables, chains and rules; see nft_transaction.h. Left out: rename, reset, objects, flowtables.
#include "model/kernel/nft_transaction.h"

#include <cerrno>

#include "model/kernel/kernel_error.h"
#include "model/kernel/nft_base_chain.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr size_t max_name = 255;  // NFT_NAME_MAXLEN - 1

TableName key_of(const NftCommand& command) {
  return {std::string(command.family), std::string(command.table)};
}

bool used(const ReferenceCounts& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found != counts.end() && found->second > 0;
}

// Of these nft itself looks whether the table is there.
bool nft_looks_for_table(const NftCommand& command) {
  return command.object != "rule" && command.verb != "delete" &&
         !(command.object == "chain" && command.verb == "flush");
}

}  // namespace

NftRefusal nft_refuses(std::string_view where, std::string message) {
  return {std::move(message), where};
}

NftRefusal kernel_refuses(std::string_view where, int code) {
  return {"Could not process rule: " + kernel_error(code).text, where, true};
}

NftOutcome NftTransaction::run(const NftCommand& command) {
  for (const auto name : {command.table, command.name})
    if (name.size() > max_name + 1)
      return nft_refuses(name, "name too long, 256 characters maximum allowed");
    else if (name.size() > max_name)
      return kernel_refuses(name, ERANGE);
  const bool adds = command.verb == "add" || command.verb == "create";
  if (command.object == "ruleset") return flush_ruleset(command.family);
  if (command.object == "table") return adds ? add_table(command) : change_table(command);
  if (NftTable* table = find_table(command)) return run_in_table(*table, command);
  if (nft_looks_for_table(command)) return nft_refuses(command.table, "No such file or directory");
  return kernel_refuses(command.table, ENOENT);
}

NftOutcome NftTransaction::run_in_table(NftTable& table, const NftCommand& command) {
  const bool adds = command.verb == "add" || command.verb == "create";
  const bool flushes = command.verb == "flush";
  if (command.object == "chain") {
    if (adds) return add_chain(table, command);
    return flushes ? flush_chain(table, command) : delete_chain(table, command);
  }
  if (command.object == "set" || command.object == "map") {
    if (adds) return add_set(table, command);
    return flushes ? flush_set(table, command) : delete_set(table, command);
  }
  if (command.object == "element") return change_elements(table, command);
  return change_rule(table, command);
}

void NftTransaction::roll_back() {
  while (!undo_.empty()) {
    undo_.back()();
    undo_.pop_back();
  }
}

NftTable* NftTransaction::find_table(const NftCommand& command) {
  const auto found = core_.state.nft.find(key_of(command));
  return found == core_.state.nft.end() ? nullptr : &found->second;
}

NftOutcome NftTransaction::add_table(const NftCommand& command) {
  if (find_table(command)) {
    if (command.verb == "create") return kernel_refuses(command.table, EEXIST);
    return {};
  }
  const auto key = key_of(command);
  NftTable& table = core_.state.nft[key];
  table.family = key.first;
  table.name = key.second;
  undo_.push_back([this, key] {
    core_.state.nft.erase(key);
    core_.nft.erase(key);
  });
  return {};
}

NftOutcome NftTransaction::change_table(const NftCommand& command) {
  NftTable* table = find_table(command);
  if (!table) return kernel_refuses(command.table, ENOENT);
  if (command.verb == "delete") {
    delete_table(key_of(command));
    return {};
  }
  for (auto& chain : table->chains) empty_chain(*table, chain);
  return {};
}

// What undoes earlier changes refers to the table: it goes and comes back as it is.
void NftTransaction::delete_table(const TableName& key) {
  auto node = std::make_shared<decltype(core_.state.nft)::node_type>(core_.state.nft.extract(key));
  undo_.push_back([this, key, node, old_index = std::move(core_.nft[key])] {
    core_.state.nft.insert(std::move(*node));
    core_.nft[key] = old_index;
  });
  core_.nft.erase(key);
}

// Of one family, or all.
NftOutcome NftTransaction::flush_ruleset(std::string_view family) {
  std::vector<TableName> names;
  for (const auto& [name, table] : core_.state.nft)
    if (family.empty() || name.first == family) names.push_back(name);
  for (const auto& name : names) delete_table(name);
  return {};
}

// A chain at a hook may get another policy, and nothing else.
NftOutcome NftTransaction::add_chain(NftTable& table, const NftCommand& command) {
  NftBaseChain base;
  if (auto refused = read_base_chain(command, base)) return refused;
  const std::string name(command.name);
  const auto found = table.chains.find(name);
  if (found == table.chains.end()) {
    ++table.last_handle;
    table.chains[name].hook = base.str();
    index(table).exits.erase(name);  // of one that a refused transaction made
    if (!base.type.empty()) index(table).reach.reset();
    undo_.push_back([&table, name] { table.chains.erase(name); });
    return {};
  }
  if (command.verb == "create") return kernel_refuses(command.name, EEXIST);
  auto& hook = found->second.hook;
  if (base.type.empty() || hook == base.str()) return {};
  if (hook.empty()) return kernel_refuses(command.name, EEXIST);
  const auto present = parse_base_chain(hook);
  if (present.type != base.type || present.hook != base.hook || present.priority != base.priority)
    return kernel_refuses(command.line, EOPNOTSUPP);
  if (!base.names_policy) return {};
  undo_.push_back([&table, name, old = hook] { table.chains[name].hook = old; });
  hook = base.str();
  return {};
}

std::vector<NftRule>& NftTransaction::touch(NftTable& table, NamedChain& chain) {
  auto& rules = chain.second.rules;
  index(table).exits.erase(chain.first);
  if (touched_.insert(&chain.second).second) {
    undo_.push_back([this, &table, name = chain.first, old = rules] {
      auto& now = table.chains[name].rules;
      for (const auto& rule : now) count(table, rule.text, -1);
      for (const auto& rule : old) count(table, rule.text, 1);
      now = old;
      index(table).exits.erase(name);
    });
  }
  return rules;
}

void NftTransaction::empty_chain(NftTable& table, NamedChain& chain) {
  auto& rules = touch(table, chain);
  for (const auto& rule : rules) count(table, rule.text, -1);
  rules.clear();
}

NftOutcome NftTransaction::flush_chain(NftTable& table, const NftCommand& command) {
  const auto found = table.chains.find(std::string(command.name));
  if (found == table.chains.end()) return kernel_refuses(command.name, ENOENT);
  empty_chain(table, *found);
  return {};
}

NftOutcome NftTransaction::delete_chain(NftTable& table, const NftCommand& command) {
  const std::string name(command.name);
  const auto found = table.chains.find(name);
  if (found == table.chains.end()) return kernel_refuses(command.name, ENOENT);
  if (used(index(table).chains, name)) return kernel_refuses(command.name, EBUSY);
  // The kernel deletes the rules of a chain with it.
  empty_chain(table, *found);
  touched_.erase(&found->second);
  undo_.push_back([&table, name, old = found->second] { table.chains[name] = old; });
  table.chains.erase(found);
  return {};
}

NftOutcome NftTransaction::check_references(const NftTable& table, const NftCommand& command,
                                            const ParsedNftRule& rule) const {
  for (const auto& set : rule.sets)
    if (!table.sets.contains(set)) {
      const auto word = std::find_if(
          command.words.begin(), command.words.end(),
          [&](std::string_view w) { return w.starts_with('@') && w.substr(1) == set; });
      return nft_refuses(word == command.words.end() ? command.line : *word,
                         "No such file or directory");
    }
  if (rule.jump.empty()) return {};
  std::string_view where = command.line;
  for (size_t i = command.rest; i + 1 < command.words.size(); ++i)
    if (command.words[i] == "jump" || command.words[i] == "goto") where = command.words[i + 1];
  const auto target = table.chains.find(rule.jump);
  if (target == table.chains.end()) return kernel_refuses(where, ENOENT);
  if (!target->second.hook.empty()) return kernel_refuses(where, EOPNOTSUPP);
  return {};
}

// "add|insert|replace|delete rule F T CHAIN [handle N] text".
NftOutcome NftTransaction::change_rule(NftTable& table, const NftCommand& command) {
  const auto& words = command.words;
  const auto end_of_line = command.line.substr(command.line.size());
  size_t rest = command.rest;
  std::optional<uint64_t> handle;
  std::string_view handle_word = end_of_line;
  if (rest + 1 < words.size() && words[rest] == "handle") {
    handle_word = words[rest + 1];
    handle = parse_number(handle_word, ~uint64_t{0});
    rest += 2;
  }
  if (!handle && (command.verb == "delete" || command.verb == "replace"))
    return nft_refuses(
        rest < words.size() ? words[rest] : end_of_line,
        fmt::format("syntax error, unexpected {}, expecting handle",
                    rest < words.size() ? words[rest] : std::string_view("end of file")));
  ParsedNftRule parsed;
  if (command.verb != "delete") {
    const auto text = rest < words.size() ? words[rest] : end_of_line;
    std::string_view where = end_of_line;
    auto read =
        parse_nft_rule(command.line.substr(static_cast<size_t>(text.data() - command.line.data())),
                       command.family, &where);
    if (!read) return nft_refuses(where, read.error().message);
    parsed = std::move(*read);
  }
  const auto found = table.chains.find(std::string(command.name));
  if (found == table.chains.end()) return kernel_refuses(command.name, ENOENT);
  NamedChain& chain = *found;
  const auto& rules = chain.second.rules;
  auto where = rules.end();
  if (handle) {
    where = std::find_if(rules.begin(), rules.end(),
                         [&](const NftRule& rule) { return rule.handle == *handle; });
    if (where == rules.end()) return kernel_refuses(handle_word, ENOENT);
  }
  const auto at = static_cast<size_t>(where - rules.begin());
  if (command.verb == "delete") {
    take_rule(table, chain, at);
    return {};
  }
  if (auto refused = check_references(table, command, parsed)) return refused;
  table.last_handle += static_cast<uint64_t>(parsed.anonymous_sets);
  if (command.verb == "replace") {
    // nft 1.0.6 aborts here: interval_set_eval knows no replacing.
    if (parsed.has_interval_set)
      return NftRefusal{
          "BUG: unhandled op 2\nnft: evaluate.c:1589: interval_set_eval: Assertion `0' failed.",
          command.line, false, 134};
    parsed.rule.handle = *handle;  // the new rule takes over the old one's
    take_rule(table, chain, at);
    put_rule(table, chain, at, std::move(parsed.rule));
    return {};
  }
  parsed.rule.handle = ++table.last_handle;
  const size_t new_at =
      command.verb == "insert" ? (handle ? at : 0) : (handle ? at + 1 : rules.size());
  put_rule(table, chain, new_at, std::move(parsed.rule));
  return {};
}

void NftTransaction::put_rule(NftTable& table, NamedChain& chain, size_t at, NftRule rule) {
  count(table, rule.text, 1);
  additions_.push_back({{table.family, table.name}, chain.first, {}, rule.text});
  auto& rules = touch(table, chain);
  rules.insert(rules.begin() + static_cast<std::ptrdiff_t>(at), std::move(rule));
}

void NftTransaction::take_rule(NftTable& table, NamedChain& chain, size_t at) {
  auto& rules = touch(table, chain);
  const auto where = rules.begin() + static_cast<std::ptrdiff_t>(at);
  count(table, where->text, -1);
  rules.erase(where);
}

}  // namespace felixsim
