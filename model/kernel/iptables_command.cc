// SPDX-License-Identifier: Apache-2.0
// iptables, iptables-restore and iptables-save, both backends and families. Mirrors iptables 1.8.9
// (nft.c, nft-cmd.c, iptables-restore.c): a table's commands are one transaction. Left out: loops
// and depth of jumps, hooks from which a target may be reached, counters.
#include "model/kernel/ipt_rule.h"
#include "model/kernel/kernel_core.h"

namespace felixsim {
namespace {

constexpr size_t max_chain_name = 28;  // XT_EXTENSION_MAXNAMELEN - 1

struct IptProgram {
  std::string name;  // as it calls itself
  IptDialect dialect;
  bool restore = false, save = false;
};

IptProgram program_of(std::string_view word) {
  if (const size_t slash = word.rfind('/'); slash != std::string_view::npos)
    word = word.substr(slash + 1);
  IptProgram program{std::string(word), {}, false, false};
  if (word.starts_with("ip6")) program.dialect.family = IpFamily::v6;
  if (word.find("-legacy") != std::string_view::npos) program.dialect.backend = IptBackend::legacy;
  program.restore = word.ends_with("-restore");
  program.save = word.ends_with("-save");
  return program;
}

// What undoes the changes to one table: the chains that were touched, as they were (null: absent).
class Transaction {
 public:
  Transaction(KernelCore& core, const IptProgram& program, const std::string& table)
      : core_(core),
        tables_(core.state.iptables[{program.dialect.family, program.dialect.backend}]),
        name_(table),
        references_(
            core.chain_references[{program.dialect.family, program.dialect.backend, table}]),
        was_there_(tables_.contains(table)),
        legacy_(program.dialect.backend == IptBackend::legacy) {
    if (!was_there_) tables_[table] = fresh_ipt_table(table);
  }

  IptTable& table() { return tables_[name_]; }
  ReferenceCounts& references() { return references_; }
  KernelCore& core() { return core_; }
  const std::string& name() const { return name_; }

  IptChain* find(std::string_view chain) {
    const auto found = table().find(std::string(chain));
    return found == table().end() ? nullptr : &found->second;
  }
  // The chain, to be changed; remembered as it was.
  IptChain& touch(const std::string& chain) {
    IptChain& present = table()[chain];
    undo_.try_emplace(chain, present);
    return present;
  }
  // A chain that is to lose all its rules: they are moved, not copied.
  void empty(const std::string& chain) {
    IptChain& present = table()[chain];
    count(present, -1);
    auto [saved, first] = undo_.try_emplace(chain);
    if (first) {
      saved->second = IptChain{present.policy, std::move(present.rules)};
    }
    present.rules.clear();
  }
  void create(const std::string& chain) {
    undo_.try_emplace(chain, std::nullopt);
    table()[chain] = IptChain{};
  }
  void remove(const std::string& chain) {
    touch(chain);
    table().erase(chain);
  }
  void count(const IptChain& chain, int delta) {
    for (const auto& rule : chain.rules) count_ipt_rule(core_, references_, rule, delta);
  }
  void roll_back() {
    for (auto& [name, chain] : undo_) {
      if (const auto* present = find(name)) count(*present, -1);
      table().erase(name);
      if (chain) {
        count(*chain, 1);
        table()[name] = std::move(*chain);
      }
    }
    undo_.clear();
    // A legacy table is there from the first look at it on.
    if (!was_there_ && !legacy_) tables_.erase(name_);
  }

