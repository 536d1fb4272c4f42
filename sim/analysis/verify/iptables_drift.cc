// SPDX-License-Identifier: Apache-2.0
// iptables tables compared. Mirrors what felix/iptables/table.go (v3.32.1) takes for its own:
// chains by their prefix, rules of other chains by their hash; where it wants its rules in a
// kernel chain (expectedHashesForInsertAppendChain).
#include "model/kernel/iptables_text.h"
#include "sim/analysis/verify/chain_drift.h"

namespace felixsim {
namespace {

using Rules = std::vector<ChainRule>;

struct Place {
  IpFamily family;
  IptBackend backend;
  std::string part, table;
  bool hooks_at_end;
};

Rules rules_of(const IptChain& chain) {
  Rules rules;
  for (const auto& text : chain.rules) rules.push_back({text, felix_hash(text)});
  return rules;
}

bool jumps_to_calico(std::string_view rule) {
  const size_t jump = rule.rfind(" -j ");
  return jump != std::string_view::npos && is_calico_chain(rule.substr(jump + 4));
}

// Felix's rules in a chain of the kernel carry its hash, or jump to its chains without one: then
// they are from before hashes, or somebody's copy.
Rules calico_rules(const Rules& rules) {
  Rules own;
  for (const auto& rule : rules)
    if (!rule.hash.empty() || jumps_to_calico(rule.text)) own.push_back(rule);
  return own;
}

class TableComparer {
 public:
  TableComparer(Place place, std::vector<Drift>& out) : place_(std::move(place)), out_(out) {}

  void compare(const IptTable& predicted, const IptTable& captured) {
    if (lost(predicted, captured)) return;
    for (const auto& [name, chain] : predicted) {
      const auto found = captured.find(name);
      if (!is_calico_chain(name))
        compare_kernel_chain(name, rules_of(chain),
                             found == captured.end() ? Rules{} : rules_of(found->second));
      else if (found == captured.end())
        add(DriftKind::missing_chain, name, lines(name, chain), {},
            chain_purpose(name) +
                ": flushed by another program (a firewall's restart, `iptables-restore` without "
                "--noflush), or Felix has not seen yet what asks for it");
      else
        compare_rules(rules_of(chain), rules_of(found->second), same(), at(name), out_);
    }
    for (const auto& [name, chain] : captured) {
      if (predicted.contains(name)) continue;
      if (is_calico_chain(name))
        stale_chain(name, chain, captured);
      else
        compare_kernel_chain(name, {}, rules_of(chain));
    }
  }

 private:
  Drift at(const std::string& chain) const {
    return {{}, place_.part, place_.table + "/" + chain, {}, {}, {}};
  }

  void add(DriftKind kind, const std::string& chain, std::vector<std::string> want,
           std::vector<std::string> got, std::string cause) {
    out_.push_back({kind, place_.part, place_.table + (chain.empty() ? "" : "/" + chain),
                    std::move(want), std::move(got), std::move(cause)});
  }

  SameRule same() const {
    const IptDialect dialect{place_.family, place_.backend};
    return [dialect](const std::string& predicted, const std::string& captured) {
      const auto a = parse_ipt_rule(predicted, dialect);
      const auto b = parse_ipt_rule(captured, dialect);
      return a && b && a->text == b->text;
    };
  }

  static std::vector<std::string> lines(const std::string& name, const IptChain& chain) {
    std::vector<std::string> out{":" + name};
    for (const auto& rule : chain.rules) out.push_back("-A " + name + " " + rule);
    return out;
  }

  // All of Calico's chains of the table are gone: one drift says it.
  bool lost(const IptTable& predicted, const IptTable& captured) {
    const auto calico = [](const IptTable& table) {
      return std::count_if(table.begin(), table.end(),
                           [](const auto& entry) { return is_calico_chain(entry.first); });
    };
    const auto wanted = calico(predicted);
    if (wanted < 2 || calico(captured) > 0) return false;
    add(DriftKind::missing_table, "", {fmt::format("{} chains of Calico", wanted)}, {},
        captured.empty() ? "the capture shows no such table: Felix does not run or uses the other "
                           "backend, or the capture was not made as root"
                         : "the table was flushed by another program, or Felix does not run or "
                           "uses the other backend (iptables-legacy, iptables-nft)");
    return true;
  }

