// SPDX-License-Identifier: Apache-2.0
#include "model/rules/endpoint_chains.h"

#include <algorithm>

#include "felixsim/check.h"
#include "model/rules/nflog_prefix.h"
#include "model/rules/static_parts.h"

namespace felixsim::rules {
namespace {

enum class Kind : uint8_t { normal, untracked, pre_dnat, forward };

// What tells one endpoint chain from another.
struct Spec {
  std::string_view endpoint_prefix;
  Direction direction = Direction::inbound;  // of the policies that apply
  Kind kind = Kind::normal;
  std::string_view failsafe;  // chain to visit first; empty: none
  Verdict allow = Verdict::accept;
  bool blocks_encapsulation = false;  // from workloads
  const std::optional<QosControls>* qos = nullptr;
};

constexpr std::string_view related_established = "RELATED,ESTABLISHED";

class EndpointChain {
 public:
  EndpointChain(const Renderer& r, const Spec& spec, std::string_view interface)
      : r_(r),
        spec_(spec),
        chain_{endpoint_chain_name(spec.endpoint_prefix, interface, r.dialect()), {}} {}

  Chain admin_down() &&;
  Chain render(const std::vector<TierGroups>& tiers, const std::vector<Symbol>& profiles) &&;

 private:
  void add(Rule rule) { chain_.rules.push_back(std::move(rule)); }
  void add_packet_rate_limit();
  void add_conntrack_rules();
  void add_connection_limit();
  void add_encapsulation_blocks();
  void add_tier(const TierGroups& tier);
  bool add_group(const PolicyGroup& group);
  void add_jump_to_policy(std::string_view chain, bool can_accept);
  void add_end_of_tier(const TierGroups& tier, bool deny);
  void add_profiles(const std::vector<Symbol>& profiles);

  bool ingress() const { return spec_.direction == Direction::inbound; }
  LogDirection log_direction() const {
    return ingress() ? LogDirection::ingress : LogDirection::egress;
  }
  uint16_t nflog_group() const { return ingress() ? 1 : 2; }
  // "Drop if ...": comments name the configured deny action.
  std::string deny_comment(std::string_view rest) const {
    return std::string(verdict_word(r_.config.filter_deny)).append(" ").append(rest);
  }