 private:
  KernelCore& core_;
  IptTables& tables_;
  std::string name_;
  ReferenceCounts& references_;
  bool was_there_, legacy_;
  std::map<std::string, std::optional<IptChain>> undo_;
};

KernelAnswer refuse(int rc, std::string text) { return {rc, std::move(text)}; }
KernelAnswer no_such_chain() { return refuse(1, "No chain/target/match by that name."); }
// What the kernel itself refuses: rc 4 of the nft tools, 1 of the legacy ones.
KernelAnswer kernel_refuses(const IptProgram& program, std::string text) {
  return refuse(program.dialect.backend == IptBackend::nft ? 4 : 1, std::move(text));
}

std::optional<KernelAnswer> bad_chain_name(std::string_view name) {
  if (name.empty() || name[0] == '-' || name[0] == '!')
    return refuse(2, fmt::format("Invalid chain name `{}'", name));
  if (name.size() > max_chain_name)
    return refuse(2, fmt::format("chain name `{}' too long (must be under 29 chars)", name));
  if (find_ipt_target(name))
    return refuse(2, fmt::format("Invalid chain name `{}' (clashes with a target)", name));
  return std::nullopt;
}

// One command of a table: its letter, its chain, and the rest of the words.
struct Command {
  char letter = 0;
  std::string chain;
  size_t rest = 0;
};

char command_letter(std::string_view word) {
  static constexpr std::pair<std::string_view, char> names[] = {
      {"--append", 'A'},       {"--insert", 'I'},       {"--delete", 'D'},    {"--replace", 'R'},
      {"--flush", 'F'},        {"--delete-chain", 'X'}, {"--new-chain", 'N'}, {"--zero", 'Z'},
      {"--rename-chain", 'E'}, {"--policy", 'P'},       {"--check", 'C'}};
  if (word.size() == 2 && word[0] == '-' &&
      std::string_view("AIDRFXNZEPC").find(word[1]) != word.npos)
    return word[1];
  for (const auto& [name, letter] : names)
    if (name == word) return letter;
  return 0;
}

class TableCommands {
 public:
  TableCommands(const IptProgram& program, Transaction& transaction)
      : program_(program), transaction_(transaction) {}

  // A command line from its command word on.
  KernelAnswer run(const CommandWords& words, size_t at) {
    const char letter = command_letter(words[at]);
    Command command{letter, {}, at + 1};
    if (letter == 0) return refuse(2, fmt::format("unknown option \"{}\"", words[at]));
    const bool chain_optional = letter == 'F' || letter == 'X' || letter == 'Z';
    if (command.rest < words.size() && (!chain_optional || words[command.rest][0] != '-'))
      command.chain = words[command.rest++];
    else if (!chain_optional)
      return refuse(2, "a chain name is required");
    switch (letter) {
      case 'A':
      case 'I':
      case 'R':
        return put_rule(command, words);
      case 'D':
      case 'C':
        return remove_rule(command, words);
      case 'F':
        return flush(command.chain);
      case 'X':
        return command.chain.empty() ? remove_all_chains() : remove_chain(command.chain);
      case 'N':
        return new_chain(command.chain);
      case 'P':
        return set_policy(command.chain, command.rest < words.size() ? words[command.rest] : "");
      case 'E':
        return rename_chain(command.chain, command.rest < words.size() ? words[command.rest] : "");
      default:
        return {};  // zeroing counters changes nothing here
    }
  }

  // ":chain policy" of iptables-restore: makes a user chain, or empties it.
  KernelAnswer declare(const std::string& chain, const std::string& policy) {
    if (auto* present = transaction_.find(chain)) {
      if (present->policy == "-") {
        transaction_.empty(chain);
      } else if (policy != "-") {
        return set_policy(chain, policy);
      }
      return {};
    }
    if (auto bad = bad_chain_name(chain)) return *bad;
    transaction_.create(chain);
    return {};
  }

  // Without --noflush every chain goes first.
  void empty_table() {
    std::vector<std::string> names;
    for (const auto& [name, chain] : transaction_.table()) names.push_back(name);
    for (const auto& name : names) transaction_.empty(name);
    for (const auto& name : names)
      if (transaction_.find(name)->policy == "-") transaction_.remove(name);
  }

 private:
  KernelAnswer parse(const CommandWords& words, size_t rest) {
    auto parsed = parser_.parse(words, rest, program_.dialect, rule_);
    if (!parsed) return refuse(2, parsed.error().message);
    return {};
  }

  // Whether the parsed rule may stand in this table and refers to what is there.
  KernelAnswer check(const std::string& chain) {
    const auto& ipsets = transaction_.core().state.ipsets;
    const bool v6 = program_.dialect.family == IpFamily::v6;
    for (const auto& set : rule_.sets) {
      const auto found = ipsets.find(set);
      if (found == ipsets.end()) return refuse(2, fmt::format("Set {} doesn't exist.", set));
      const auto& family = found->second.family;
      if (!family.empty() && (family == "inet6") != v6)
        return refuse(
            2, fmt::format("The protocol family of set {} is {}, which is not applicable.", set,
                           family == "inet6" ? "IPv6" : "IPv4"));
    }
    if (rule_.target == "DROP" && transaction_.name() == "nat")
      return refuse(2,
                    "The \"nat\" table is not intended for filtering, the use of DROP is therefore "
                    "inhibited.");
    const auto failed = [&](std::string_view why) {
      return kernel_refuses(program_,
                            fmt::format("RULE_APPEND failed ({}): rule in chain {}", why, chain));
    };
    if (rule_.target_is_chain) {
      const auto* target = transaction_.find(rule_.target);
      if (!target) return refuse(2, fmt::format("Chain '{}' does not exist", rule_.target));
      if (target->policy != "-") return failed("Operation not supported");
    }
    if (!(rule_.tables & ipt_table_bit(transaction_.name()))) return failed("Invalid argument");
    if (rule_.matches_nothing && program_.dialect.backend == IptBackend::nft)
      return failed("Invalid argument");
    if (!rule_.kernel_feature.empty() &&
        transaction_.core().state.lacks.contains(std::string(rule_.kernel_feature)))
      return failed("No such file or directory");
    return {};
  }

