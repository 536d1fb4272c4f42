// SPDX-License-Identifier: Apache-2.0
// The commands of one iptables table: "-A CHAIN rule", "-N CHAIN", ":CHAIN POLICY" and so on.
// Mirrors iptables 1.8.9 xshared.c (do_parse), nft.c and libiptc.c.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/kernel/ipt_rule.h"
#include "model/kernel/ipt_transaction.h"

namespace felixsim {

// 'A' for "-A" and "--append"; 0 for what is no command.
char ipt_command_letter(std::string_view word);
// What the kernel itself refuses: rc 4 of the nft tools, 1 of the legacy ones.
KernelAnswer ipt_kernel_refuses(const IptProgram& program, std::string_view why,
                                std::string_view what);

constexpr size_t max_ipt_chain_name = 28;  // XT_EXTENSION_MAXNAMELEN - 1
constexpr std::string_view no_drop_in_nat =
    "The \"nat\" table is not intended for filtering, the use of DROP is therefore inhibited.";
KernelAnswer no_such_ipt_chain();
// Unset: nothing is wrong with it.
std::optional<KernelAnswer> bad_ipt_chain_name(std::string_view name);

// Rules and what there is of a table: ipt_table_commands.cc; whole chains: ipt_chain_commands.cc.
class IptTableCommands {
 public:
  explicit IptTableCommands(IptTransaction& transaction)
      : program_(transaction.program()), transaction_(transaction) {}

  // A command line from its command word on.
  KernelAnswer run(const CommandWords& words, size_t at);
  // ":chain policy" of iptables-restore: makes a user chain, or empties it.
  KernelAnswer declare(const std::string& chain, const std::string& policy);
  // Without --noflush every chain goes first.
  void empty_table();
  // Reads the words of a command or a declaration only, for what is wrong with them.
  KernelAnswer read_only(const CommandWords& words, size_t at);
  // What the kernel will say to what was asked before, which the nft tools hear when they commit.
  const std::optional<KernelAnswer>& deferred() const { return deferred_; }
  // Whether the words of the last command could be read, so that the table was looked at.
  bool reached_table() const { return reached_table_; }

 private:
  struct Command {
    char letter = 0;
    std::string chain;
    size_t rest = 0;  // the first word behind it
  };

  KernelAnswer dispatch(const Command& command, const CommandWords& words);
  KernelAnswer parse(const Command& command, const CommandWords& words, size_t rest);
  KernelAnswer check_words(const std::string& chain);
  KernelAnswer check(const std::string& chain);
  KernelAnswer for_each_address(const Command& command, const CommandWords& words);
  KernelAnswer put_rule(const Command& command, const CommandWords& words);
  KernelAnswer remove_rule(const Command& command, const CommandWords& words);
  KernelAnswer flush(const std::string& chain);
  KernelAnswer remove_chain(const std::string& chain);
  KernelAnswer remove_all_chains();
  KernelAnswer new_chain(const std::string& chain);
  KernelAnswer set_policy(const std::string& chain, std::string_view policy);
  KernelAnswer rename_chain(const std::string& from, std::string_view to);
  void redirect_jumps(const std::string& from, const std::string& to);
  KernelAnswer zero(const std::string& chain);
  KernelAnswer list(const Command& command, const CommandWords& words);
  void count(const IptRule& rule, int delta);
  // The kernel's refusal: of the nft tools the first is kept, and they go on.
  KernelAnswer refused_by_kernel(KernelAnswer answer);
  KernelAnswer check_target();

  const IptProgram& program_;
  IptTransaction& transaction_;
  IptRuleParser parser_;
  ParsedIptRule rule_;
  bool reached_table_ = false, only_reads_ = false;
  std::optional<KernelAnswer> deferred_;
};

}  // namespace felixsim
