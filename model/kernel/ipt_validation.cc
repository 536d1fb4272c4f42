// SPDX-License-Identifier: Apache-2.0
#include "model/kernel/ipt_validation.h"

#include <map>

#include "model/kernel/ipt_rule.h"

namespace felixsim {
namespace {

constexpr int max_chains_nft = 16;  // NFT_JUMP_STACK_SIZE: the base chain counts
constexpr int max_depth = 1000;     // of legacy tables, which have no limit; counts as a loop

// The chain that a rule jumps or goes to; empty: none. A target is the last of a rule's matches, so
// that what stands before it need not be read, but for quoted text.
std::string_view chain_of(std::string_view rule) {
  size_t at = rule.rfind(" -j ");
  if (at == std::string_view::npos) at = rule.rfind(" -g ");
  if (at == std::string_view::npos && (rule.starts_with("-j ") || rule.starts_with("-g ")))
    rule.remove_prefix(3);
  else if (at == std::string_view::npos)
    return {};
  else
    rule.remove_prefix(at + 4);
  const auto target = rule.substr(0, rule.find(' '));
  return find_ipt_target(target) ? std::string_view{} : target;
}

// xt_tables marks no rule behind one that ends the chain for every packet.
bool ends_chain(std::string_view rule) {
  return rule == "-j ACCEPT" || rule == "-j DROP" || rule == "-j RETURN";
}

// Walks what can be reached, depth first.
class Walk {
 public:
  Walk(const IptTable& table, IptBackend backend, uint8_t hook)
      : table_(table), legacy_(backend == IptBackend::legacy), hook_(hook) {}

  bool loops = false, wrong_hook = false;

  // The number of chains of the longest way that begins here.
  int visit(const std::string& name) {
    const auto chain = table_.find(name);
    if (chain == table_.end() || loops) return 0;
    auto [state, first] = heights_.try_emplace(name, open);
    if (!first || depth_ == max_depth) {
      loops |= state->second == open;
      return std::max(state->second, 0);
    }
    int below = 0;
    ++depth_;
    for (const auto& rule : chain->second.rules) {
      if (hook_ != 0 && !wrong_hook) wrong_hook = !(ipt_rule_hooks(rule) & hook_);
      if (const auto target = chain_of(rule); !target.empty())
        below = std::max(below, visit(std::string(target)));
      if (legacy_ && ends_chain(rule)) break;
    }
    --depth_;
    return heights_[name] = below + 1;
  }

 private:
  static constexpr int open = -1;
  const IptTable& table_;
  bool legacy_;
  uint8_t hook_;  // 0: hooks are not looked at
  int depth_ = 0;
  std::map<std::string, int> heights_;
};

}  // namespace

uint8_t ipt_rule_hooks(std::string_view rule) {
  uint8_t hooks = all_ipt_hooks;
  const IptExtension* loaded = nullptr;
  while (!rule.empty()) {
    const auto word = take_word(rule);
    if (word.starts_with('"')) {
      const size_t close = rule.find('"');
      if (!word.ends_with('"') || word.size() == 1)
        rule = close == std::string_view::npos ? std::string_view{} : rule.substr(close + 1);
    } else if (word == "-m") {
      const auto name = take_word(rule);
      loaded = find_ipt_match(name, IpFamily::v4);
      if (!loaded) loaded = find_ipt_match(name, IpFamily::v6);
    } else if (word == "-j") {
      loaded = find_ipt_target(take_word(rule));
    } else if (loaded && word.starts_with("--")) {
      for (const auto& option : loaded->options)
        if (option.name == word) hooks &= option.hooks;
      continue;
    } else {
      continue;
    }
    if (loaded) hooks &= loaded->hooks;
  }
  return hooks;
}

bool leads_in_circle(const IptTable& table, const std::set<std::string>& chains) {
  Walk walk(table, IptBackend::nft, 0);
  for (const auto& chain : chains) walk.visit(chain);
  return walk.loops;
}

namespace {

// Sets a depth that has grown, and those behind it.
bool spread(const IptTable& table, IptDepths& depths, const std::string& name, int depth) {
  int& known = depths[name];
  if (depth <= known) return true;
  known = depth;
  if (depth > max_chains_nft) return false;
  const auto chain = table.find(name);
  if (chain == table.end()) return true;
  for (const auto& rule : chain->second.rules)
    if (const auto target = chain_of(rule); !target.empty())
      if (!spread(table, depths, std::string(target), depth + 1)) return false;
  return true;
}

}  // namespace

bool deepen(const IptTable& table, IptDepths& depths, const std::string& from,
            const std::string& to) {
  const auto found = depths.find(from);
  if (found == depths.end() || found->second == 0) return true;
  return spread(table, depths, to, found->second + 1);
}

IptDepths exact_depths(const IptTable& table, std::string_view name) {
  IptDepths depths;
  for (const auto& base : builtin_chains(name)) (void)spread(table, depths, base, 1);
  return depths;
}

std::string check_ipt_table(const IptTable& table, std::string_view name, IptBackend backend) {
  for (const auto& base : builtin_chains(name)) {
    Walk walk(table, backend, ipt_hook_bit(base));
    const int height = walk.visit(base);
    const bool nft = backend == IptBackend::nft;
    if (walk.loops || (nft && height > max_chains_nft))
      return nft ? "Too many links" : "Too many levels of symbolic links";
    if (walk.wrong_hook) return "Invalid argument";
  }
  return {};
}

}  // namespace felixsim