  static std::optional<size_t> rule_number(const CommandWords& words, size_t at) {
    if (at >= words.size() || words[at].empty() || words[at][0] == '-' || words[at][0] == '!')
      return std::nullopt;
    return parse_number(words[at], 1u << 30);
  }

  KernelAnswer put_rule(const Command& command, const CommandWords& words) {
    size_t rest = command.rest;
    std::optional<size_t> number;
    if (command.letter != 'A') number = rule_number(words, rest);
    if (number) ++rest;
    if (command.letter == 'R' && !number) return refuse(2, "-R requires a rule number");
    if (auto wrong = parse(words, rest); wrong.rc != 0) return wrong;
    const auto* present = transaction_.find(command.chain);
    if (!present) return no_such_chain();
    if (auto wrong = check(command.chain); wrong.rc != 0) return wrong;
    const size_t size = present->rules.size();
    const size_t at = command.letter == 'A' ? size : number.value_or(1) - 1;
    if (command.letter == 'R' && at >= size) return refuse(1, "Index of replacement too big.");
    if (at > size) return refuse(1, "Index of insertion too big.");
    IptChain& chain = transaction_.touch(command.chain);
    const auto where = chain.rules.begin() + static_cast<std::ptrdiff_t>(at);
    count_parsed();
    if (command.letter == 'R') {
      count(*where, -1);
      *where = std::move(rule_.text);
    } else {
      chain.rules.insert(where, std::move(rule_.text));
    }
    return {};
  }

  void count_parsed() {
    if (rule_.target_is_chain && !rule_.target.empty()) ++transaction_.references()[rule_.target];
    for (const auto& set : rule_.sets) ++transaction_.core().set_references[set];
  }
  void count(const IptRule& rule, int delta) {
    count_ipt_rule(transaction_.core(), transaction_.references(), rule, delta);
  }

  KernelAnswer remove_rule(const Command& command, const CommandWords& words) {
    const auto bad_rule = [] {
      return refuse(1, "Bad rule (does a matching rule exist in that chain?).");
    };
    auto number = command.letter == 'D' ? rule_number(words, command.rest) : std::nullopt;
    if (!number)
      if (auto wrong = parse(words, command.rest); wrong.rc != 0) return wrong;
    const auto* present = transaction_.find(command.chain);
    if (!present) return number ? no_such_chain() : bad_rule();
    if (!number) {
      const auto found = std::find(present->rules.begin(), present->rules.end(), rule_.text);
      if (found == present->rules.end()) return bad_rule();
      number = static_cast<size_t>(found - present->rules.begin()) + 1;
    }
    if (command.letter == 'C') return {};
    if (*number == 0 || *number > present->rules.size())
      return refuse(1, "Index of deletion too big.");
    IptChain& chain = transaction_.touch(command.chain);
    const auto where = chain.rules.begin() + static_cast<std::ptrdiff_t>(*number - 1);
    count(*where, -1);
    chain.rules.erase(where);
    return {};
  }

  KernelAnswer flush(const std::string& chain) {
    if (chain.empty()) {
      for (auto& [name, present] : transaction_.table()) transaction_.empty(name);
      return {};
    }
    if (!transaction_.find(chain)) return no_such_chain();
    transaction_.empty(chain);
    return {};
  }

  KernelAnswer remove_chain(const std::string& chain) {
    const auto* present = transaction_.find(chain);
    if (!present) return no_such_chain();
    const auto references = transaction_.references().find(chain);
    const bool referred = references != transaction_.references().end() && references->second > 0;
    if (present->policy != "-" || referred || !present->rules.empty())
      return kernel_refuses(
          program_, fmt::format("CHAIN_DEL failed (Device or resource busy): chain {}", chain));
    transaction_.remove(chain);
    return {};
  }

