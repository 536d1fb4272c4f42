// SPDX-License-Identifier: Apache-2.0
// See tables.h. Priorities are those of Linux's netfilter_ipv4.h; chains of type nat run at the
// place of NAT whatever their priority is, which only orders them among each other.
#include "model/kernel/walk/tables.h"

#include "model/kernel/iptables_text.h"
#include "model/kernel/nft_tokens.h"
#include "model/kernel/words.h"

namespace felixsim::walk {
namespace {

std::optional<Hook> hook_of(std::string_view name) {
  if (name == "PREROUTING" || name == "prerouting") return Hook::prerouting;
  if (name == "INPUT" || name == "input") return Hook::input;
  if (name == "FORWARD" || name == "forward") return Hook::forward;
  if (name == "OUTPUT" || name == "output") return Hook::output;
  if (name == "POSTROUTING" || name == "postrouting") return Hook::postrouting;
  return std::nullopt;
}

int priority_of(std::string_view table, Hook hook) {
  if (table == "raw") return -300;
  if (table == "mangle") return -150;
  if (table == "security") return 50;
  if (table == "nat") return hook == Hook::prerouting || hook == Hook::output ? -100 : 100;
  return 0;
}

}  // namespace

CompiledKernel::Impl::Impl(const KernelState& kernel_state) : state(kernel_state) {
  // Of two chains with one priority the kernel asks the one that registered last first
  // (net/netfilter/core.c nf_hook_entries_grow). Tables of nftables are taken for the later ones:
  // a host has iptables' chains before a Felix that uses nftables starts on it.
  for (const auto& [key, table] : state.nft)
    if (table.family == "ip" || table.family == "ip6") add_nft(table);
  for (const auto& [key, of_family] : state.iptables)
    add_iptables(key.first, key.second, of_family);
  for (auto& family : hooks)
    for (auto& bases : family)
      std::stable_sort(bases.begin(), bases.end(), [](const BaseChain& a, const BaseChain& b) {
        return a.priority < b.priority;
      });
}

int CompiledKernel::Impl::add_chain(TableInfo& table, const std::string& name) {
  const int index = static_cast<int>(chains.size());
  chains.emplace_back();
  chains.back().name = name;
  chains.back().table = &table;
  table.chains.emplace(name, index);
  return index;
}

void CompiledKernel::Impl::add_iptables(IpFamily family, IptBackend backend,
                                        const IptTables& tables_of) {
  for (const auto& [name, table] : tables_of) {
    auto& info = *tables.emplace_back(std::make_unique<TableInfo>());
    info.label = backend == IptBackend::legacy && state.iptables.contains({family, IptBackend::nft})
                     ? name + " (legacy)"
                     : name;
    info.family = family;
    for (const auto& [chain_name, chain] : table) {
      const int index = add_chain(info, chain_name);
      chains[static_cast<size_t>(index)].ipt = &chain;
      const auto at = chain.policy == "-" ? std::nullopt : hook_of(chain_name);
      if (!at) continue;
      BaseChain base{priority_of(name, *at), name == "nat", name == "mangle" && *at == Hook::output,
                     chain.policy == "DROP", index};
      hooks[family == IpFamily::v4 ? 0 : 1][static_cast<size_t>(*at)].push_back(base);
    }
  }
}

void CompiledKernel::Impl::add_nft(const NftTable& table) {
  auto& info = *tables.emplace_back(std::make_unique<TableInfo>());
  info.label = table.family + " " + table.name;
  info.family = table.family == "ip6" ? IpFamily::v6 : IpFamily::v4;
  info.nft = &table;
  for (const auto& [name, chain] : table.chains) {
    const int index = add_chain(info, name);
    chains[static_cast<size_t>(index)].nft = &chain;
    if (chain.hook.empty()) continue;
    // "type nat hook output priority 110; policy accept;"
    const auto words = nft_tokens(chain.hook);
    BaseChain base;
    base.chain = index;
    std::optional<Hook> at;
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] == "type") {
        base.nat = words[i + 1] == "nat";
        base.reroutes = words[i + 1] == "route";
      }
      if (words[i] == "hook") at = hook_of(words[i + 1]);
      if (words[i] == "policy") base.drops = words[i + 1] == "drop";
      if (words[i] == "priority") {
        std::vector<std::string_view> number;
        for (size_t j = i + 1; j < words.size() && words[j] != ";"; ++j) number.push_back(words[j]);
        base.priority = nft_priority_number(number).value_or(0);
      }
    }
    if (at) hooks[info.family == IpFamily::v4 ? 0 : 1][static_cast<size_t>(*at)].push_back(base);
  }
}

