// SPDX-License-Identifier: Apache-2.0
// The chains of a node and the order in which its hooks run them. Internal to the walk.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/kernel/walk/fib.h"
#include "model/kernel/walk/rule_ops.h"
#include "model/kernel/walk/sets.h"
#include "model/kernel/walk/world.h"

namespace felixsim::walk {

struct TableInfo;

struct Chain {
  std::string name;
  TableInfo* table = nullptr;
  const IptChain* ipt = nullptr;
  const NftChain* nft = nullptr;
  bool translated = false;
  std::vector<Rule> rules;
};

struct TableInfo {
  std::string label;  // "filter", "filter (legacy)", "ip calico"
  IpFamily family = IpFamily::v4;
  const NftTable* nft = nullptr;  // null: iptables
  std::unordered_map<std::string, int> chains;
  std::unordered_map<std::string, std::unique_ptr<NftSetMatcher>> sets;
};

struct BaseChain {
  int priority = 0;
  bool nat = false;
  bool reroutes = false;  // type route: a changed mark makes a new routing decision
  bool drops = false;     // policy
  int chain = -1;
};

constexpr int conntrack_priority = -200;

struct CompiledKernel::Impl {
  explicit Impl(const KernelState& kernel_state);

  // The chain's rules, translated at the first visit.
  Chain& chain(int index);
  int chain_named(const TableInfo& table, const std::string& name) const;  // -1: none
  IpSetMatcher* ip_set(const std::string& name);                           // null: none
  NftSetMatcher* nft_set(TableInfo& table, const std::string& name);
  const Fib& fib(IpFamily family);
  bool sysctl(const std::string& name) const;  // not 0
  int sysctl_number(const std::string& name) const;
  const std::vector<BaseChain>& hook(IpFamily family, Hook at) const {
    return hooks[family == IpFamily::v4 ? 0 : 1][static_cast<size_t>(at)];
  }

  const KernelState& state;
  std::vector<std::unique_ptr<TableInfo>> tables;
  std::vector<Chain> chains;
  std::array<std::array<std::vector<BaseChain>, 5>, 2> hooks;  // by priority
  std::unordered_map<std::string, std::unique_ptr<IpSetMatcher>> ip_sets;
  std::array<std::unique_ptr<Fib>, 2> fibs;

 private:
  void add_iptables(IpFamily family, IptBackend backend, const IptTables& tables_of);
  void add_nft(const NftTable& table);
  int add_chain(TableInfo& table, const std::string& name);
};

}  // namespace felixsim::walk