  KernelAnswer remove_all_chains() {
    std::vector<std::string> names;
    for (const auto& [name, chain] : transaction_.table())
      if (chain.policy == "-") names.push_back(name);
    for (const auto& name : names)
      if (auto wrong = remove_chain(name); wrong.rc != 0) return wrong;
    return {};
  }

  KernelAnswer new_chain(const std::string& chain) {
    if (auto bad = bad_chain_name(chain)) return *bad;
    if (transaction_.find(chain)) return refuse(1, "Chain already exists.");
    transaction_.create(chain);
    return {};
  }

  KernelAnswer set_policy(const std::string& chain, std::string_view policy) {
    const auto* present = transaction_.find(chain);
    if (!present || present->policy == "-") return refuse(1, "Bad built-in chain name.");
    if (policy != "ACCEPT" && policy != "DROP") return refuse(1, "Bad policy name.");
    transaction_.touch(chain).policy = policy;
    return {};
  }

  KernelAnswer rename_chain(const std::string& from, std::string_view to) {
    if (auto bad = bad_chain_name(to)) return *bad;
    const auto* present = transaction_.find(from);
    if (!present || present->policy == "-") return no_such_chain();
    if (transaction_.find(to)) return refuse(1, "Chain already exists.");
    if (transaction_.references()[from] > 0)
      return refuse(1, "felixsim does not rename a chain that rules jump to");
    const IptChain chain = transaction_.touch(from);
    transaction_.remove(from);
    transaction_.create(std::string(to));
    transaction_.touch(std::string(to)) = chain;
    return {};
  }

  const IptProgram& program_;
  Transaction& transaction_;
  IptRuleParser parser_;
  ParsedIptRule rule_;
};

// The program's own options before its input or command; false: one that is not known.
struct ProgramOptions {
  bool no_flush = false, test = false;
  std::string table;
};

bool take_option(const CommandWords& words, size_t& i, bool restore, ProgramOptions& options) {
  const auto word = words[i];
  const auto is = [&](std::string_view a, std::string_view b) { return word == a || word == b; };
  if (is("-n", "--noflush")) return options.no_flush = true;
  if (restore && is("-t", "--test")) return options.test = true;
  if (is("-v", "--verbose") || is("-c", "--counters") || word == "--numeric") return true;
  if (restore ? is("-T", "--table") : is("-t", "--table")) {
    if (i + 1 >= words.size()) return false;
    options.table = words[++i];
    return true;
  }
  if (is("-w", "--wait") || is("-W", "--wait-interval")) {
    if (i + 1 < words.size() && parse_number(words[i + 1], 1u << 31)) ++i;
    return true;
  }
  return word.starts_with("--wait");
}

std::string failure_text(const IptProgram& program, int line, const KernelAnswer& answer) {
  const bool nft = program.dialect.backend == IptBackend::nft;
  if (answer.rc == 1) return fmt::format("{}: line {} failed: {}", program.name, line, answer.text);
  if (answer.rc == 4)
    return fmt::format("{} v1.8.9 (nf_tables): \nline {}: {}", program.name, line, answer.text);
  return fmt::format(
      "{} v1.8.9 ({}): {}\nError occurred at line: {}\nTry `{} -h' or '{} --help' "
      "for more information.",
      program.name, nft ? "nf_tables" : "legacy", answer.text, line, program.name, program.name);
}

// The lines of one table up to COMMIT.
KernelAnswer restore_table(const IptProgram& program, const ProgramOptions& options,
                           TableCommands& commands, std::string_view& input, int& line_number) {
  Words words;
  if (!options.no_flush) commands.empty_table();
  while (!input.empty()) {
    const auto line = take_line(input);
    ++line_number;
    if (line.empty() || line[0] == '#') continue;
    if (line == "COMMIT") return {};
    KernelAnswer answer;
    if (!split_restore_line(line, words)) {
      answer = refuse(2, "unbalanced quotes");
    } else if (words.words.empty()) {
      continue;
    } else if (line[0] == ':') {
      const std::string chain(words.words[0].substr(1));
      answer = words.words.size() < 2 ? refuse(2, fmt::format("line {} chain invalid", line_number))
                                      : commands.declare(chain, std::string(words.words[1]));
    } else {
      const size_t at = words.words[0].starts_with('[') ? 1 : 0;  // counters
      answer = at < words.words.size() ? commands.run(words.words, at) : KernelAnswer{};
    }
    if (answer.rc != 0) return refuse(answer.rc, failure_text(program, line_number, answer));
  }
  return refuse(1, fmt::format("{}: COMMIT expected at line {}", program.name, line_number + 1));
}

KernelAnswer run_restore(KernelCore& core, const IptProgram& program, const ProgramOptions& options,
                         std::string_view input) {
  for (int line_number = 0; !input.empty();) {
    const auto line = trim(take_line(input));
    ++line_number;
    if (line.empty() || line[0] == '#') continue;
    if (line[0] != '*')
      return refuse(2,
                    fmt::format("{}: line {} failed: outside a table", program.name, line_number));
    const std::string table(line.substr(1));
    if (ipt_table_bit(table) == 0)
      return refuse(3, fmt::format("{}: unable to initialize table '{}'", program.name, table));
    Transaction transaction(core, program, table);
    TableCommands commands(program, transaction);
    const auto answer = restore_table(program, options, commands, input, line_number);
    if (answer.rc != 0 || options.test) transaction.roll_back();
    if (answer.rc != 0) return answer;
  }
  return {};
}

KernelAnswer run_save(const KernelCore& core, const IptProgram& program,
                      const ProgramOptions& options) {
  const auto found = core.state.iptables.find({program.dialect.family, program.dialect.backend});
  if (found == core.state.iptables.end()) return {};
  if (options.table.empty()) return {0, print_iptables_save(found->second)};
  const auto table = found->second.find(options.table);
  if (table == found->second.end()) return {};
  return {0, print_iptables_save({{table->first, table->second}})};
}

KernelAnswer run_direct(KernelCore& core, const IptProgram& program, const ProgramOptions& options,
                        const CommandWords& words, size_t at) {
  const std::string table = options.table.empty() ? "filter" : options.table;
  if (ipt_table_bit(table) == 0)
    return refuse(3, fmt::format("{}: table '{}' does not exist", program.name, table));
  Transaction transaction(core, program, table);
  TableCommands commands(program, transaction);
  auto answer = commands.run(words, at);
  if (answer.rc == 0) return answer;
  transaction.roll_back();
  return refuse(answer.rc, fmt::format("{}: {}", program.name, answer.text));
}

}  // namespace

// Options are recognised by the blank before them; what stands in double quotes is skipped.
void count_ipt_rule(KernelCore& core, ReferenceCounts& chains, const IptRule& rule, int delta) {
  const std::string_view text = rule;
  for (size_t at = 0; (at = text.find_first_of("-\"", at)) != std::string_view::npos;) {
    if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"';) at += text[at] == '\\' ? 2 : 1;
      if (at >= text.size()) return;
      ++at;
      continue;
    }
    if (at > 0 && text[at - 1] != ' ') {
      ++at;
      continue;
    }
    std::string_view rest = text.substr(at);
    const auto option = take_word(rest);
    at += option.size();
    if (option == "--match-set") {
      core.set_references[std::string(take_word(rest))] += delta;
    } else if (option == "-g" || option == "-j") {
      const auto target = take_word(rest);
      if (option == "-g" || !find_ipt_target(target)) chains[std::string(target)] += delta;
      return;
    }
  }
}

