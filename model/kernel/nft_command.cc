// SPDX-License-Identifier: Apache-2.0
// nft: `-f -`, `--check -f -`, direct commands, list. Mirrors nftables 1.0.6 and Linux
// net/netfilter/nf_tables_api.c: one input is one transaction; rules, chains, sets and anonymous
// sets take their handles from one counter of the table, which failed transactions move on too.
// Left out: insert, rename, reset, objects, flowtables, timeouts, jump loops.
#include <absl/container/flat_hash_set.h>

#include "model/kernel/kernel_core.h"
#include "model/kernel/nft_text.h"
#include "model/kernel/nft_tokens.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

KernelAnswer fails(std::string text) { return {1, "Error: " + std::move(text)}; }
KernelAnswer not_found() { return fails("Could not process rule: No such file or directory"); }
KernelAnswer busy() { return fails("Could not process rule: Device or resource busy"); }
KernelAnswer exists() { return fails("Could not process rule: File exists"); }

struct NftCommand {
  std::string_view verb, object, family, table, name;  // name of chain, set or map
  std::vector<std::string_view> words;                 // all of them
  size_t rest = 0;                                     // first word behind the name
  std::string_view line;
};

bool is_interval(const NftSet& set) {
  return std::find(set.flags.begin(), set.flags.end(), "interval") != set.flags.end();
}

