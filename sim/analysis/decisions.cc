// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/decisions.h"

#include <sstream>

#include "model/kernel/ipt_rule.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

using walk::Step;
using walk::StepKind;

// The comments of a rule, without Felix's hash.
std::string comments_of(const std::string& text, const std::string& nft_comment) {
  if (!nft_comment.empty()) {
    const size_t end = nft_comment.find("; ");
    return end == std::string::npos ? "" : nft_comment.substr(end + 2);
  }
  std::string out;
  Words words;
  if (!split_restore_line(text, words)) return out;
  for (size_t i = 0; i + 1 < words.words.size(); ++i)
    if (words.words[i] == "--comment" && words.words[i + 1].rfind("cali:", 0) != 0)
      out += fmt::format("{}{}", out.empty() ? "" : "; ", words.words[i + 1]);
  return out;
}

struct ChainText {
  std::string text, comment;
};

// The rules of a chain in either dialect.
std::vector<ChainText> chain_rules(const KernelState& state, const Step& step, IpFamily family) {
  std::vector<ChainText> out;
  for (const auto backend : {IptBackend::nft, IptBackend::legacy}) {
    const auto tables = state.iptables.find({family, backend});
    if (tables == state.iptables.end()) continue;
    const auto table = tables->second.find(step.table);
    if (table == tables->second.end()) continue;
    const auto chain = table->second.find(step.chain);
    if (chain == table->second.end()) continue;
    for (const auto& rule : chain->second.rules) out.push_back({rule, ""});
    return out;
  }
  const size_t blank = step.table.find(' ');
  const auto table =
      state.nft.find({step.table.substr(0, blank),
                      blank == std::string::npos ? "" : step.table.substr(blank + 1)});
  if (table == state.nft.end()) return out;
  const auto chain = table->second.chains.find(step.chain);
  if (chain == table->second.chains.end()) return out;
  for (const auto& rule : chain->second.rules) out.push_back({rule.text, rule.comment});
  return out;
}

bool ends_rule(const std::string& text) {
  for (const std::string_view verdict :
       {"-j RETURN", "-j DROP", "-j REJECT", "-j ACCEPT", "counter return", "counter drop",
        "counter reject", "counter accept"})
    if (text.find(verdict) != std::string::npos) return true;
  return false;
}
bool logs(const std::string& text) {
  return text.find("-j LOG") != std::string::npos || text.find("counter log") != std::string::npos;
}

// Which of the rendered rules of a policy this rule of the chain belongs to.
int rendered_index(const std::vector<ChainText>& rules, int number) {
  int index = 0;
  for (int i = 0; i + 1 < number && i < static_cast<int>(rules.size()); ++i)
    index +=
        ends_rule(rules[static_cast<size_t>(i)].text) || logs(rules[static_cast<size_t>(i)].text);
  return index;
}

bool renders(const Rule& rule, IpFamily family) {
  return !rule.ip_version || *rule.ip_version == (family == IpFamily::v4 ? 4 : 6);
}

// The index in the resource: rules of the other IP version are not rendered.
int resource_index(const std::vector<Rule>& rules, int rendered, IpFamily family,
                   std::string& action) {
  for (size_t i = 0; i < rules.size(); ++i) {
    if (!renders(rules[i], family)) continue;
    if (rendered-- > 0) continue;
    action = rules[i].action.empty() ? "allow" : rules[i].action.str();
    if (action == "next-tier") action = "pass";
    return static_cast<int>(i);
  }
  return -1;
}

class DecisionFinder {
 public:
  DecisionFinder(const walk::TraceResult& trace, const Cluster& cluster, IpFamily family)
      : trace_(trace), cluster_(cluster), family_(family) {}

  std::vector<Decision> run() {
    for (size_t i = 0; i < trace_.steps.size(); ++i) {
      const Step& step = trace_.steps[i];
      if (step.kind == StepKind::rule) rule(i);
      if (step.ends && static_cast<int>(i) == trace_.decided && step.kind != StepKind::rule)
        other(i);
    }
    return std::move(out_);
  }

