// SPDX-License-Identifier: Apache-2.0
// nft: `-f -`, `--check -f -`, direct commands, list. Mirrors nftables 1.0.6: one input is one
// transaction; what nft itself refuses it does not send, and the kernel goes on to tell all that is
// wrong. Left out: blocks over several lines, and what nft guesses was meant.
#include <cerrno>

#include "model/kernel/kernel_error.h"
#include "model/kernel/nft_text.h"
#include "model/kernel/nft_tokens.h"
#include "model/kernel/nft_transaction.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

// Into `command`, whose words point into the line.
NftOutcome read_command(std::string_view line, NftCommand& command) {
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
  const bool known_verb =
      std::find(std::begin(verbs), std::end(verbs), command.verb) != std::end(verbs);
  if (!known_verb ||
      std::find(std::begin(objects), std::end(objects), command.object) == std::end(objects) ||
      (command.object == "ruleset" && command.verb != "flush"))
    return nft_refuses(known_verb ? word(1) : word(0),
                       fmt::format("syntax error, unexpected {}", known_verb ? word(1) : word(0)));
  if (command.verb == "flush" && command.object == "ruleset") {
    command.family = word(2);
    return {};
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
    return nft_refuses(line.substr(line.size()), "syntax error, unexpected end of file");
  return {};
}

// One line of the input with its command.
struct NftLine {
  int number = 0;
  std::string_view raw;
  bool ends = false;  // with a newline
  NftCommand command;
};

// The input as nft takes it: its name in messages (empty: words of the command line), its commands,
// and what of it cannot be read.
struct NftInput {
  std::string_view name;
  std::vector<NftLine> lines;
  std::vector<std::pair<NftLine, NftRefusal>> refused;
};

// "/dev/stdin:1:13-19: Error: ...", the line, and carets below the words that are meant.
std::string refusal_text(const NftInput& input, const NftLine& line, const NftRefusal& refusal) {
  if (refusal.rc != 1) return refusal.message;
  // A word that is not there would be at the end.
  const bool inside = std::less_equal<>{}(line.raw.data(), refusal.where.data()) &&
                      std::less_equal<>{}(refusal.where.data(), line.raw.data() + line.raw.size());
  const auto from =
      inside ? static_cast<size_t>(refusal.where.data() - line.raw.data()) : line.raw.size();
  // A command goes to the end of its line, and takes the newline with it.
  const bool whole = refusal.where.data() == line.command.line.data() &&
                     refusal.where.size() == line.command.line.size();
  const size_t length = whole ? line.raw.size() - from + (line.ends ? 1 : 0)
                              : std::max<size_t>(refusal.where.size(), 1);
  std::string out;
  if (!input.name.empty())
    out = fmt::format("{}:{}:{}-{}: ", input.name, line.number, from + 1, from + length);
  out += fmt::format("Error: {}\n{}\n", refusal.message, line.raw);
  return out + std::string(from, ' ') + std::string(length, '^') + "\n";
}

NftInput read_input(std::string_view text, std::string_view name) {
  NftInput input;
  input.name = name;
  for (int number = 1; !text.empty(); ++number) {
    const bool ends = text.find('\n') != std::string_view::npos;
    NftLine line{number, take_line(text), ends, {}};
    const auto trimmed = trim(line.raw);
    if (trimmed.empty() || trimmed[0] == '#') continue;
    if (auto refused = read_command(trimmed, line.command))
      input.refused.emplace_back(std::move(line), std::move(*refused));
    else
      input.lines.push_back(std::move(line));
  }
  return input;
}

// The tables of the first `count` commands whose statements stand where they may not.
int check_tables(KernelCore& core, const NftInput& input, size_t count) {
  std::set<TableName> tables;
  for (size_t i = 0; i < count; ++i)
    tables.emplace(input.lines[i].command.family, input.lines[i].command.table);
  for (const auto& table : tables)
    if (const int wrong = check_nft_table(core, table)) return wrong;
  return 0;
}

// Which command made a table what the kernel does not take: it looks again after each, and refuses
// the rules behind it too.
size_t find_culprit(KernelCore& core, const NftInput& input) {
  size_t good = 0, bad = input.lines.size();
  while (bad - good > 1) {
    const size_t middle = good + (bad - good) / 2;
    NftTransaction transaction(core);
    for (size_t i = 0; i < middle; ++i) (void)transaction.run(input.lines[i].command);
    (check_tables(core, input, middle) == 0 ? good : bad) = middle;
    transaction.roll_back();
  }
  return bad - 1;
}

using Handles = std::map<TableName, uint64_t>;

Handles handles_of(const KernelCore& core) {
  Handles handles;
  for (const auto& [name, table] : core.state.nft) handles[name] = table.last_handle;
  return handles;
}

void set_handles(KernelCore& core, const Handles& handles) {
  for (const auto& [name, handle] : handles)
    if (const auto table = core.state.nft.find(name); table != core.state.nft.end())
      table->second.last_handle = handle;
}

// The kernel numbers also what comes behind a command that it refuses.
KernelAnswer run_input(KernelCore& core, std::string_view text, std::string_view name, bool check) {
  NftInput input = read_input(text, name);
  const Handles before = handles_of(core);
  NftTransaction transaction(core);
  std::vector<std::pair<NftLine, NftRefusal>> by_kernel;
  if (input.refused.empty())
    for (const auto& line : input.lines) {
      auto refused = transaction.run(line.command);
      if (refused) (refused->by_kernel ? by_kernel : input.refused).emplace_back(line, *refused);
    }
  if (input.refused.empty() && by_kernel.empty())
    if (const int wrong = check_nft_additions(core, transaction.additions())) {
      const Handles after = handles_of(core);
      transaction.roll_back();
      const size_t culprit = find_culprit(core, input);
      set_handles(core, after);
      const NftCommand& first = input.lines[culprit].command;
      for (size_t i = culprit; i < input.lines.size(); ++i) {
        const NftCommand& command = input.lines[i].command;
        const bool looks_again = command.object == "rule" && command.verb != "delete" &&
                                 command.family == first.family && command.table == first.table;
        if (i == culprit || looks_again)
          by_kernel.emplace_back(input.lines[i], kernel_refuses(command.line, wrong));
      }
    }
  const auto& refused = input.refused.empty() ? by_kernel : input.refused;
  if (refused.empty() && !check) return {};
  transaction.roll_back();
  if (!input.refused.empty()) set_handles(core, before);
  if (refused.empty()) return {};
  KernelAnswer answer{refused[0].second.rc, {}};
  for (const auto& [line, refusal] : refused) answer.text += refusal_text(input, line, refusal);
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
  if (file == "-" || file == "/dev/stdin") return run_input(core, input, "/dev/stdin", check);
  if (!file.empty()) return {1, fmt::format("Error: only standard input can be read: {}", file)};
  if (direct == "list ruleset") return {0, print_nft_ruleset(core.state.nft)};
  if (direct.starts_with("list table ")) {
    const auto tokens = nft_tokens(direct);
    const TableName key{std::string(tokens.size() > 3 ? tokens[2] : "ip"),
                        std::string(tokens.back())};
    const auto found = core.state.nft.find(key);
    if (found == core.state.nft.end()) return {1, "Error: No such file or directory"};
    return {0, print_nft_table(found->second)};
  }
  return run_input(core, direct, {}, check);
}

}  // namespace felixsim