// The table and the lock options may stand anywhere in a direct command.
CommandWords without_global_options(const CommandWords& words, ProgramOptions& options) {
  CommandWords rest;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto word = words[i];
    const bool has_next = i + 1 < words.size();
    if ((word == "-t" || word == "--table") && has_next)
      options.table = words[++i];
    else if (word == "-w" || word == "--wait")
      i += has_next && parse_number(words[i + 1], 1u << 31) ? 1 : 0;
    else
      rest.push_back(word);
  }
  return rest;
}

KernelAnswer run_iptables(KernelCore& core, const CommandWords& words, std::string_view input) {
  const IptProgram program = program_of(words[0]);
  ProgramOptions options;
  const bool direct = !program.restore && !program.save;
  const CommandWords rest = direct ? without_global_options(words, options) : words;
  size_t i = 1;
  for (; i < rest.size() && !(direct && command_letter(rest[i]) != 0); ++i)
    if (!(program.save && rest[i] == "-t" && i + 1 < rest.size()) &&
        !take_option(rest, i, !direct, options))
      return refuse(2, fmt::format("{}: unknown option \"{}\"", program.name, rest[i]));
    else if (program.save && rest[i] == "-t")
      options.table = rest[++i];
  if (program.save) return run_save(core, program, options);
  if (program.restore) return run_restore(core, program, options, input);
  if (i >= rest.size()) return refuse(2, fmt::format("{}: no command specified", program.name));
  return run_direct(core, program, options, rest, i);
}

}  // namespace felixsim