 private:
  void rule(size_t at) {
    const Step& step = trace_.steps[at];
    const NodeFlight* node = cluster_.find(step.node);
    if (!node) return;
    const IpFamily family = family_;
    const bool last = static_cast<int>(at) == trace_.decided;
    if (step.chain.find("cali-p") == std::string::npos) {
      if (last) accepts(step) ? lost(at) : by_other_rule(at);
      return;
    }
    if (!decides(step, *node)) return;
    const auto rules = chain_rules(node->kernel.state(), step, family);
    if (rules.empty()) return;
    Decision decision;
    decision.node = step.node;
    decision.step = at;
    std::istringstream title(comments_of(rules[0].text, rules[0].comment));
    std::string kind, name;
    title >> kind >> name >> decision.direction;
    if (const size_t end = decision.direction.find(';'); end != std::string::npos)
      decision.direction.resize(end);
    decision.kind = kind == "Profile" ? "profile" : "policy";
    decision.name = kind == "Profile" ? name : kind + " " + name;
    const int rendered = rendered_index(rules, step.rule);
    look_up(decision, kind, name, rendered, family);
    // The mark and the verdict of one rule are one decision.
    if (!out_.empty() && out_.back().name == decision.name && out_.back().node == decision.node &&
        out_.back().direction == decision.direction)
      out_.pop_back();
    out_.push_back(std::move(decision));
  }

  void look_up(Decision& decision, const std::string& kind, const std::string& name, int rendered,
               IpFamily family) const {
    decision.rule = rendered;
    const bool inbound = decision.direction == "ingress";
    const auto& current = cluster_.datastore().current();
    if (kind == "Profile") {
      const auto it = current.find(ProfileRulesKey{Symbol(name)});
      if (it == current.end()) return;
      const auto& rules = std::get<ProfileRules>(*it->second);
      decision.rule = resource_index(inbound ? rules.inbound : rules.outbound, rendered, family,
                                     decision.action);
      return;
    }
    const size_t slash = name.find('/');
    PolicyKey key{Symbol(kind), Symbol(slash == std::string::npos ? "" : name.substr(0, slash)),
                  Symbol(slash == std::string::npos ? name : name.substr(slash + 1))};
    if (kind == "Policy") key = {{}, {}, Symbol(name)};  // as Felix v3.28 names them
    const auto it = current.find(key);
    if (it == current.end()) return;
    const auto& policy = std::get<Policy>(*it->second);
    decision.tier = policy.tier.str();
    decision.rule = resource_index(inbound ? policy.inbound : policy.outbound, rendered, family,
                                   decision.action);
  }

  // A dropping rule outside of policies' chains: Felix's comment says what it is.
  void by_other_rule(size_t at) {
    const Step& step = trace_.steps[at];
    Decision decision;
    decision.node = step.node;
    decision.step = at;
    const std::string comment = comments_of(step.text, step.comment);
    constexpr std::string_view tier_end = "End of tier ";
    decision.direction = step.chain.find("cali-tw-") != std::string::npos   ? "ingress"
                         : step.chain.find("cali-fw-") != std::string::npos ? "egress"
                                                                            : "";
    decision.action = "deny";
    if (const size_t found = comment.find(tier_end); found != std::string::npos) {
      const size_t start = found + tier_end.size();
      decision.kind = "end of tier";
      decision.name = decision.tier = comment.substr(start, comment.find(". ", start) - start);
      decision.policies = policies_before(at);
    } else if (comment.find("no policies passed packet") != std::string::npos) {
      decision.kind = "end of tier";  // Felix v3.28 has only one
      decision.name = decision.tier = "default";
      decision.policies = policies_before(at);
    } else if (comment.find("no profiles matched") != std::string::npos) {
      decision.kind = "no profile";
    } else {
      decision.kind = "rule";
      decision.name = fmt::format("{} {} rule {}{}", step.table, step.chain, step.rule,
                                  comment.empty() ? "" : " (" + comment + ")");
    }
    out_.push_back(std::move(decision));
  }

