// SPDX-License-Identifier: Apache-2.0
// Calico's nftables tables compared. They are Felix's own, so that whatever else is in them is
// drift. Elements of interval sets compare by the addresses that they cover: the kernel merges.
#include "model/kernel/nft_text.h"
#include "sim/analysis/verify/address_ranges.h"
#include "sim/analysis/verify/chain_drift.h"

namespace felixsim {
namespace {

constexpr const char* resync =
    "Felix puts it right at its next resync of sets (IpsetsRefresh"
    "Interval, by default 90 seconds)";

// The text behind Felix's hash is not part of what it compares.
ChainRule rule_of(const NftRule& rule) {
  ChainRule out{rule.text, {}};
  if (rule.comment.empty()) return out;
  out.hash = felix_hash("\"" + rule.comment);
  const std::string comment = out.hash.empty() ? rule.comment : "cali:" + out.hash + ";";
  out.text += fmt::format("{}comment \"{}\"", out.text.empty() ? "" : " ", comment);
  return out;
}

std::vector<ChainRule> rules_of(const NftChain& chain) {
  std::vector<ChainRule> rules;
  for (const auto& rule : chain.rules) rules.push_back(rule_of(rule));
  return rules;
}

std::string without_comment(const std::string& text) {
  const size_t at = text.rfind("comment \"");
  return at == std::string::npos ? text : text.substr(0, at);
}

class NftComparer {
 public:
  NftComparer(std::string part, const NftTable& table, std::vector<Drift>& out)
      : part_(std::move(part)), family_(table.family), out_(out) {
    table_ = table.family + " " + table.name;
  }

  void compare_chains(const NftTable& predicted, const NftTable& captured) {
    for (const auto& [name, chain] : predicted.chains) {
      const auto found = captured.chains.find(name);
      if (found == captured.chains.end()) {
        add(DriftKind::missing_chain, name, lines(name, chain), {},
            chain_purpose(name) +
                ": deleted by another program (`nft flush ruleset`, a firewall's "
                "restart), or Felix has not seen yet what asks for it");
        continue;
      }
      if (chain.hook != found->second.hook)
        add(DriftKind::changed_rule, name, {chain.hook}, {found->second.hook},
            "the chain is hooked in otherwise than Felix hooks it");
      compare_rules(rules_of(chain), rules_of(found->second), same(),
                    {{}, part_, table_ + "/" + name, {}, {}, {}}, out_);
    }
    for (const auto& [name, chain] : captured.chains)
      if (!predicted.chains.contains(name))
        add(DriftKind::stale_chain, name, {}, lines(name, chain),
            chain_purpose(name) +
                ": nothing in the input asks for it; Felix has not seen that it "
                "is gone, or was not there to delete it");
  }

  void compare_sets(const NftTable& predicted, const NftTable& captured) {
    for (const auto& [name, set] : predicted.sets) {
      const auto found = captured.sets.find(name);
      if (found == captured.sets.end())
        add(DriftKind::missing_set, name, {head(name, set)}, {},
            "deleted by another program, or Felix has not seen yet what asks for it");
      else
        compare_set(name, set, found->second);
    }
    for (const auto& [name, set] : captured.sets)
      if (!predicted.sets.contains(name))
        add(DriftKind::stale_set, name, {}, {head(name, set)},
            "no rule of the prediction uses it; Felix has not seen that it is gone, or was not "
            "there to delete it");
  }

 private:
  void add(DriftKind kind, const std::string& place, std::vector<std::string> want,
           std::vector<std::string> got, std::string cause) {
    out_.push_back(
        {kind, part_, table_ + "/" + place, std::move(want), std::move(got), std::move(cause)});
  }

  static std::string head(const std::string& name, const NftSet& set) {
    std::string out = fmt::format("{} {} {{ type {}", set.is_map ? "map" : "set", name, set.type);
    if (!set.flags.empty()) out += fmt::format("; flags {}", fmt::join(set.flags, ","));
    return out + " }";
  }

  static std::vector<std::string> lines(const std::string& name, const NftChain& chain) {
    std::vector<std::string> out{"chain " + name};
    for (const auto& rule : rules_of(chain)) out.push_back(rule.text);
    return out;
  }

  SameRule same() const {
    const std::string family = family_;
    return [family](const std::string& predicted, const std::string& captured) {
      const auto a = parse_nft_rule(without_comment(predicted), family);
      const auto b = parse_nft_rule(without_comment(captured), family);
      return a && b && a->rule.text == b->rule.text;
    };
  }

  void compare_set(const std::string& name, const NftSet& want, const NftSet& got) {
    if (want.is_map != got.is_map || want.type != got.type || want.flags != got.flags)
      add(DriftKind::changed_set, name, {head(name, want)}, {head(name, got)},
          "it is of another type than Felix asks for: made by another version or configuration "
          "of Felix, or by hand");
    const bool interval =
        std::find(want.flags.begin(), want.flags.end(), "interval") != want.flags.end();
    const auto wanted = elements(want, interval), found = elements(got, interval);
    std::vector<std::string> missing, extra;
    std::set_difference(wanted.begin(), wanted.end(), found.begin(), found.end(),
                        std::back_inserter(missing));
    std::set_difference(found.begin(), found.end(), wanted.begin(), wanted.end(),
                        std::back_inserter(extra));
    if (!missing.empty())
      add(DriftKind::missing_member, name, std::move(missing), {},
          std::string("deleted by hand, or not written yet: ") + resync);
    if (!extra.empty())
      add(DriftKind::extra_member, name, {}, std::move(extra),
          std::string("added by hand, or its source is gone and Felix has not seen it: ") + resync);
  }

  static std::set<std::string> elements(const NftSet& set, bool interval) {
    std::set<std::string> out;
    for (const auto& [element, value] : set.elements)
      out.insert(value.empty() ? element : element + " : " + value);
    return interval ? merged_addresses(out) : out;
  }

  std::string part_, family_, table_;
  std::vector<Drift>& out_;
};

}  // namespace

void find_nft_drifts(const KernelState& predicted, const NodeCapture& captured,
                     std::vector<Drift>& out) {
  if (!captured.nft) return;
  std::set<std::pair<std::string, std::string>> names;
  for (const auto& [id, table] : predicted.nft)
    if (is_calico_nft_table(id.second)) names.insert(id);
  for (const auto& [id, table] : *captured.nft) names.insert(id);
  for (const auto& id : names) {
    if (captured.nft_is_arp_only && id.first != "arp") continue;
    const std::string part = id.first == "arp" ? "arp" : "nft";
    const auto want = predicted.nft.find(id);
    const auto got = captured.nft->find(id);
    if (got == captured.nft->end()) {
      out.push_back({DriftKind::missing_table,
                     part,
                     id.first + " " + id.second,
                     {fmt::format("table {} {}", id.first, id.second)},
                     {},
                     "deleted by another program (`nft flush ruleset`), or Felix does not run"});
      continue;
    }
    static const NftTable none;
    const NftTable& wanted = want == predicted.nft.end() ? none : want->second;
    NftComparer comparer(part, got->second, out);
    comparer.compare_sets(wanted, got->second);
    comparer.compare_chains(wanted, got->second);
  }
}

}  // namespace felixsim
