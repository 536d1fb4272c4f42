// SPDX-License-Identifier: Apache-2.0
#include "model/kernel/ipt_table_commands.h"

#include "model/kernel/ipt_options.h"

namespace felixsim {
namespace {

KernelAnswer refuse(int rc, std::string text) { return {rc, std::move(text)}; }

std::optional<size_t> rule_number(const CommandWords& words, size_t at) {
  if (at >= words.size() || words[at].empty() || words[at][0] == '-' || words[at][0] == '!')
    return std::nullopt;
  return parse_number(words[at], 1u << 30);
}

bool is_one_of(char letter, std::string_view letters) {
  return letters.find(letter) != std::string_view::npos;
}

// "-nvL": flags of listing before the command.
char listing_letter(std::string_view word) {
  if (word.size() < 2 || word[0] != '-' || word[1] == '-') return 0;
  if (word.find_first_not_of("nvxLS", 1) != std::string_view::npos) return 0;
  return word.find('L') != word.npos ? 'L' : word.find('S') != word.npos ? 'S' : 0;
}

}  // namespace

char ipt_command_letter(std::string_view word) {
  constexpr std::string_view letters = "AIDRFXNZEPC";
  if (word.size() == 2 && word[0] == '-' && is_one_of(word[1], letters)) return word[1];
  if (const auto* option = find_ipt_long_option(ipt_long_options(), word).option)
    return is_one_of(option->letter, letters) || is_one_of(option->letter, "LS") ? option->letter
                                                                                 : 0;
  return listing_letter(word);
}

KernelAnswer ipt_kernel_refuses(const IptProgram& program, std::string_view why,
                                std::string_view what) {
  if (program.legacy()) return refuse(1, fmt::format("{}. {}", why, what));
  return refuse(4, fmt::format("RULE_APPEND failed ({}): {}", why, what));
}

KernelAnswer IptTableCommands::run(const CommandWords& words, size_t at) {
  const char letter = ipt_command_letter(words[at]);
  Command command{letter, {}, at + 1};
  reached_table_ = false;
  if (letter == 0) return refuse(2, fmt::format("unknown option \"{}\"", words[at]));
  const bool chain_optional = is_one_of(letter, "FXZLS");
  if (command.rest < words.size() && (!chain_optional || !words[command.rest].starts_with('-')))
    command.chain = words[command.rest++];
  else if (!chain_optional)
    return refuse(2, "a chain name is required");
  if (command.chain.size() > max_ipt_chain_name) return *bad_ipt_chain_name(command.chain);
  if (!only_reads_ && !is_one_of(letter, "LSC") &&
      !(is_one_of(letter, "FXZ") && command.chain.empty()))
    transaction_.use();
  if (is_one_of(letter, "AIDC")) return for_each_address(command, words);
  return dispatch(command, words);
}

KernelAnswer IptTableCommands::read_only(const CommandWords& words, size_t at) {
  only_reads_ = true;
  auto answer = run(words, at);
  only_reads_ = false;
  return answer;
}

KernelAnswer IptTableCommands::refused_by_kernel(KernelAnswer answer) {
  if (program_.legacy()) return answer;
  if (!deferred_) deferred_ = std::move(answer);
  return {};
}

KernelAnswer IptTableCommands::dispatch(const Command& command, const CommandWords& words) {
  const auto argument = command.rest < words.size() ? words[command.rest] : std::string_view{};
  if (is_one_of(command.letter, "AIR")) return put_rule(command, words);
  if (is_one_of(command.letter, "DC")) return remove_rule(command, words);
  if (command.letter == 'N' && !argument.empty())
    return refuse(2, fmt::format("Bad argument `{}'", argument));
  if (command.letter == 'N') return new_chain(command.chain);
  if (command.letter == 'E') return rename_chain(command.chain, argument);
  if (command.letter == 'P') return set_policy(command.chain, argument);
  reached_table_ = true;
  if (only_reads_) return {};
  if (command.letter == 'F') return flush(command.chain);
  if (command.letter == 'X')
    return command.chain.empty() ? remove_all_chains() : remove_chain(command.chain);
  return command.letter == 'Z' ? zero(command.chain) : list(command, words);
}

// "-s a,b" is two rules; an inserted one comes before those before it.
KernelAnswer IptTableCommands::for_each_address(const Command& command, const CommandWords& words) {
  for (size_t i = command.rest; i + 1 < words.size(); ++i) {
    const auto word = words[i];
    const auto* option = find_ipt_long_option(ipt_long_options(), word).option;
    const bool is_address =
        word == "-s" || word == "-d" || (option && is_one_of(option->letter, "sd"));
    if (!is_address || words[i + 1].find(',') == std::string_view::npos) continue;
    if (words[i - 1] == "!")
      return refuse(2, "! not allowed with multiple source or destination IP addresses");
    CommandWords one = words;
    for (std::string_view rest = words[i + 1]; !rest.empty();) {
      const size_t comma = rest.find(',');
      one[i + 1] = rest.substr(0, comma);
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
      if (one[i + 1].empty()) continue;
      if (auto answer = for_each_address(command, one); answer.rc != 0) return answer;
    }
    return {};
  }
  return dispatch(command, words);
}

KernelAnswer IptTableCommands::parse(const Command& command, const CommandWords& words,
                                     size_t rest) {
  auto parsed = parser_.parse(words, rest, program_.dialect, rule_);
  if (!parsed) return refuse(2, parsed.error().message);
  if (auto wrong = check_words(command.chain); wrong.rc != 0) return wrong;
  reached_table_ = true;
  return {};
}

// What the tool finds before it looks at the table.
KernelAnswer IptTableCommands::check_words(const std::string& chain) {
  if (rule_.has_out && (chain == "PREROUTING" || chain == "INPUT"))
    return refuse(2, fmt::format("Can't use -o with {}", chain));
  if (rule_.has_in && (chain == "POSTROUTING" || chain == "OUTPUT"))
    return refuse(2, fmt::format("Can't use -i with {}", chain));
  const auto& ipsets = transaction_.core().state.ipsets;
  const bool v6 = program_.dialect.family == IpFamily::v6;
  for (const auto& set : rule_.sets) {
    const auto found = ipsets.find(set);
    if (found == ipsets.end()) return refuse(2, fmt::format("Set {} doesn't exist.", set));
    const std::string_view family =
        found->second.type == "bitmap:ip" ? "inet" : std::string_view(found->second.family);
    if (!family.empty() && (family == "inet6") != v6)
      return refuse(2, fmt::format("The protocol family of set {} is {}, which is not applicable.",
                                   set, family == "inet6" ? "IPv6" : "IPv4"));
  }
  if (rule_.target == "DROP" && transaction_.name() == "nat")
    return refuse(2, std::string(no_drop_in_nat));
  return {};
}

KernelAnswer IptTableCommands::check_target() {
  if (!rule_.target_is_chain || transaction_.find(rule_.target)) return {};
  return refuse(2, fmt::format("Chain '{}' does not exist", rule_.target));
}

// Whether the parsed rule may stand in this table, and jump to its chain.
KernelAnswer IptTableCommands::check(const std::string& chain) {
  const auto failed = [&](std::string_view why) {
    return ipt_kernel_refuses(program_, why, "rule in chain " + chain);
  };
  if (rule_.target_is_chain && transaction_.find(rule_.target)->policy != "-")
    return failed(transaction_.is_made(rule_.target) ? "Operation not supported"
                                                     : "No such file or directory");
  if (!(rule_.tables & ipt_table_bit(transaction_.name()))) return failed("Invalid argument");
  if (rule_.matches_nothing && !program_.legacy()) return failed("Invalid argument");
  if (!rule_.kernel_feature.empty() &&
      transaction_.core().state.lacks.contains(std::string(rule_.kernel_feature)))
    return failed("No such file or directory");
  return {};
}

KernelAnswer IptTableCommands::put_rule(const Command& command, const CommandWords& words) {
  size_t rest = command.rest;
  std::optional<size_t> number;
  if (command.letter != 'A') number = rule_number(words, rest);
  if (number) ++rest;
  if (command.letter == 'R' && !number) return refuse(2, "-R requires a rule number");
  if (number == 0) return refuse(2, "Invalid rule number `0'");
  if (auto wrong = parse(command, words, rest); wrong.rc != 0 || only_reads_) return wrong;
  if (auto wrong = check_target(); wrong.rc != 0) return wrong;
  const auto* present = transaction_.find(command.chain);
  if (!present) return no_such_ipt_chain();
  if (auto wrong = check(command.chain); wrong.rc != 0)
    if (auto now = refused_by_kernel(std::move(wrong)); now.rc != 0) return now;
  const size_t size = present->rules.size();
  const size_t at = command.letter == 'A' ? size : number.value_or(1) - 1;
  if (command.letter == 'R' && at >= size) return refuse(1, "Index of replacement too big.");
  if (at > size) return refuse(1, "Index of insertion too big.");
  transaction_.make(command.chain);
  IptChain& chain = transaction_.touch(command.chain);
  const auto where = chain.rules.begin() + static_cast<std::ptrdiff_t>(at);
  transaction_.note_put(command.chain, rule_);
  if (command.letter == 'R') {
    count(*where, -1);
    *where = std::move(rule_.text);
  } else {
    chain.rules.insert(where, std::move(rule_.text));
  }
  return {};
}

void IptTableCommands::count(const IptRule& rule, int delta) {
  count_ipt_rule(transaction_.core(), transaction_.references(), rule, delta);
}

KernelAnswer IptTableCommands::remove_rule(const Command& command, const CommandWords& words) {
  const auto bad_rule = [] {
    return refuse(1, "Bad rule (does a matching rule exist in that chain?).");
  };
  auto number = command.letter == 'D' ? rule_number(words, command.rest) : std::nullopt;
  if (number == 0) return refuse(2, "Invalid rule number `0'");
  if (!number)
    if (auto wrong = parse(command, words, command.rest); wrong.rc != 0) return wrong;
  reached_table_ = true;
  if (only_reads_) return {};
  const auto* present = transaction_.find(command.chain);
  if (!present) return number ? no_such_ipt_chain() : bad_rule();
  if (!number) {
    const auto found = std::find(present->rules.begin(), present->rules.end(), rule_.text);
    if (found == present->rules.end()) return bad_rule();
    number = static_cast<size_t>(found - present->rules.begin()) + 1;
  }
  if (command.letter == 'C') return {};
  if (*number > present->rules.size()) return refuse(1, "Index of deletion too big.");
  IptChain& chain = transaction_.touch(command.chain);
  const auto where = chain.rules.begin() + static_cast<std::ptrdiff_t>(*number - 1);
  count(*where, -1);
  chain.rules.erase(where);
  return {};
}

// Of `-L` only the answer whether it can: its table is not printed.
KernelAnswer IptTableCommands::list(const Command& command, const CommandWords& words) {
  if (!command.chain.empty() && !transaction_.find(command.chain)) return no_such_ipt_chain();
  if (command.letter == 'L') return {};
  const auto number = rule_number(words, command.rest);
  std::string heads, rules;
  for_each_ipt_chain(transaction_.name(), transaction_.table(),
                     [&](const std::string& name, const IptChain& chain) {
                       if (!command.chain.empty() && name != command.chain) return;
                       const bool user = chain.policy == "-";
                       heads +=
                           user ? "-N " + name + "\n" : "-P " + name + " " + chain.policy + "\n";
                       for (size_t i = 0; i < chain.rules.size(); ++i)
                         if (!number || *number == i + 1)
                           rules += fmt::format("-A {}{}{}\n", name,
                                                chain.rules[i].empty() ? "" : " ", chain.rules[i]);
                     });
  return {0, number ? rules : heads + rules};
}

}  // namespace felixsim
