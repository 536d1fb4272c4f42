// SPDX-License-Identifier: Apache-2.0
#include "model/rules/policy_chains.h"

#include "model/rules/match_blocks.h"
#include "model/rules/nflog_prefix.h"

namespace felixsim::rules {
namespace {

// The policy or profile that rules belong to.
struct Owner {
  LogOwner kind = LogOwner::policy;
  std::string id;                          // in NFLOG prefixes
  std::string short_kind, ns, name, tier;  // in log prefixes
  bool untracked = false;
};

// LogPrefix with %k, %p, %n and %t filled in; other uses of % stay.
std::string log_prefix(const RulesConfig& config, const Owner& owner) {
  if (!config.felix.log_prefix_fields) return config.log_prefix;
  const std::string_view format =
      config.log_prefix.empty() ? std::string_view("calico-packet") : config.log_prefix;
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    const char specifier = format[i] == '%' && i + 1 < format.size() ? format[i + 1] : '\0';
    switch (specifier) {
      case 'k':
        out += owner.short_kind;
        break;
      case 'p':
        if (!owner.ns.empty()) out.append(owner.ns) += '/';
        out += owner.name;
        break;
      case 'n':
        out += owner.name;
        break;
      case 't':
        out += owner.tier;
        break;
      default:
        out += format[i];
        continue;
    }
    ++i;
  }
  return out;
}

// What a rule does where its matches hold.
struct Effect {
  uint32_t mark = 0;
  LogAction log = LogAction::allow;
  bool denies = false;
};

Effect effect_of(const MarkBits& marks, std::string_view action) {
  if (action == "deny") return {marks.drop, LogAction::deny, true};
  if (action == "pass" || action == "next-tier") return {marks.pass, LogAction::pass, false};
  return {marks.accept, LogAction::allow, false};
}

bool is_known_action(std::string_view action) {
  return action.empty() || action == "allow" || action == "deny" || action == "pass" ||
         action == "next-tier" || action == "log";
}

class PolicyChain {
 public:
  PolicyChain(const Renderer& r, const Owner& owner, LogDirection direction)
      : r_(r), owner_(owner), direction_(direction) {}

  // `comment` goes to the first rule, or to an empty one.
  Result<std::vector<Rule>> render(const std::vector<msg::Rule>& rules, std::string comment) &&;

 private:
  Status add(const msg::Rule& rule, size_t index);
  void add_actions(const msg::Rule& rule, RuleBuilder match, size_t index);

  const Renderer& r_;
  const Owner& owner_;
  LogDirection direction_;
  std::vector<Rule> out_;
};

// The matches set the mark of the verdict; rules after that look at the mark alone, so that one
// packet is matched once. Felix v3.28 has no mark for a denial, which is one rule.
void PolicyChain::add_actions(const msg::Rule& rule, RuleBuilder match, size_t index) {
  const Effect effect = effect_of(r_.marks(), rule.action);
  if (effect.mark == 0) return out_.push_back(match.verdict(r_.config.filter_deny));
  out_.push_back(match.set_mark(effect.mark));
  const auto decided = [&] { return r_.rule().mark_set(effect.mark); };
  if (r_.config.flow_logs && !owner_.untracked) {
    const uint16_t group = direction_ == LogDirection::ingress ? 1 : 2;
    out_.push_back(decided().nflog(
        group, nflog_prefix(effect.log, owner_.kind, direction_, index, owner_.id)));
  }
  out_.push_back(effect.denies ? decided().verdict(r_.config.filter_deny) : decided().return_());
}

Status PolicyChain::add(const msg::Rule& rule, size_t index) {
  const size_t before = out_.size();
  const bool logs = rule.action == "log";
  RuleBuilder start = r_.rule();
  if (logs && !r_.config.log_rate_limit.empty())
    start.limit(r_.config.log_rate_limit, r_.config.log_rate_limit_burst);
  auto match = render_matches(r_, rule, std::move(start), out_);
  if (!match) return forward(match);
  if (!*match) return {};
  if (!is_known_action(rule.action))
    return invalid(fmt::format("unknown action '{}': Felix panics", rule.action));
  if (logs)
    out_.push_back((*match)->log(log_prefix(r_.config, owner_)));
  else
    add_actions(rule, std::move(**match), index);
  if (rule.annotations)
    for (size_t i = before; i < out_.size(); ++i)
      for (const auto& [key, value] : *rule.annotations)
        out_[i].comments.push_back(key + "=" + value);
  return {};
}

Result<std::vector<Rule>> PolicyChain::render(const std::vector<msg::Rule>& rules,
                                              std::string comment) && {
  for (size_t i = 0; i < rules.size(); ++i)
    if (auto added = add(rules[i], i); !added) return forward(added);
  // A return at the end of a chain changes nothing.
  while (!out_.empty() && out_.back().returns) out_.pop_back();
  if (out_.empty()) out_.emplace_back();
  out_.front().comments.push_back(std::move(comment));
  return std::move(out_);
}

Result<Chains> both_chains(const Renderer& r, const Owner& owner, std::string in_name,
                           std::string out_name, const std::string& title,
                           const std::vector<msg::Rule>& inbound,
                           const std::vector<msg::Rule>& outbound) {
  auto in = PolicyChain(r, owner, LogDirection::ingress).render(inbound, title + " ingress");
  if (!in) return tl::unexpected(std::move(in).error().with_context(title + " ingress"));
  auto out = PolicyChain(r, owner, LogDirection::egress).render(outbound, title + " egress");
  if (!out) return tl::unexpected(std::move(out).error().with_context(title + " egress"));
  Chains chains;
  chains.push_back({std::move(in_name), std::move(*in)});
  chains.push_back({std::move(out_name), std::move(*out)});
  return chains;
}

}  // namespace

Result<Chains> policy_chains(const Renderer& r, const msg::PolicyId& id,
                             const msg::Policy& policy) {
  if (is_staged(id)) return Chains{};
  const Owner owner{LogOwner::policy, policy_id_text(id), std::string(short_kind(id)),
                    id.ns.str(),      id.name.str(),      policy.tier.str(),
                    policy.untracked};
  std::string title = (id.kind.empty() ? "Policy" : id.kind.str()) + " ";
  if (!id.ns.empty()) title += id.ns.str() + "/";
  title += id.name.str();
  return both_chains(r, owner, policy_chain_name(prefix::policy_in, id, r.dialect()),
                     policy_chain_name(prefix::policy_out, id, r.dialect()), title, policy.inbound,
                     policy.outbound);
}

Result<Chains> profile_chains(const Renderer& r, Symbol id, const msg::Profile& profile) {
  const Owner owner{LogOwner::profile, id.str(), "pro", "", id.str(), "", false};
  return both_chains(r, owner, profile_chain_name(prefix::profile_in, id, r.dialect()),
                     profile_chain_name(prefix::profile_out, id, r.dialect()),
                     "Profile " + id.str(), profile.inbound, profile.outbound);
}

}  // namespace felixsim::rules