Chain& CompiledKernel::Impl::chain(int index) {
  Chain& chain = chains[static_cast<size_t>(index)];
  if (chain.translated) return chain;
  chain.translated = true;
  if (chain.ipt)
    for (const auto& text : chain.ipt->rules)
      chain.rules.push_back(compile_ipt_rule(text, chain.table->family));
  if (chain.nft)
    for (const auto& rule : chain.nft->rules)
      chain.rules.push_back(compile_nft_rule(rule.text, chain.table->nft->family));
  for (auto& rule : chain.rules)
    for (auto& op : rule.ops)
      if (op.op == Op::jump || op.op == Op::goto_)
        op.a = static_cast<uint32_t>(chain_named(*chain.table, op.name));
  return chain;
}

int CompiledKernel::Impl::chain_named(const TableInfo& table, const std::string& name) const {
  const auto it = table.chains.find(name);
  return it == table.chains.end() ? -1 : it->second;
}

IpSetMatcher* CompiledKernel::Impl::ip_set(const std::string& name) {
  auto it = ip_sets.find(name);
  if (it == ip_sets.end()) {
    const auto found = state.ipsets.find(name);
    it = ip_sets
             .emplace(name, found == state.ipsets.end()
                                ? nullptr
                                : std::make_unique<IpSetMatcher>(found->second))
             .first;
  }
  return it->second.get();
}

NftSetMatcher* CompiledKernel::Impl::nft_set(TableInfo& table, const std::string& name) {
  auto it = table.sets.find(name);
  if (it != table.sets.end()) return it->second.get();
  std::vector<std::string> elements;
  std::string type;
  if (name.starts_with('{')) {
    for (size_t at = 1; at < name.size();) {
      const size_t comma = name.find(',', at);
      elements.push_back(name.substr(at, comma - at));
      at = comma + 1;
    }
  } else if (table.nft) {
    const auto found = table.nft->sets.find(name);
    if (found != table.nft->sets.end()) {
      type = found->second.type;
      for (const auto& [element, value] : found->second.elements) elements.push_back(element);
    }
  }
  return table.sets.emplace(name, std::make_unique<NftSetMatcher>(type, elements))
      .first->second.get();
}

const Fib& CompiledKernel::Impl::fib(IpFamily family) {
  auto& slot = fibs[family == IpFamily::v4 ? 0 : 1];
  if (!slot) slot = std::make_unique<Fib>(state, family);
  return *slot;
}

int CompiledKernel::Impl::sysctl_number(const std::string& name) const {
  const auto it = state.sysctls.find(name);
  if (it == state.sysctls.end()) return 0;
  return static_cast<int>(parse_number(it->second, 1000).value_or(0));
}

bool CompiledKernel::Impl::sysctl(const std::string& name) const {
  return sysctl_number(name) != 0;
}

CompiledKernel::CompiledKernel(const KernelState& state) : impl_(std::make_unique<Impl>(state)) {}
CompiledKernel::~CompiledKernel() = default;
CompiledKernel::CompiledKernel(CompiledKernel&&) noexcept = default;
const KernelState& CompiledKernel::state() const { return impl_->state; }

}  // namespace felixsim::walk
