// SPDX-License-Identifier: Apache-2.0
// The changes of one nft input: they take effect together or not at all. Mirrors Linux
// net/netfilter/nf_tables_api.c: rules, chains, sets and anonymous sets take their handles from one
// counter of the table, which failed transactions move on too.
#pragma once

#include <absl/container/flat_hash_set.h>

#include "model/kernel/kernel_core.h"
#include "model/kernel/nft_text.h"

namespace felixsim {

// One command of nft's language. The views point into `line`.
struct NftCommand {
  std::string_view verb, object, family, table, name;  // name of chain, set or map
  std::vector<std::string_view> words;                 // all of them
  size_t rest = 0;                                     // first word behind the name
  std::string_view line;
};

// Who refuses a command, and which of its words he means.
struct NftRefusal {
  std::string message;
  std::string_view where;
  bool by_kernel = false;  // otherwise nft itself does, and sends nothing of the input
  int rc = 1;
};
using NftOutcome = std::optional<NftRefusal>;  // unset: done

NftRefusal nft_refuses(std::string_view where, std::string message);
// "Could not process rule: No such file or directory" and the like.
NftRefusal kernel_refuses(std::string_view where, int code);

class NftTransaction {
 public:
  explicit NftTransaction(KernelCore& core) : core_(core) {}

  NftOutcome run(const NftCommand& command);
  void roll_back();
  // What of rules and values of maps was put.
  const std::vector<NftAddition>& additions() const { return additions_; }

 private:
  using NamedChain = std::map<std::string, NftChain>::value_type;
  // One element: the key's words joined and made canonical, and a map's value.
  struct Element {
    std::string key, value;
    std::string_view where;  // its first word
  };

  NftTable* find_table(const NftCommand& command);
  NftIndex& index(const NftTable& table) { return core_.nft[{table.family, table.name}]; }
  void count(const NftTable& table, std::string_view text, int delta) {
    count_nft_text(index(table), text, delta);
  }

  // Tables, chains and rules: nft_transaction.cc.
  NftOutcome run_in_table(NftTable& table, const NftCommand& command);
  NftOutcome add_table(const NftCommand& command);
  NftOutcome change_table(const NftCommand& command);
  void delete_table(const TableName& key);
  NftOutcome flush_ruleset(std::string_view family);
  NftOutcome add_chain(NftTable& table, const NftCommand& command);
  // The chain's rules, to be changed; they come back if the transaction fails.
  std::vector<NftRule>& touch(NftTable& table, NamedChain& chain);
  void empty_chain(NftTable& table, NamedChain& chain);
  NftOutcome flush_chain(NftTable& table, const NftCommand& command);
  NftOutcome delete_chain(NftTable& table, const NftCommand& command);
  NftOutcome change_rule(NftTable& table, const NftCommand& command);
  NftOutcome check_references(const NftTable& table, const NftCommand& command,
                              const ParsedNftRule& rule) const;
  void put_rule(NftTable& table, NamedChain& chain, size_t at, NftRule rule);
  void take_rule(NftTable& table, NamedChain& chain, size_t at);

  // Sets, maps and their elements: nft_elements.cc.
  NftOutcome add_set(NftTable& table, const NftCommand& command);
  void empty_set(NftTable& table, const std::string& name);
  NftOutcome flush_set(NftTable& table, const NftCommand& command);
  NftOutcome delete_set(NftTable& table, const NftCommand& command);
  NftOutcome change_elements(NftTable& table, const NftCommand& command);
  std::map<Ip, Ip>& intervals(NftTable& table, const std::string& name);
  NftOutcome add_element(NftTable& table, const std::string& name, const Element& element,
                         const NftCommand& command);
  NftOutcome add_interval(NftTable& table, const std::string& name, const Element& element);
  NftOutcome delete_element(NftTable& table, const std::string& name, const Element& element);
  void put_element(NftTable& table, const std::string& name, const Element& element);
  void take_element(NftTable& table, const std::string& name, const Element& element);
  static Result<Element> read_element(const NftSet& set,
                                      const std::vector<std::string_view>& words);

  KernelCore& core_;
  std::vector<NftAddition> additions_;
  std::vector<std::function<void()>> undo_;
  absl::flat_hash_set<const NftChain*> touched_;  // of those that there are
};

}  // namespace felixsim
