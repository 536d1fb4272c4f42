// SPDX-License-Identifier: Apache-2.0
#include "sim/report/explain_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace felixsim {
namespace {

std::string behind(const std::string& origin) { return origin.empty() ? "" : "  (" + origin + ")"; }

void append_direction(std::string& out, const ExplainedDirection& direction, const char* name) {
  out += fmt::format("{}:\n", name);
  for (const auto& tier : direction.tiers) {
    out +=
        fmt::format("  tier {}, at its end: {}\n", tier.name, tier.passes_rest ? "pass" : "deny");
    size_t number = 0;
    for (const auto& policy : tier.policies)
      out += fmt::format("    {}. {}{}{}\n", ++number, policy.name,
                         policy.staged ? " (only watches)" : "", behind(policy.origin));
  }
  out += "  profiles, for what no tier decides\n";
  size_t number = 0;
  for (const auto& profile : direction.profiles)
    out += fmt::format("    {}. {}{}\n", ++number, profile.name, behind(profile.origin));
}

// The first of many.
std::string peers_text(const ExplainedRule& rule) {
  constexpr size_t shown = 12;
  if (rule.anybody) return "anybody";
  if (rule.peers.empty()) return "nobody";
  const size_t count = std::min(shown, rule.peers.size());
  std::string out = fmt::format(
      "{}",
      fmt::join(rule.peers.begin(), rule.peers.begin() + static_cast<std::ptrdiff_t>(count), ", "));
  if (rule.peers.size() > shown) out += fmt::format(" and {} more", rule.peers.size() - shown);
  return out;
}

// " to port http", or several.
std::string ports_text(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  return fmt::format(" to {} {}", names.size() == 1 ? "port" : "ports", fmt::join(names, ", "));
}

}  // namespace

std::string explanation_text(const PodExplanation& pod) {
  std::string out = "pod " + pod.pod + (pod.address_unknown ? ", without an address yet\n" : "\n");
  append_direction(out, pod.ingress, "ingress");
  append_direction(out, pod.egress, "egress");
  return out;
}

std::string explanation_text(const std::vector<PolicyExplanation>& policies) {
  std::string out;
  for (const auto& policy : policies) {
    out += policy.policy + behind(policy.origin) + "\n";
    out += fmt::format("  selects {}: {}\n", policy.selects.size(),
                       policy.selects.empty() ? "no endpoint"
                                              : fmt::format("{}", fmt::join(policy.selects, ", ")));
    for (const auto& rule : policy.rules) {
      out += fmt::format("  {} rule {} ({}): {} {}{} {} {}\n", rule.ingress ? "ingress" : "egress",
                         rule.index, family_name(rule.family), reach::action_text(rule.action),
                         rule.headers, ports_text(rule.port_names), rule.ingress ? "from" : "to",
                         peers_text(rule));
      if (!rule.nets_not_asked.empty())
        out += fmt::format(
            "    warning: whatever its {} nets say: Felix asks only two lists of ports and nets of "
            "a rule; split the rule in two\n",
            rule.nets_not_asked);
    }
  }
  return out;
}

std::string explanation_text(const std::vector<PairExplanation>& pair, const std::string& from,
                             const std::string& to) {
  std::string out;
  for (const auto& one : pair) {
    out += fmt::format("{} -> {} ({}): {}{}\n", from, to, family_name(one.family), one.allowed,
                       one.unknown.empty() ? "" : "; unknown: " + one.unknown);
    for (const auto* decisions : {&one.egress, &one.ingress})
      for (const auto& decision : *decisions)
        out += fmt::format("  {}: {}{}\n", decision.headers, place_text(decision.place),
                           behind(decision.origin));
  }
  return out;
}

std::string explanation_text(const std::vector<ExplainedDeadRule>& dead) {
  std::string out;
  for (const auto& [name, origin, rule] : dead) {
    if (rule.why == reach::DeadRule::Why::selects_nothing) {
      out += fmt::format("{}: selects no endpoint{}\n", name, behind(origin));
      continue;
    }
    out += fmt::format("{}, {} rule {}: ", name, rule.ingress ? "ingress" : "egress", rule.index);
    if (rule.why == reach::DeadRule::Why::matches_nothing)
      out += fmt::format("matches nothing{}\n", behind(origin));
    else
      out += fmt::format("all that it matches is decided before{}: {}\n", behind(origin),
                         fmt::join(rule.by, "; "));
  }
  return out;
}

}  // namespace felixsim