  const Renderer& r_;
  const Spec& spec_;
  Chain chain_;
};

Chain EndpointChain::admin_down() && {
  add(r_.rule().comment("Endpoint admin disabled").verdict(r_.config.filter_deny));
  return std::move(chain_);
}

// iptables marks what is within the limit and drops the rest; nft has an action for that.
void EndpointChain::add_packet_rate_limit() {
  const QosControls& qos = **spec_.qos;
  const int64_t rate = ingress() ? qos.ingress_packet_rate : qos.egress_packet_rate;
  const int64_t burst = ingress() ? qos.ingress_packet_burst : qos.egress_packet_burst;
  if (rate == 0) return;
  const std::string which = ingress() ? "ingress" : "egress";
  const uint32_t mark = r_.marks().scratch0;
  const auto clear = [&] {
    return r_.rule().comment("Clear " + which + " packet rate limit mark").clear_mark(mark);
  };
  const std::string over = "Drop packets over " + which + " packet rate limit";
  if (r_.nft()) return add(r_.rule().comment(over).limit_packet_rate(rate, burst, mark));
  add(clear());
  add(r_.rule()
          .comment("Mark packets within " + which + " packet rate limit")
          .limit_packet_rate(rate, burst, mark));
  add(r_.rule().not_mark(mark, mark).comment(over).drop());
  add(clear());
}

void EndpointChain::add_conntrack_rules() {
  // Without an immediate accept, the mark tells the static chains to.
  if (spec_.allow != Verdict::accept)
    add(r_.rule().conntrack_state(related_established).set_mark(r_.marks().accept));
  add(r_.rule().conntrack_state(related_established).verdict(spec_.allow));
  if (!r_.config.disable_conntrack_invalid)
    add(r_.rule().conntrack_state("INVALID").verdict(r_.config.filter_deny));
}

void EndpointChain::add_connection_limit() {
  const QosControls& qos = **spec_.qos;
  const int64_t limit = ingress() ? qos.ingress_max_connections : qos.egress_max_connections;
  if (limit == 0) return;
  add(r_.rule()
          .comment(fmt::format("Reject connections over {} connection limit",
                               ingress() ? "ingress" : "egress"))
          .limit_connections(limit));
}

// A workload could otherwise send into the overlay what no policy has seen.
void EndpointChain::add_encapsulation_blocks() {
  const Verdict deny = r_.config.filter_deny;
  if (!r_.config.allow_vxlan_from_workloads)
    add(r_.rule()
            .protocol(proto_udp)
            .destination_port(r_.config.vxlan_port)
            .comment(deny_comment("VXLAN encapped packets originating in workloads"))
            .verdict(deny));
  if (!r_.config.allow_ipip_from_workloads)
    add(r_.rule()
            .protocol(proto_ipip)
            .comment(deny_comment("IPinIP encapped packets originating in workloads"))
            .verdict(deny));
}

void EndpointChain::add_jump_to_policy(std::string_view chain, bool can_accept) {
  const MarkBits& marks = r_.marks();
  // The pass bit, once set, skips the rest of the tier.
  add(r_.rule().mark_clear(marks.pass).jump(chain));
  if (!can_accept) return;
  if (spec_.kind == Kind::untracked) add(r_.rule().mark_set(marks.accept).no_track());
  add(r_.rule().mark_set(marks.accept).comment("Return if policy accepted").return_());
}

// Whether the group can decide anything: staged policies only watch.
bool EndpointChain::add_group(const PolicyGroup& group) {
  const bool unstaged = group.has_unstaged();
  if (!group.inlined()) {
    add_jump_to_policy(group.chain_name(), unstaged);
    return unstaged;
  }
  const auto chain_prefix = ingress() ? prefix::policy_in : prefix::policy_out;
  for (const auto& policy : group.policies)
    if (!is_staged(policy))
      add_jump_to_policy(policy_chain_name(chain_prefix, policy, r_.dialect()), unstaged);
  return unstaged;
}

void EndpointChain::add_end_of_tier(const TierGroups& tier, bool deny) {
  const bool flow_logs = r_.config.flow_logs;
  const auto undecided = [&] { return r_.rule().mark_clear(r_.marks().pass); };
  const std::string& name = tier.name.str();
  if (!deny || tier.default_action.view() == "Pass") {
    if (flow_logs)
      add(undecided().nflog(nflog_group(),
                            nflog_end_of_tier_prefix(LogAction::pass, log_direction(), name)));
    return;
  }
  if (flow_logs)
    add(undecided().nflog(nflog_group(),
                          nflog_end_of_tier_prefix(LogAction::deny, log_direction(), name)));
  const std::string title = r_.config.felix.tiers ? "End of tier " + name + ". " : "";
  add(undecided()
          .comment(title + deny_comment("if no policies passed packet"))
          .verdict(r_.config.filter_deny));
}

void EndpointChain::add_tier(const TierGroups& tier) {
  const auto& groups = ingress() ? tier.ingress : tier.egress;
  if (groups.empty()) return;
  if (r_.config.felix.tiers)
    add(r_.rule().comment("Start of tier " + tier.name.str()).clear_mark(r_.marks().pass));
  bool deny = false;  // a tier of staged policies only denies nothing
  for (const auto& group : groups) deny |= add_group(group);
  // Untracked and pre-DNAT policy leave what they do not decide to normal policy.
  if (spec_.kind == Kind::normal || spec_.kind == Kind::forward) add_end_of_tier(tier, deny);
}

void EndpointChain::add_profiles(const std::vector<Symbol>& profiles) {
  const auto chain_prefix = ingress() ? prefix::profile_in : prefix::profile_out;
  for (const Symbol profile : profiles) {
    add(r_.rule().jump(profile_chain_name(chain_prefix, profile, r_.dialect())));
    add(r_.rule().mark_set(r_.marks().accept).comment("Return if profile accepted").return_());
  }
  if (r_.config.flow_logs)
    add(r_.rule().nflog(nflog_group(), nflog_no_profile_prefix(log_direction())));
  add(r_.rule().comment(deny_comment("if no profiles matched")).verdict(r_.config.filter_deny));
}

Chain EndpointChain::render(const std::vector<TierGroups>& tiers,
                            const std::vector<Symbol>& profiles) && {
  const bool limits = spec_.qos != nullptr && spec_.qos->has_value();
  if (limits) add_packet_rate_limit();
  if (spec_.kind != Kind::untracked) add_conntrack_rules();
  if (limits) add_connection_limit();
  if (!spec_.failsafe.empty()) add(r_.rule().jump(spec_.failsafe));
  add(r_.rule().clear_mark(r_.marks().accept | r_.marks().pass));
  if (spec_.blocks_encapsulation) add_encapsulation_blocks();
  for (const auto& tier : tiers) add_tier(tier);
  // Felix v3.28 asks whether there is any policy for this direction.
  const bool no_policy = r_.config.felix.tiers
                             ? tiers.empty()
                             : std::all_of(tiers.begin(), tiers.end(), [&](const auto& tier) {
                                 return (ingress() ? tier.ingress : tier.egress).empty();
                               });
  if (spec_.kind == Kind::forward && no_policy) {
    add(r_.rule().comment("Allow forwarded traffic by default").set_mark(r_.marks().accept));
    add(r_.rule().comment("Return for accepted forward traffic").return_());
  }
  if (spec_.kind == Kind::normal) add_profiles(profiles);
  return std::move(chain_);
}

Chain render(const Renderer& r, const Spec& spec, std::string_view interface,
             const std::vector<TierGroups>& tiers, const std::vector<Symbol>& profiles) {
  return EndpointChain(r, spec, interface).render(tiers, profiles);
}

// The kernel's limit match takes up to 10,000 packets a second (XT_LIMIT_SCALE), connlimit 32 bits.
Status check_limits(const QosControls& qos) {
  constexpr int64_t max_rate = 10'000, max_connections = UINT32_MAX;
  const auto bad = [](int64_t value, int64_t low, int64_t high) {
    return value < low || value > high;
  };
  for (const auto& [rate, burst] : {std::pair(qos.ingress_packet_rate, qos.ingress_packet_burst),
                                    std::pair(qos.egress_packet_rate, qos.egress_packet_burst)})
    if (rate != 0 && (bad(rate, 0, max_rate) || bad(burst, 1, max_rate)))
      return invalid(fmt::format("packet rate {} with burst {}: Felix panics", rate, burst),
                     "use rates up to 10000 and bursts from 1 to 10000");
  for (const int64_t count : {qos.ingress_max_connections, qos.egress_max_connections})
    if (bad(count, 0, max_connections))
      return invalid(fmt::format("limit of {} connections: Felix panics", count),
                     "use limits from 1 to 4294967295");
  return {};
}

}  // namespace

Result<WorkloadRules> workload_rules(const Renderer& r, bool admin_up,
                                     const std::vector<TierGroups>& tiers,
                                     const std::vector<Symbol>& profiles,
                                     const std::optional<QosControls>& qos) {
  const Verdict allow = r.config.filter_allow;
  const Spec to{prefix::to_workload, Direction::inbound, Kind::normal, "", allow, false, &qos};
  const Spec from{prefix::from_workload, Direction::outbound, Kind::normal, "", allow, true, &qos};
  if (!admin_up)
    return WorkloadRules{EndpointChain(r, to, "").admin_down().rules,
                         EndpointChain(r, from, "").admin_down().rules};
  if (qos)
    if (auto checked = check_limits(*qos); !checked) return forward(checked);
  return WorkloadRules{render(r, to, "", tiers, profiles).rules,
                       render(r, from, "", tiers, profiles).rules};
}

Chain set_endpoint_mark_chain(const Renderer& r, std::string_view interface, EndpointMarks& marks) {
  Chain result{endpoint_chain_name(prefix::set_endpoint_mark, interface, r.dialect()), {}};
  if (const auto mark = marks.get(interface))
    result.rules.push_back(r.rule().set_masked_mark(*mark, marks.mask()));
  return result;
}

Result<Chains> workload_endpoint_chains(const Renderer& r, std::string_view interface,
                                        bool admin_up, const std::vector<TierGroups>& tiers,
                                        const std::vector<Symbol>& profiles,
                                        const std::optional<QosControls>& qos,
                                        EndpointMarks* marks) {
  auto rules = workload_rules(r, admin_up, tiers, profiles, qos);
  if (!rules) return forward(rules);
  const auto name = [&](std::string_view chain_prefix) {
    return endpoint_chain_name(chain_prefix, interface, r.dialect());
  };
  Chains chains{{name(prefix::to_workload), std::move(rules->to)},
                {name(prefix::from_workload), std::move(rules->from)}};
  if (r.config.kube_ipvs) {
    FELIXSIM_CHECK(marks != nullptr);
    chains.push_back(set_endpoint_mark_chain(r, interface, *marks));
  }
  return chains;
}

Chains host_endpoint_filter_chains(const Renderer& r, std::string_view interface,
                                   const std::vector<TierGroups>& tiers,
                                   const std::vector<TierGroups>& forward_tiers,
                                   const std::vector<Symbol>& profiles, EndpointMarks* marks) {
  const Verdict allow = r.config.filter_allow;
  using enum Kind;
  Chains chains;
  chains.push_back(render(
      r, {prefix::to_host, Direction::outbound, normal, chain::failsafe_out, allow, false, nullptr},
      interface, tiers, profiles));
  chains.push_back(render(
      r, {prefix::from_host, Direction::inbound, normal, chain::failsafe_in, allow, false, nullptr},
      interface, tiers, profiles));
  chains.push_back(
      render(r, {prefix::to_host_forward, Direction::outbound, forward, "", allow, false, nullptr},
             interface, forward_tiers, profiles));
  chains.push_back(
      render(r, {prefix::from_host_forward, Direction::inbound, forward, "", allow, false, nullptr},
             interface, forward_tiers, profiles));
  if (r.config.kube_ipvs) {
    FELIXSIM_CHECK(marks != nullptr);
    chains.push_back(set_endpoint_mark_chain(r, interface, *marks));
  }
  return chains;
}

Chains host_endpoint_mangle_egress_chains(const Renderer& r, std::string_view interface,
                                          const std::vector<TierGroups>& tiers,
                                          const std::vector<Symbol>& profiles) {
  // RETURN, not ACCEPT: others use mangle to change packets, and theirs must have their turn.
  return {render(r,
                 {prefix::to_host, Direction::outbound, Kind::normal, chain::failsafe_out,
                  Verdict::return_, false, nullptr},
                 interface, tiers, profiles)};
}

Chains host_endpoint_mangle_ingress_chains(const Renderer& r, std::string_view interface,
                                           const std::vector<TierGroups>& pre_dnat_tiers) {
  return {render(r,
                 {prefix::from_host, Direction::inbound, Kind::pre_dnat, chain::failsafe_in,
                  r.config.mangle_allow, false, nullptr},
                 interface, pre_dnat_tiers, {})};
}

Chains host_endpoint_raw_chains(const Renderer& r, std::string_view interface,
                                const std::vector<TierGroups>& untracked_tiers) {
  return {host_endpoint_raw_egress_chain(r, interface, untracked_tiers),
          render(r,
                 {prefix::from_host, Direction::inbound, Kind::untracked, chain::failsafe_in,
                  Verdict::accept, false, nullptr},
                 interface, untracked_tiers, {})};
}

Chain host_endpoint_raw_egress_chain(const Renderer& r, std::string_view interface,
                                     const std::vector<TierGroups>& untracked_tiers) {
  return render(r,
                {prefix::to_host, Direction::outbound, Kind::untracked, chain::failsafe_out,
                 Verdict::accept, false, nullptr},
                interface, untracked_tiers, {});
}

}  // namespace felixsim::rules
