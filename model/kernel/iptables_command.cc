// SPDX-License-Identifier: Apache-2.0
// iptables, iptables-restore and iptables-save, both backends and families. Mirrors iptables 1.8.9
// (nft.c, nft-cmd.c, iptables-restore.c): a table's commands are one transaction. Left out:
// counters, and what `iptables -L` prints.
#include "model/kernel/ipt_options.h"
#include "model/kernel/ipt_table_commands.h"
#include "model/kernel/ipt_validation.h"

namespace felixsim {
namespace {

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

KernelAnswer refuse(int rc, std::string text) { return {rc, std::move(text)}; }

// The program's own options before its input or command; false: one that is not known.
struct ProgramOptions {
  bool no_flush = false, test = false;
  std::string table;
};

// The letter of an option, short or long.
char letter_of(std::string_view word, bool restore) {
  if (word.size() == 2 && word[0] == '-') return word[1];
  const auto options = restore ? ipt_restore_options() : ipt_long_options();
  const auto* option = find_ipt_long_option(options, word).option;
  return option ? option->letter : 0;
}

bool take_option(const CommandWords& words, size_t& i, bool restore, ProgramOptions& options) {
  const char letter = letter_of(words[i], restore);
  const size_t equals = words[i].find('=');
  if (restore && letter == 'n') return options.no_flush = true;
  if (restore && letter == 't') return options.test = true;
  if (letter == (restore ? 'T' : 't')) {
    if (equals == std::string_view::npos && i + 1 >= words.size()) return false;
    options.table = equals == std::string_view::npos ? words[++i] : words[i].substr(equals + 1);
    return true;
  }
  if (letter == 'w' || letter == 'W') {
    if (equals == std::string_view::npos && i + 1 < words.size() &&
        parse_number(words[i + 1], 1u << 31))
      ++i;
    return true;
  }
  return std::string_view("nvcx0M46").find(letter) != std::string_view::npos && letter != 0;
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

// The nft tools carry a table's commands out where it is committed, which a test never is: what is
// wrong with the table, and not with the words, does not show then.
bool hidden_by_test(const IptProgram& program, const ProgramOptions& options,
                    const IptTableCommands& commands) {
  return options.test && !program.legacy() && commands.reached_table();
}

// The nft tools read all lines of a table before they carry one out, and hear what the kernel says
// when they commit: so what is wrong with the words of a later line comes first. Empty: nothing.
KernelAnswer wrong_words_behind(const IptProgram& program, IptTableCommands& commands,
                                std::string_view input, int line_number) {
  Words words;
  while (!input.empty()) {
    const auto line = take_line(input);
    ++line_number;
    if (line == "COMMIT") break;
    if (line.empty() || line[0] == '#' || line[0] == ':') continue;
    if (!split_restore_line(line, words)) return refuse(2, "unbalanced quotes");
    const size_t at = !words.words.empty() && words.words[0].starts_with('[') ? 1 : 0;
    if (at >= words.words.size()) continue;
    const auto answer = commands.read_only(words.words, at);
    if (answer.rc != 0) return refuse(answer.rc, failure_text(program, line_number, answer));
  }
  return {};
}

// The lines of one table up to COMMIT.
KernelAnswer restore_table(const IptProgram& program, const ProgramOptions& options,
                           IptTableCommands& commands, std::string_view& input, int& line_number) {
  Words words;
  KernelAnswer deferred;
  if (!options.no_flush) commands.empty_table();
  while (!input.empty()) {
    const auto line = take_line(input);
    ++line_number;
    if (line.empty() || line[0] == '#') continue;
    if (line == "COMMIT") return options.test ? KernelAnswer{} : deferred;
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
    if (deferred.rc == 0 && commands.deferred())
      deferred = {commands.deferred()->rc,
                  failure_text(program, line_number, *commands.deferred())};
    if (answer.rc == 0 || hidden_by_test(program, options, commands)) continue;
    if (commands.reached_table() && !program.legacy())
      if (auto wrong = wrong_words_behind(program, commands, input, line_number); wrong.rc != 0)
        return wrong;
    return refuse(answer.rc, failure_text(program, line_number, answer));
  }
  return refuse(1, fmt::format("{}: COMMIT expected at line {}", program.name, line_number + 1));
}

KernelAnswer with_objection(IptTransaction& transaction) {
  const std::string why = transaction.objection();
  if (why.empty()) return {};
  return ipt_kernel_refuses(transaction.program(), why, "table " + transaction.name());
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
    IptTransaction transaction(core, program, table);
    IptTableCommands commands(transaction);
    auto answer = restore_table(program, options, commands, input, line_number);
    if (answer.rc == 0 && !options.test) {
      answer = with_objection(transaction);
      if (answer.rc != 0) answer.text = failure_text(program, line_number, answer);
    }
    if (answer.rc != 0 || options.test)
      transaction.roll_back(true);
    else
      transaction.commit();
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
  IptTransaction transaction(core, program, table);
  IptTableCommands commands(transaction);
  auto answer = commands.run(words, at);
  if (answer.rc == 0 && commands.deferred()) answer = *commands.deferred();
  if (answer.rc == 0)
    if (auto objection = with_objection(transaction); objection.rc != 0) answer = objection;
  if (answer.rc == 0) {
    transaction.commit();
    return answer;
  }
  transaction.roll_back(commands.reached_table());
  return refuse(answer.rc, fmt::format("{}: {}", program.name, answer.text));
}

}  // namespace

// Options are recognised by the blank before them; what stands in double quotes is skipped.
void count_ipt_rule(KernelCore& core, IptReferences& references, const IptRule& rule, int delta) {
  if (ipt_rule_hooks(rule) != all_ipt_hooks) references.limited += delta;
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
    if (option == "--match-set" || option == "--add-set" || option == "--del-set") {
      core.set_references[std::string(take_word(rest))] += delta;
    } else if (option == "-g" || option == "-j") {
      const auto target = take_word(rest);
      if (option == "-g" || !find_ipt_target(target))
        references.chains[std::string(target)] += delta;
    }
  }
}

// The table and the lock options may stand anywhere in a direct command.
CommandWords without_global_options(const CommandWords& words, ProgramOptions& options) {
  CommandWords rest;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto word = words[i];
    const char letter = letter_of(word, false);
    if (letter == 't' || letter == 'w') {
      if (!take_option(words, i, false, options)) rest.push_back(word);
    } else if (word.starts_with("-t") && ipt_table_bit(word.substr(2)) != 0) {
      options.table = word.substr(2);
    } else if (!(word.starts_with("-w") && parse_number(word.substr(2), 1u << 31))) {
      rest.push_back(word);
    }
  }
  return rest;
}

KernelAnswer run_iptables(KernelCore& core, const CommandWords& words, std::string_view input) {
  const IptProgram program = program_of(words[0]);
  ProgramOptions options;
  const bool direct = !program.restore && !program.save;
  const CommandWords rest = direct ? without_global_options(words, options) : words;
  size_t i = 1;
  for (; i < rest.size() && !(direct && ipt_command_letter(rest[i]) != 0); ++i)
    if (!(program.save && rest[i] == "-t" && i + 1 < rest.size()) &&
        !take_option(rest, i, !direct, options))
      return refuse(direct ? 2 : 1,
                    fmt::format("{}: unknown option \"{}\"", program.name, rest[i]));
    else if (program.save && rest[i] == "-t")
      options.table = rest[++i];
  if (program.save) return run_save(core, program, options);
  if (program.restore) return run_restore(core, program, options, input);
  if (i >= rest.size()) return refuse(2, fmt::format("{}: no command specified", program.name));
  return run_direct(core, program, options, rest, i);
}

}  // namespace felixsim
