// SPDX-License-Identifier: Apache-2.0
// See nft_base_chain.h. Mirrors nftables 1.0.6 parser_bison.y (hook_spec), evaluate.c
// (chain_evaluate) and Linux nf_tables_api.c nft_chain_parse_hook, nft_chain_nat.c,
// nft_chain_route.c. Left out: devices of ingress and egress.
#include "model/kernel/nft_base_chain.h"

#include <cerrno>

#include "model/kernel/nft_tokens.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr int nat_after = -200;  // NF_IP_PRI_CONNTRACK

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// What the parts say, as words of the command.
struct HookWords {
  std::string_view type, hook, policy;
  std::vector<std::string_view> priority;
};

NftOutcome check(const NftCommand& command, const HookWords& words, int priority) {
  const auto family = command.family;
  if (!is_one_of(words.type, {"filter", "nat", "route"}))
    return nft_refuses(words.type, "unknown chain type");
  if (!is_one_of(words.hook,
                 {"prerouting", "input", "forward", "output", "postrouting", "ingress", "egress"}))
    return nft_refuses(words.hook, "unknown chain hook");
  const bool of_device = words.hook == "ingress" || words.hook == "egress";
  if (of_device != (family == "netdev") && !(family == "inet" && words.hook == "ingress"))
    return nft_refuses(words.hook, fmt::format("The {} family does not support this hook", family));
  const bool ip = is_one_of(family, {"ip", "ip6", "inet"});
  if (words.type != "filter" && !ip) return kernel_refuses(words.type, ENOENT);
  const bool fits = words.type == "route" ? words.hook == "output"
                    : words.type == "nat" ? words.hook != "forward" && priority > nat_after
                    : family == "arp"     ? is_one_of(words.hook, {"input", "output"})
                                          : true;
  if (!fits) return kernel_refuses(command.line, EOPNOTSUPP);
  return {};
}

}  // namespace

std::string NftBaseChain::str() const {
  if (type.empty()) return {};
  return fmt::format("type {} hook {} priority {}; policy {};", type, hook, priority, policy);
}

NftOutcome read_base_chain(const NftCommand& command, NftBaseChain& out) {
  HookWords words;
  const auto& all = command.words;
  for (size_t i = command.rest; i < all.size();) {
    const auto word = all[i++];
    const auto value = i < all.size() ? all[i] : std::string_view{};
    if (word == "type") {
      words.type = value;
    } else if (word == "hook") {
      words.hook = value;
    } else if (word == "policy") {
      words.policy = value;
    } else if (word == "priority") {
      while (i < all.size() && all[i] != ";" && all[i] != "}") words.priority.push_back(all[i++]);
      continue;
    } else {
      continue;
    }
    ++i;
  }
  const bool known_policy = is_one_of(words.policy, {"", "accept", "drop"});
  if (!known_policy)
    return nft_refuses(words.policy,
                       "syntax error, unexpected string, expecting accept or drop or '$'");
  if (words.type.empty() && words.policy.empty()) return {};
  if (words.type.empty()) return kernel_refuses(words.policy, EOPNOTSUPP);
  if (words.hook.empty() || words.priority.empty())
    return nft_refuses(words.type, "syntax error, expecting hook and priority");
  const auto priority = nft_priority_number(words.priority);
  if (!priority)
    return nft_refuses(words.priority[0], "invalid priority expression value in this context.");
  if (auto refused = check(command, words, *priority)) return refused;
  out.type = words.type;
  out.hook = words.hook;
  out.priority = nft_priority(command.family, words.hook, *priority);
  out.names_policy = !words.policy.empty();
  if (out.names_policy) out.policy = words.policy;
  return {};
}

NftBaseChain parse_base_chain(std::string_view text) {
  NftBaseChain out;
  while (!text.empty()) {
    const auto word = take_word(text);
    if (word == "type") out.type = take_word(text);
    if (word == "hook") out.hook = take_word(text);
    if (word == "policy") out.policy = take_word(text);
    if (word == "priority") {
      const size_t end = std::min(text.find(';'), text.size());
      out.priority = trim(text.substr(0, end));
      text = text.substr(end);
    }
  }
  if (out.policy.ends_with(';')) out.policy.pop_back();
  return out;
}

}  // namespace felixsim