// First and last address of an element of an interval set.
std::optional<std::pair<Ip, Ip>> interval_of(std::string_view element) {
  if (const size_t dash = element.find('-'); dash != std::string_view::npos) {
    const auto low = Ip::parse(element.substr(0, dash)), high = Ip::parse(element.substr(dash + 1));
    if (!low || !high) return std::nullopt;
    return std::pair{*low, *high};
  }
  const auto net = Cidr::parse_cidr_or_ip(element);
  if (!net) return std::nullopt;
  Ip last = net->address;
  for (int bit = net->length; bit < net->address.max_prefix(); ++bit)
    last.bytes[static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(0x80 >> bit % 8);
  return std::pair{net->address, last};
}

class NftTransaction {
 public:
  explicit NftTransaction(KernelCore& core) : core_(core) {}

  KernelAnswer run(const NftCommand& command) {
    const bool adds = command.verb == "add" || command.verb == "create";
    if (command.object == "ruleset") return flush_ruleset(command.family);
    if (command.object == "table") return adds ? add_table(command) : change_table(command);
    NftTable* table = find_table(command);
    if (!table) return not_found();
    if (command.object == "chain") {
      if (adds) return add_chain(*table, command);
      return command.verb == "flush" ? flush_chain(*table, command) : delete_chain(*table, command);
    }
    if (command.object == "set" || command.object == "map") {
      if (adds) return add_set(*table, command);
      return command.verb == "flush" ? flush_set(*table, command) : delete_set(*table, command);
    }
    if (command.object == "element") return change_elements(*table, command);
    return change_rule(*table, command);
  }

  void roll_back() {
    while (!undo_.empty()) {
      undo_.back()();
      undo_.pop_back();
    }
  }

 private:
  static TableName key_of(const NftCommand& command) {
    return {std::string(command.family), std::string(command.table)};
  }
  NftTable* find_table(const NftCommand& command) {
    const auto found = core_.state.nft.find(key_of(command));
    return found == core_.state.nft.end() ? nullptr : &found->second;
  }
  NftIndex& index(const NftTable& table) { return core_.nft[{table.family, table.name}]; }
  void count(const NftTable& table, std::string_view text, int delta) {
    count_nft_text(index(table), text, delta);
  }
  static bool used(const ReferenceCounts& counts, const std::string& name) {
    const auto found = counts.find(name);
    return found != counts.end() && found->second > 0;
  }

  KernelAnswer add_table(const NftCommand& command) {
    if (find_table(command)) return command.verb == "create" ? exists() : KernelAnswer{};
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

  KernelAnswer change_table(const NftCommand& command) {
    NftTable* table = find_table(command);
    if (!table) return not_found();
    if (command.verb == "delete") {
      delete_table(key_of(command));
      return {};
    }
    for (auto& chain : table->chains) empty_chain(*table, chain);
    return {};
  }

  // What undoes earlier changes refers to the table: it goes and comes back as it is.
  void delete_table(const TableName& key) {
    auto node =
        std::make_shared<decltype(core_.state.nft)::node_type>(core_.state.nft.extract(key));
    undo_.push_back([this, key, node, old_index = std::move(core_.nft[key])] {
      core_.state.nft.insert(std::move(*node));
      core_.nft[key] = old_index;
    });
    core_.nft.erase(key);
  }

  // Of one family, or all.
  KernelAnswer flush_ruleset(std::string_view family) {
    std::vector<TableName> names;
    for (const auto& [name, table] : core_.state.nft)
      if (family.empty() || name.first == family) names.push_back(name);
    for (const auto& name : names) delete_table(name);
    return {};
  }

  // "type filter hook output priority 0 ; policy accept ;", between braces.
  static Result<std::string> base_chain(const NftCommand& command) {
    std::string type, hook, policy = "accept";
    std::vector<std::string_view> priority;
    for (size_t i = command.rest; i < command.words.size();) {
      const auto word = command.words[i++];
      const auto value = i < command.words.size() ? command.words[i] : std::string_view{};
      if (word == "type") {
        type = value;
      } else if (word == "hook") {
        hook = value;
      } else if (word == "policy") {
        policy = value;
      } else if (word == "priority") {
        while (i < command.words.size() && command.words[i] != ";" && command.words[i] != "}")
          priority.push_back(command.words[i++]);
        continue;
      } else {
        continue;
      }
      ++i;
    }
    if (type.empty()) return std::string{};
    const auto number = nft_priority_number(priority);
    if (hook.empty() || !number) return invalid("a base chain needs type, hook and priority");
    if (policy != "accept" && policy != "drop") return invalid("unknown policy " + policy);
    return fmt::format("type {} hook {} priority {}; policy {};", type, hook,
                       nft_priority(command.family, hook, *number), policy);
  }

  KernelAnswer add_chain(NftTable& table, const NftCommand& command) {
    auto hook = base_chain(command);
    if (!hook) return fails(hook.error().message);
    const std::string name(command.name);
    if (name.size() > 127) return fails("Could not process rule: File name too long");
    const auto found = table.chains.find(name);
    if (found != table.chains.end()) {
      if (command.verb == "create") return exists();
      const bool fits = hook->empty() || found->second.hook == *hook;
      return fits ? KernelAnswer{} : exists();
    }
    ++table.last_handle;
    table.chains[name].hook = *hook;
    undo_.push_back([&table, name] { table.chains.erase(name); });
    return {};
  }

  using NamedChain = std::map<std::string, NftChain>::value_type;

  // The chain's rules, to be changed; they come back if the transaction fails.
  std::vector<NftRule>& touch(NftTable& table, NamedChain& chain) {
    auto& rules = chain.second.rules;
    if (touched_.insert(&chain.second).second) {
      undo_.push_back([this, &table, name = chain.first, old = rules] {
        auto& now = table.chains[name].rules;
        for (const auto& rule : now) count(table, rule.text, -1);
        for (const auto& rule : old) count(table, rule.text, 1);
        now = old;
      });
    }
    return rules;
  }

  void empty_chain(NftTable& table, NamedChain& chain) {
    auto& rules = touch(table, chain);
    for (const auto& rule : rules) count(table, rule.text, -1);
    rules.clear();
  }

  KernelAnswer flush_chain(NftTable& table, const NftCommand& command) {
    const auto found = table.chains.find(std::string(command.name));
    if (found == table.chains.end()) return not_found();
    empty_chain(table, *found);
    return {};
  }

  KernelAnswer delete_chain(NftTable& table, const NftCommand& command) {
    const std::string name(command.name);
    const auto found = table.chains.find(name);
    if (found == table.chains.end()) return not_found();
    if (used(index(table).chains, name)) return busy();
    // The kernel deletes the rules of a chain with it.
    empty_chain(table, *found);
    touched_.erase(&found->second);
    undo_.push_back([&table, name, old = found->second] { table.chains[name] = old; });
    table.chains.erase(found);
    return {};
  }

  KernelAnswer add_set(NftTable& table, const NftCommand& command) {
    NftSet set;
    set.is_map = command.object == "map";
    for (size_t i = command.rest; i < command.words.size(); ++i) {
      if (command.words[i] == "type") {
        while (++i < command.words.size() && command.words[i] != ";" && command.words[i] != "}")
          set.type += fmt::format("{}{}", set.type.empty() ? "" : " ", command.words[i]);
      } else if (command.words[i] == "flags") {
        while (++i < command.words.size() && command.words[i] != ";" && command.words[i] != "}")
          if (command.words[i] != ",") set.flags.emplace_back(command.words[i]);
      }
    }
    if (set.type.empty()) return fails("set definition does not specify key");
    if (set.is_map != (set.type.find(" : ") != std::string::npos))
      return fails("map definition does not specify mapping data type");
    const std::string name(command.name);
    const auto found = table.sets.find(name);
    if (found != table.sets.end()) {
      const bool fits = found->second.type == set.type && found->second.flags == set.flags;
      return fits && command.verb != "create" ? KernelAnswer{} : exists();
    }
    ++table.last_handle;
    table.sets[name] = std::move(set);
    undo_.push_back([&table, name] { table.sets.erase(name); });
    return {};
  }

  void empty_set(NftTable& table, const std::string& name) {
    NftSet& set = table.sets[name];
    for (const auto& [element, value] : set.elements) count(table, value, -1);
    index(table).intervals.erase(name);
    undo_.push_back([this, &table, name, elements = std::exchange(set.elements, {})] {
      for (const auto& [element, value] : elements) count(table, value, 1);
      table.sets[name].elements = elements;
      index(table).intervals.erase(name);
    });
  }

  KernelAnswer flush_set(NftTable& table, const NftCommand& command) {
    const std::string name(command.name);
    if (!table.sets.contains(name)) return not_found();
    empty_set(table, name);
    return {};
  }

  KernelAnswer delete_set(NftTable& table, const NftCommand& command) {
    const std::string name(command.name);
    if (!table.sets.contains(name)) return not_found();
    if (used(index(table).sets, name)) return busy();
    empty_set(table, name);
    undo_.push_back([&table, name, old = table.sets[name]] { table.sets[name] = old; });
    table.sets.erase(name);
    return {};
  }

  // One element: the key's words joined and made canonical, and a map's value.
  struct Element {
    std::string key, value;
  };
  static Result<Element> read_element(const NftSet& set,
                                      const std::vector<std::string_view>& words) {
    std::string_view types = set.type;
    types = types.substr(0, types.find(" : "));
    Element element;
    size_t i = 0;
    for (; i < words.size() && words[i] != ":"; ++i) {
      if (words[i] == ".") continue;
      std::string_view type = take_word(types);
      if (type == ".") type = take_word(types);
      auto value = nft_value(type, words[i]);
      if (!value) return forward(value);
      element.key += fmt::format("{}{}", element.key.empty() ? "" : " . ", *value);
    }
    if (!trim(types).empty()) return invalid("element does not have all parts of its key");
    for (++i; i < words.size(); ++i)
      element.value += fmt::format("{}{}", element.value.empty() ? "" : " ", words[i]);
    return element;
  }

  KernelAnswer change_elements(NftTable& table, const NftCommand& command) {
    const std::string name(command.name);
    const auto found = table.sets.find(name);
    if (found == table.sets.end()) return not_found();
    std::vector<std::string_view> words;
    for (size_t i = command.rest; i < command.words.size(); ++i) {
      const auto word = command.words[i];
      if (word == "{") continue;
      if (word != "," && word != "}") {
        words.push_back(word);
        continue;
      }
      if (words.empty()) continue;
      auto element = read_element(found->second, words);
      if (!element) return fails(element.error().message);
      auto answer = command.verb == "delete" ? delete_element(table, name, *element)
                                             : add_element(table, name, *element, command);
      if (answer.rc != 0) return answer;
      words.clear();
    }
    return {};
  }

  std::map<Ip, Ip>& intervals(NftTable& table, const std::string& name) {
    auto [found, made] = index(table).intervals.try_emplace(name);
    if (made)
      for (const auto& [element, value] : table.sets[name].elements)
        if (const auto range = interval_of(element)) found->second[range->first] = range->second;
    return found->second;
  }

  KernelAnswer add_element(NftTable& table, const std::string& name, const Element& element,
                           const NftCommand& command) {
    NftSet& set = table.sets[name];
    if (set.is_map == element.value.empty()) return fails("map element needs a value");
    const auto present = set.elements.find(element.key);
    if (present != set.elements.end()) {
      const bool fits = present->second == element.value && command.verb != "create";
      return fits ? KernelAnswer{} : exists();
    }
    if (set.is_map) {
      std::string_view rest = element.value;
      const auto verdict = take_word(rest);
      if ((verdict == "jump" || verdict == "goto") &&
          !table.chains.contains(std::string(trim(rest))))
        return not_found();
    }
    if (!is_interval(set) && set.type.find(" . ") == std::string::npos &&
        element.key.find('/') != std::string::npos)
      return fails(
          "You must add 'flags interval' to your set declaration if you want to add prefix "
          "elements");
    if (is_interval(set)) {
      const auto range = interval_of(element.key);
      if (!range) return fails("element is no interval");
      auto& ranges = intervals(table, name);
      auto next = ranges.upper_bound(range->second);
      if (next != ranges.begin() && std::prev(next)->second >= range->first)
        return fails("interval overlaps with an existing one");
      ranges[range->first] = range->second;
    }
    put_element(table, name, element);
    undo_.push_back([this, &table, name, element] { take_element(table, name, element); });
    return {};
  }

  KernelAnswer delete_element(NftTable& table, const std::string& name, const Element& element) {
    const NftSet& set = table.sets[name];
    const auto present = set.elements.find(element.key);
    if (present == set.elements.end()) return not_found();
    const Element old{element.key, present->second};
    take_element(table, name, old);
    undo_.push_back([this, &table, name, old] { put_element(table, name, old); });
    return {};
  }

  void put_element(NftTable& table, const std::string& name, const Element& element) {
    table.sets[name].elements[element.key] = element.value;
    count(table, element.value, 1);
    const auto index_of = index(table).intervals.find(name);
    if (index_of == index(table).intervals.end()) return;
    if (const auto range = interval_of(element.key)) index_of->second[range->first] = range->second;
  }
  void take_element(NftTable& table, const std::string& name, const Element& element) {
    table.sets[name].elements.erase(element.key);
    count(table, element.value, -1);
    const auto index_of = index(table).intervals.find(name);
    if (index_of == index(table).intervals.end()) return;
    if (const auto range = interval_of(element.key)) index_of->second.erase(range->first);
  }

  // "add|insert|replace|delete rule F T CHAIN [handle N] text".
  KernelAnswer change_rule(NftTable& table, const NftCommand& command) {
    const auto found = table.chains.find(std::string(command.name));
    if (found == table.chains.end()) return not_found();
    NamedChain& chain = *found;
    std::optional<uint64_t> handle;
    size_t rest = command.rest;
    if (rest + 1 < command.words.size() && command.words[rest] == "handle") {
      handle = parse_number(command.words[rest + 1], ~uint64_t{0});
      rest += 2;
    }
    const auto& rules = chain.second.rules;
    auto where = rules.end();
    if (handle) {
      where = std::find_if(rules.begin(), rules.end(),
                           [&](const NftRule& rule) { return rule.handle == *handle; });
      if (where == rules.end()) return not_found();
    }
    const auto at = static_cast<size_t>(where - rules.begin());
    if (command.verb == "delete") {
      if (!handle) return fails("syntax error, expecting handle");
      take_rule(table, chain, at);
      return {};
    }
    const char* start = rest < command.words.size() ? command.words[rest].data()
                                                    : command.line.data() + command.line.size();
    auto parsed = parse_nft_rule(
        command.line.substr(static_cast<size_t>(start - command.line.data())), command.family);
    if (!parsed) return {1, parsed.error().message};
    for (const auto& set : parsed->sets)
      if (!table.sets.contains(set)) return not_found();
    if (!parsed->jump.empty()) {
      const auto target = table.chains.find(parsed->jump);
      if (target == table.chains.end()) return not_found();
      if (!target->second.hook.empty())
        return fails("Could not process rule: Operation not supported");
    }
    table.last_handle += static_cast<uint64_t>(parsed->anonymous_sets);
    if (command.verb == "replace") {
      if (!handle) return fails("syntax error, expecting handle");
      // nft 1.0.6 aborts here: interval_set_eval knows no replacing.
      if (parsed->has_interval_set)
        return {
            134,
            "BUG: unhandled op 2\nnft: evaluate.c:1589: interval_set_eval: Assertion `0' failed."};
      parsed->rule.handle = *handle;  // the new rule takes over the old one's
      take_rule(table, chain, at);
      put_rule(table, chain, at, std::move(parsed->rule));
      return {};
    }
    parsed->rule.handle = ++table.last_handle;
    const size_t new_at =
        command.verb == "insert" ? (handle ? at : 0) : (handle ? at + 1 : rules.size());
    put_rule(table, chain, new_at, std::move(parsed->rule));
    return {};
  }

  void put_rule(NftTable& table, NamedChain& chain, size_t at, NftRule rule) {
    count(table, rule.text, 1);
    auto& rules = touch(table, chain);
    rules.insert(rules.begin() + static_cast<std::ptrdiff_t>(at), std::move(rule));
  }
  void take_rule(NftTable& table, NamedChain& chain, size_t at) {
    auto& rules = touch(table, chain);
    const auto where = rules.begin() + static_cast<std::ptrdiff_t>(at);
    count(table, where->text, -1);
    rules.erase(where);
  }

  KernelCore& core_;
  std::vector<std::function<void()>> undo_;
  absl::flat_hash_set<const NftChain*> touched_;  // of those that there are
};

Result<NftCommand> read_command(std::string_view line) {
  NftCommand command;
  command.line = line;
  command.words = nft_tokens(line);
  const auto& words = command.words;
  const auto word = [&](size_t i) { return i < words.size() ? words[i] : std::string_view{}; };
  command.verb = word(0);
  command.object = word(1);
  static constexpr std::string_view verbs[] = {"add",   "create",  "delete",
                                               "flush", "replace", "insert"};
  static constexpr std::string_view objects[] = {"table",   "chain", "set",    "map",
                                                 "element", "rule",  "ruleset"};
  if (std::find(std::begin(verbs), std::end(verbs), command.verb) == std::end(verbs) ||
      std::find(std::begin(objects), std::end(objects), command.object) == std::end(objects) ||
      (command.object == "ruleset" && command.verb != "flush"))
    return invalid(fmt::format("Error: syntax error, unexpected {}", line.substr(0, 60)));
  if (command.verb == "flush" && command.object == "ruleset") {
    command.family = word(2);
    return command;
  }
  static constexpr std::string_view families[] = {"ip", "ip6", "inet", "arp", "bridge", "netdev"};
  size_t at = 2;
  command.family = "ip";
  if (std::find(std::begin(families), std::end(families), word(at)) != std::end(families))
    command.family = word(at++);
  command.table = word(at++);
  if (command.object != "table") command.name = word(at++);
  command.rest = at;
  if (command.table.empty() || (command.object != "table" && command.name.empty()))
    return invalid("Error: syntax error, unexpected end of file");
  return command;
}

// The kernel goes on with a batch in which something is wrong, to tell all that is, and so numbers
// what comes behind it too.
bool is_kernels(const KernelAnswer& answer) {
  return answer.text.starts_with("Error: Could not process rule");
}

KernelAnswer run_input(KernelCore& core, std::string_view input, bool check) {
  NftTransaction transaction(core);
  KernelAnswer answer;
  std::set<TableName> tables;
  std::map<TableName, uint64_t> handles;
  for (const auto& [name, table] : core.state.nft) handles[name] = table.last_handle;
  while (!input.empty()) {
    const auto line = trim(take_line(input));
    if (line.empty() || line[0] == '#') continue;
    const auto command = read_command(line);
    if (!command) {
      answer = {1, command.error().message};
      break;
    }
    // What nft itself refuses, it does not send; but it reads all of the input before.
    if (answer.rc != 0 && !is_kernels(answer)) continue;
    auto one = transaction.run(*command);
    tables.emplace(command->family, command->table);
    if (one.rc != 0 && (answer.rc == 0 || !is_kernels(one))) answer = std::move(one);
  }
  for (const auto& table : tables)
    if (answer.rc == 0 && rejects_after_routing(core, table))
      answer = fails("Could not process rule: Operation not supported");
  if (answer.rc != 0 || check) transaction.roll_back();
  if (answer.rc != 0 && !is_kernels(answer))
    for (const auto& [name, handle] : handles)
      if (const auto table = core.state.nft.find(name); table != core.state.nft.end())
        table->second.last_handle = handle;
  return answer;
}

}  // namespace

void count_nft_text(NftIndex& index, std::string_view text, int delta) {
  for (std::string_view rest = text; !rest.empty();) {
    const auto word = take_word(rest);
    if (word.starts_with('"') && (word.size() == 1 || !word.ends_with('"'))) {
      // A string with blanks: skip to its end.
      const size_t close = rest.find('"');
      rest = close == std::string_view::npos ? std::string_view{} : rest.substr(close + 1);
    } else if (word == "reject") {
      index.rejects += delta;
    } else if (word.starts_with('@')) {
      index.sets[std::string(word.substr(1))] += delta;
    } else if (word == "jump" || word == "goto") {
      index.chains[std::string(take_word(rest))] += delta;
    }
  }
}

KernelAnswer run_nft(KernelCore& core, const CommandWords& words, std::string_view input) {
  bool check = false;
  std::string direct, file;
  for (size_t i = 1; i < words.size(); ++i) {
    const auto word = words[i];
    if (direct.empty() && (word == "-c" || word == "--check"))
      check = true;
    else if (direct.empty() && (word == "-f" || word == "--file"))
      file = i + 1 < words.size() ? words[++i] : "";
    else if (direct.empty() && word.starts_with('-'))
      continue;
    else
      direct += fmt::format("{}{}", direct.empty() ? "" : " ", word);
  }
  if (file == "-" || file == "/dev/stdin") return run_input(core, input, check);
  if (!file.empty()) return fails("only standard input can be read: " + file);
  if (direct == "list ruleset") return {0, print_nft_ruleset(core.state.nft)};
  if (direct.starts_with("list table ")) {
    const auto tokens = nft_tokens(direct);
    const TableName key{std::string(tokens.size() > 3 ? tokens[2] : "ip"),
                        std::string(tokens.back())};
    const auto found = core.state.nft.find(key);
    return found == core.state.nft.end() ? not_found()
                                         : KernelAnswer{0, print_nft_table(found->second)};
  }
  return run_input(core, direct, check);
}

}  // namespace felixsim
