// SPDX-License-Identifier: Apache-2.0
// The inside of the iptables front-end: which program it is, and the changes to one table that take
// effect together or not at all.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/kernel/kernel_core.h"

namespace felixsim {

struct IptProgram {
  std::string name;  // as it calls itself
  IptDialect dialect;
  bool restore = false, save = false;

  bool legacy() const { return dialect.backend == IptBackend::legacy; }
};

class IptTransaction {
 public:
  // Makes the table if it is not there.
  IptTransaction(KernelCore& core, const IptProgram& program, const std::string& table);

  IptTable& table() { return tables_[name_]; }
  IptReferences& references() { return references_; }
  KernelCore& core() { return core_; }
  const std::string& name() const { return name_; }
  const IptProgram& program() const { return program_; }

  IptChain* find(std::string_view chain);
  // The chain, to be changed; remembered as it was.
  IptChain& touch(const std::string& chain);
  // A chain that is to lose all its rules: they are moved, not copied.
  void empty(const std::string& chain);
  void create(const std::string& chain);
  void remove(const std::string& chain);
  // Notes a rule that was put into a chain: a jump to another, or an extension that only some hooks
  // may reach.
  void note_put(const std::string& chain, const ParsedIptRule& rule);

  // The nft tools make a built-in chain when it is first written to, and show it before too. Those
  // of legacy tables are always there.
  bool is_made(const std::string& chain);
  void make(const std::string& chain);  // of others nothing is noted
  void unmake(const std::string& chain) { made_.erase(chain); }
  void unmake_all() { made_.clear(); }

  // Something was asked of the table for which the nft tools make it.
  void use() { used_ = true; }

  // What the kernel says to the table as it now is; empty: nothing against it.
  std::string objection();
  // A table that nothing was asked of is not made; a legacy one is there from the first look on.
  void commit();
  void roll_back(bool looked_at);

 private:
  void count(const IptChain& chain, int delta);
  bool may_go_wrong();

  KernelCore& core_;
  const IptProgram& program_;
  IptTables& tables_;
  std::string name_;
  IptReferences& references_;
  std::set<std::string>& made_;
  const std::set<std::string> made_before_;
  bool was_there_;
  std::map<std::string, std::optional<IptChain>> undo_;     // touched chains as they were
  std::vector<std::pair<std::string, std::string>> jumps_;  // new ones: from, to
  bool put_limited_ = false, used_ = false;
};

}  // namespace felixsim
