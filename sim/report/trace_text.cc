// SPDX-License-Identifier: Apache-2.0
#include "sim/report/trace_text.h"

#include <nlohmann/json.hpp>

namespace felixsim {
namespace {

using nlohmann::ordered_json;
using walk::Step;
using walk::StepKind;

std::string_view kind_word(StepKind kind) {
  static constexpr std::string_view words[] = {"leg",       "receive", "rule",  "policy",
                                               "conntrack", "nat",     "route", "tunnel",
                                               "neighbour", "deliver", "drop"};
  return words[static_cast<size_t>(kind)];
}

// What the chains of Felix are for, by the beginning of their names; nft's carry the table's name
// in front.
std::string_view purpose(std::string_view chain) {
  static constexpr std::pair<std::string_view, std::string_view> known[] = {
      {"cali-from-wl-dispatch", "finds the chain of the workload that the packet comes from"},
      {"cali-to-wl-dispatch", "finds the chain of the workload that the packet goes to"},
      {"cali-fw-", "egress policy of the workload that sends"},
      {"cali-tw-", "ingress policy of the workload that receives"},
      {"cali-pi-", "ingress rules of a policy"},
      {"cali-po-", "egress rules of a policy"},
      {"cali-pri-", "ingress rules of a profile"},
      {"cali-pro-", "egress rules of a profile"},
      {"cali-gi-", "a group of policies that apply together to what comes in"},
      {"cali-go-", "a group of policies that apply together to what goes out"},
      {"cali-wl-to-host", "what a workload may send to its own node"},
      {"cali-from-host-endpoint", "policy of host endpoints for what comes in"},
      {"cali-to-host-endpoint", "policy of host endpoints for what goes out"},
      {"cali-from-hep-forward", "policy of host endpoints for what is forwarded, coming in"},
      {"cali-to-hep-forward", "policy of host endpoints for what is forwarded, going out"},
      {"cali-fh", "policy of a host endpoint for what comes in"},
      {"cali-th", "policy of a host endpoint for what goes out"},
      {"cali-failsafe-in", "ports that stay open to the node whatever policies say"},
      {"cali-failsafe-out", "ports that the node may always reach"},
      {"cali-rpf-skip", "workloads that may use any source address"},
      {"cali-nat-outgoing", "hides workloads behind the node's address outside of the pools"},
      {"cali-fip-dnat", "floating addresses become the workload's own"},
      {"cali-fip-snat", "the workload's own address becomes its floating one"},
      {"cali-cidr-block", "addresses of services that nobody serves must not loop"},
      {"cali-PREROUTING", "Felix's part of PREROUTING"},
      {"cali-INPUT", "Felix's part of INPUT"},
      {"cali-FORWARD", "Felix's part of FORWARD"},
      {"cali-OUTPUT", "Felix's part of OUTPUT"},
      {"cali-POSTROUTING", "Felix's part of POSTROUTING"}};
  const size_t start = chain.find("cali-");
  if (start == std::string_view::npos) return {};
  chain = chain.substr(start);
  for (const auto& [name, text] : known)
    if (chain.starts_with(name)) return text;
  return {};
}

std::string_view table_purpose(const std::string& table, const std::string& chain) {
  const auto is = [&](std::string_view name) {
    return table.starts_with(name) || chain.starts_with(std::string(name) + "-");
  };
  if (is("raw")) return "before connections are looked up";
  if (is("mangle")) return "policy before NAT, and marks";
  if (is("nat")) return "addresses and ports may be changed, for the first packet of a connection";
  if (is("filter")) return "policy";
  return "rules of others";
}

// Where a rule jumps to; empty: nowhere.
std::string_view jump_target(const std::string& text) {
  for (const std::string_view word : {"-j ", "-g ", "jump ", "goto "}) {
    const size_t at = text.rfind(word);
    if (at == std::string::npos) continue;
    const auto rest = std::string_view(text).substr(at + word.size());
    const auto name = rest.substr(0, rest.find(' '));
    return name.find("cali") != std::string_view::npos ? name : std::string_view{};
  }
  return {};
}

std::string rule_line(const Step& step) {
  return fmt::format("  {}:{} {} {}:{}  {}{}", step.node, hook_name(step.hook), step.table,
                     step.chain, step.rule, step.text,
                     step.comment.empty() ? "" : fmt::format(" comment \"{}\"", step.comment));
}

void append_steps(std::string& out, const ProbeAnswer& answer, bool explained) {
  std::string place;
  for (const auto& step : answer.trace.steps) {
    if (step.kind == StepKind::leg) {
      out += fmt::format("{}:\n", step.text);
      place.clear();
    } else if (step.kind == StepKind::rule) {
      const std::string here = fmt::format("{} {} {}", step.node, hook_name(step.hook), step.table);
      if (explained && here != place)
        out += fmt::format("  # {} on {}, table {}: {}.\n", hook_name(step.hook), step.node,
                           step.table, table_purpose(step.table, step.chain));
      place = here;
      out += rule_line(step) + "\n";
      if (explained)
        if (const auto target = jump_target(step.text); !target.empty())
          if (const auto why = purpose(target); !why.empty())
            out += fmt::format("  # on to {}: {}.\n", target, why);
    } else if (step.kind == StepKind::policy) {
      out += fmt::format("  {}:{} {} {} ends: {}\n", step.node, hook_name(step.hook), step.table,
                         step.chain, step.text);
    } else {
      out += fmt::format("  {}{}{}\n", step.node, step.node.empty() ? "" : ": ", step.text);
      place.clear();
    }
  }
}

}  // namespace

std::string_view verdict_word(walk::Verdict verdict) {
  static constexpr std::string_view words[] = {"allowed", "blocked", "refused"};
  return words[static_cast<size_t>(verdict)];
}

std::string trace_text(const ProbeRequest& request, const ProbeAnswer& answer, TraceDetail detail) {
  std::string out;
  if (detail != TraceDetail::brief) append_steps(out, answer, detail == TraceDetail::explained);
  out += fmt::format("{}: {}", probe_text(request), verdict_word(answer.trace.verdict));
  if (answer.trace.verdict == walk::Verdict::allowed)
    out += fmt::format(" ({} sees {})", answer.trace.receiver, answer.trace.seen_source.str());
  else
    out += fmt::format(" ({})", answer.trace.reason);
  out += '\n';
  for (const auto& decision : answer.decisions)
    out += fmt::format("  {}{}\n", decision.node.empty() ? "" : "on " + decision.node + ": ",
                       decision_text(decision));
  return out;
}

std::string trace_json(const ProbeRequest& request, const ProbeAnswer& answer, int schema) {
  ordered_json decisions = ordered_json::array(), steps = ordered_json::array();
  for (const auto& decision : answer.decisions) {
    ordered_json entry{{"node", decision.node},           {"kind", decision.kind},
                       {"name", decision.name},           {"tier", decision.tier},
                       {"direction", decision.direction}, {"action", decision.action},
                       {"origin", decision.origin},       {"step", decision.step}};
    if (decision.rule >= 0) entry["rule"] = decision.rule;
    if (!decision.policies.empty()) entry["policies"] = decision.policies;
    decisions.push_back(std::move(entry));
  }
  for (const auto& step : answer.trace.steps) {
    ordered_json entry{{"kind", kind_word(step.kind)}, {"node", step.node}};
    if (step.kind == StepKind::rule || step.kind == StepKind::policy) {
      entry["hook"] = hook_name(step.hook);
      entry["table"] = step.table;
      entry["chain"] = step.chain;
      entry["rule"] = step.rule;
    }
    entry["text"] = step.text;
    if (!step.comment.empty()) entry["comment"] = step.comment;
    if (step.ends) entry["ends"] = true;
    steps.push_back(std::move(entry));
  }
  const ordered_json document{
      {"schema", schema},
      {"probe", probe_text(request)},
      {"source", answer.source},
      {"destination", answer.destination},
      {"verdict", verdict_word(answer.trace.verdict)},
      {"receiver", answer.trace.receiver},
      {"seen_source",
       answer.trace.receiver.empty() ? std::string() : answer.trace.seen_source.str()},
      {"reason", answer.trace.reason},
      {"decisions", std::move(decisions)},
      {"steps", std::move(steps)}};
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace felixsim