  // "NetworkPolicy default/web" of the policies that the packet was shown since its tier began.
  std::vector<std::string> policies_before(size_t at) const {
    std::vector<std::string> names;
    for (size_t i = at; i-- > 0;) {
      const Step& step = trace_.steps[i];
      if (step.kind != StepKind::rule || step.node != trace_.steps[at].node) break;
      if (comments_of(step.text, step.comment).find("Start of tier") != std::string::npos) break;
      const size_t found =
          std::max(step.text.rfind("cali-pi-") + 1, step.text.rfind("cali-po-") + 1);
      if (found == 0) continue;
      Step inside = step;
      const size_t start = step.text.rfind(' ', found - 1) + 1;
      inside.chain = step.text.substr(start, step.text.find(' ', start) - start);
      const auto rules = chain_rules(cluster_.find(step.node)->kernel.state(), inside, family_);
      if (rules.empty()) continue;
      std::istringstream title(comments_of(rules[0].text, rules[0].comment));
      std::string kind, name;
      title >> kind >> name;
      names.insert(names.begin(), kind + " " + name);
    }
    return names;
  }

  // The last rule let the packet pass; what lies behind it did not.
  static bool accepts(const Step& step) {
    return step.text.find("-j ACCEPT") != std::string::npos || step.text.ends_with("accept");
  }
  void lost(size_t at) { by_network(at, trace_.reason); }
  void other(size_t at) { by_network(at, trace_.steps[at].text); }

  void by_network(size_t at, std::string what) {
    Decision decision;
    decision.node = trace_.steps[at].node;
    decision.step = at;
    decision.kind = "network";
    decision.name = std::move(what);
    decision.action = "deny";
    out_.push_back(std::move(decision));
  }

  // Sets this step a mark that means accept, pass or drop, or is it a verdict? Marks of blocks of
  // matches are not decisions yet.
  bool decides(const Step& step, const NodeFlight& node) const {
    if (ends_rule(step.text) || logs(step.text)) return true;
    const MarkBits* marks = node.felix ? node.felix->marks() : nullptr;
    if (!marks) return true;
    size_t at = step.text.find("--set-xmark ");
    at = at != std::string::npos ? at + 12 : step.text.find("meta mark | ");
    if (at == std::string::npos) return false;
    if (step.text.compare(at, 12, "meta mark | ") == 0) at += 12;
    const auto end = step.text.find_first_of(" /", at);
    const auto value = parse_number(std::string_view(step.text).substr(at, end - at), ~uint32_t{0});
    return value && (*value & (marks->accept | marks->pass | marks->drop)) != 0;
  }

  const walk::TraceResult& trace_;
  const Cluster& cluster_;
  IpFamily family_;
  std::vector<Decision> out_;
};

}  // namespace

std::vector<Decision> find_decisions(const walk::TraceResult& trace, const Cluster& cluster,
                                     IpFamily family) {
  return DecisionFinder(trace, cluster, family).run();
}

std::string decision_text(const Decision& decision) {
  const std::string verb = decision.action == "deny"   ? "denied"
                           : decision.action == "pass" ? "passed on"
                           : decision.action == "log"  ? "logged"
                                                       : "allowed";
  const std::string where = decision.origin.empty() ? "" : ", " + decision.origin;
  if (decision.kind == "policy")
    return fmt::format("{} by {}{}, {} rule {}{}", verb, decision.name,
                       decision.tier.empty() ? "" : " (tier " + decision.tier + ")",
                       decision.direction, decision.rule, where);
  if (decision.kind == "profile")
    return fmt::format("{} by profile {}, {} rule {}{}", verb, decision.name, decision.direction,
                       decision.rule, where);
  if (decision.kind == "end of tier")
    return fmt::format(
        "denied at the end of tier {}, {}: {} matched", decision.name, decision.direction,
        decision.policies.empty() ? "no policy"
                                  : fmt::format("none of {}", fmt::join(decision.policies, ", ")));
  if (decision.kind == "no profile")
    return fmt::format("denied: no policy and no profile allows it ({})", decision.direction);
  if (decision.kind == "rule") return "denied by " + decision.name;
  return "lost: " + decision.name;
}

}  // namespace felixsim