  void stale_chain(const std::string& name, const IptChain& chain, const IptTable& captured) {
    std::vector<std::string> users;
    for (const auto& [other, content] : captured)
      if (!is_calico_chain(other))
        for (const auto& rule : content.rules)
          if (felix_hash(rule).empty() &&
              (rule.ends_with("-j " + name) || rule.ends_with("-g " + name)))
            users.push_back(other);
    add(DriftKind::stale_chain, name, {}, lines(name, chain),
        users.empty()
            ? chain_purpose(name) +
                  ": nothing in the input asks for it; Felix has not seen that it is gone, or was "
                  "not there to delete it"
            : fmt::format("{}: nothing in the input asks for it; Felix cannot delete it as a rule "
                          "that is not Felix's refers to it, in {}",
                          chain_purpose(name), fmt::join(users, ", ")));
  }

  // Calico's rules among others': their own order, and then who stands in front and behind.
  void compare_kernel_chain(const std::string& name, const Rules& predicted,
                            const Rules& captured) {
    const size_t before = out_.size();
    compare_rules(calico_rules(predicted), calico_rules(captured), same(), at(name), out_);
    if (out_.size() == before) compare_neighbourhood(name, predicted, captured);
  }

  // Hooks (jumps to Calico's chains) stand first, or last if so configured; what Felix appends
  // stands last in any case.
  void compare_neighbourhood(const std::string& name, const Rules& predicted,
                             const Rules& captured) {
    const auto theirs = in_the_way(captured);
    const auto expected = in_the_way(predicted);
    for (const bool front : {true, false}) {
      std::vector<std::string> found;
      for (const auto& rule : theirs.at(front))
        if (std::find(expected.at(front).begin(), expected.at(front).end(), rule) ==
            expected.at(front).end())
          found.push_back("-A " + name + " " + rule);
      if (found.empty()) continue;
      add(front ? DriftKind::foreign_rule_in_front : DriftKind::foreign_rule_behind, name, {},
          std::move(found),
          front ? "another program put it before Felix's, so that packets meet it first; Felix "
                  "moves its own rules to the front again at its next refresh"
                : "another program put it behind Felix's, which wants to be last here; Felix moves "
                  "its own rules to the end again at its next refresh");
    }
  }

  // Foreign rules before Felix's hooks (true) and behind what it wants last (false).
  std::map<bool, std::vector<std::string>> in_the_way(const Rules& rules) const {
    std::map<bool, std::vector<std::string>> out{{true, {}}, {false, {}}};
    std::optional<size_t> last_hook, first_at_end;
    for (size_t i = 0; i < rules.size(); ++i) {
      if (rules[i].hash.empty()) continue;
      const bool hook = jumps_to_calico(rules[i].text);
      if (hook && !place_.hooks_at_end) last_hook = i;
      if ((!hook || place_.hooks_at_end) && !first_at_end) first_at_end = i;
    }
    for (size_t i = 0; i < rules.size(); ++i) {
      if (!rules[i].hash.empty() || jumps_to_calico(rules[i].text)) continue;
      if (last_hook && i < *last_hook) out[true].push_back(rules[i].text);
      if (first_at_end && i > *first_at_end) out[false].push_back(rules[i].text);
    }
    return out;
  }

  Place place_;
  std::vector<Drift>& out_;
};

const IptTables& tables_of(const KernelState& state, IpFamily family, IptBackend backend) {
  static const IptTables none;
  const auto found = state.iptables.find({family, backend});
  return found == state.iptables.end() ? none : found->second;
}

// A capture that does not say of which backend it is, is taken for that in which Calico is.
IptBackend backend_of(const KernelState& predicted, IpFamily family, const CapturedTables& tables) {
  if (tables.backend) return *tables.backend;
  return has_calico_chains(tables_of(predicted, family, IptBackend::legacy)) ? IptBackend::legacy
                                                                             : IptBackend::nft;
}

}  // namespace

void find_iptables_drifts(const KernelState& predicted, const NodeCapture& captured,
                          const VerifyOptions& options, std::vector<Drift>& out) {
  for (const auto& [family, captures] : captured.iptables) {
    std::set<IptBackend> seen;
    for (const auto& capture : captures) {
      const IptBackend backend = backend_of(predicted, family, capture);
      if (!seen.insert(backend).second) continue;  // iptables-save and iptables-nft-save
      const IptTables& want = tables_of(predicted, family, backend);
      std::set<std::string> names;
      for (const auto& [name, table] : want) names.insert(name);
      for (const auto& [name, table] : capture.tables) names.insert(name);
      for (const auto& name : names) {
        static const IptTable none;
        const auto side = [&](const IptTables& tables) -> const IptTable& {
          const auto found = tables.find(name);
          return found == tables.end() ? none : found->second;
        };
        const std::string part = family == IpFamily::v4 ? "iptables" : "ip6tables";
        const std::string table = backend == IptBackend::legacy ? "legacy " + name : name;
        TableComparer({family, backend, part, table, options.hooks_at_end}, out)
            .compare(side(want), side(capture.tables));
      }
    }
  }
}

}  // namespace felixsim
