// SPDX-License-Identifier: Apache-2.0
// See iptables_text.h. Rules are kept as they stand: what iptables-save printed is canonical.
#include "model/kernel/iptables_text.h"

#include "model/kernel/words.h"

namespace felixsim {
namespace {

bool is_builtin(const std::vector<std::string>& builtins, const std::string& chain) {
  return std::find(builtins.begin(), builtins.end(), chain) != builtins.end();
}

// "[12:34] rest" loses its counters.
std::string_view without_counters(std::string_view line) {
  if (!line.starts_with('[')) return line;
  const size_t close = line.find("] ");
  return close == std::string_view::npos ? line : line.substr(close + 2);
}

}  // namespace

const std::vector<std::string>& builtin_chains(std::string_view table) {
  static const std::vector<std::string> none, filter{"INPUT", "FORWARD", "OUTPUT"},
      nat{"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"},
      mangle{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"},
      raw{"PREROUTING", "OUTPUT"};
  if (table == "filter" || table == "security") return filter;
  if (table == "nat") return nat;
  if (table == "mangle") return mangle;
  return table == "raw" ? raw : none;
}

IptTable fresh_ipt_table(std::string_view table) {
  IptTable fresh;
  for (const auto& chain : builtin_chains(table)) fresh[chain].policy = "ACCEPT";
  return fresh;
}

void for_each_ipt_chain(const std::string& table_name, const IptTable& table,
                        const std::function<void(const std::string&, const IptChain&)>& each) {
  const auto& builtins = builtin_chains(table_name);
  for (const auto& name : builtins)
    if (const auto found = table.find(name); found != table.end()) each(name, found->second);
  for (const auto& [name, chain] : table)
    if (!is_builtin(builtins, name)) each(name, chain);
}

std::string print_iptables_save(const IptTables& tables) {
  size_t length = 0;
  for (const auto& [name, table] : tables)
    for (const auto& [chain_name, chain] : table) {
      length += 2 * chain_name.size() + 32;
      for (const auto& rule : chain.rules) length += chain_name.size() + rule.size() + 5;
    }
  std::string out;
  out.reserve(length);
  for (const auto& [name, table] : tables) {
    out += '*' + name + '\n';
    for_each_ipt_chain(name, table, [&](const std::string& chain_name, const IptChain& chain) {
      out += ':' + chain_name + ' ' + chain.policy + " [0:0]\n";
    });
    for_each_ipt_chain(name, table, [&](const std::string& chain_name, const IptChain& chain) {
      for (const auto& rule : chain.rules) {
        out += "-A ";
        out += chain_name;
        if (!rule.empty()) out += ' ';
        out += rule;
        out += '\n';
      }
    });
    out += "COMMIT\n";
  }
  return out;
}

Result<IptTables> parse_iptables_save(std::string_view text) {
  IptTables tables;
  IptTable* table = nullptr;
  for (int number = 1; !text.empty(); ++number) {
    auto line = take_line(text);
    const auto wrong = [&](std::string_view what) {
      return invalid(fmt::format("line {}: {}: {}", number, what, line));
    };
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '*') {
      table = &tables[std::string(line.substr(1))];
      continue;
    }
    if (!table) return wrong("outside a table");
    if (line == "COMMIT") {
      table = nullptr;
      continue;
    }
    if (line[0] == ':') {
      auto rest = line.substr(1);
      const std::string name(take_word(rest));
      const std::string policy(take_word(rest));
      if (name.empty() || policy.empty()) return wrong("a chain needs a name and a policy");
      (*table)[name].policy = policy;
      continue;
    }
    line = without_counters(line);
    if (!line.starts_with("-A ")) return wrong("neither a chain nor a rule");
    line.remove_prefix(3);
    const size_t blank = line.find(' ');
    const auto chain = table->find(std::string(line.substr(0, blank)));
    if (chain == table->end()) return wrong("a rule of a chain that is not declared");
    chain->second.rules.emplace_back(blank == std::string_view::npos ? std::string_view{}
                                                                     : line.substr(blank + 1));
  }
  return tables;
}

}  // namespace felixsim
