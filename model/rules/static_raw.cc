// SPDX-License-Identifier: Apache-2.0
// Static chains of the raw table, with and without BPF programs. Mirrors felix/rules/static.go
// (StaticRawTableChains, StaticBPFModeRawChains, RPFilter) and endpoint_mgr.go updateRPFSkipChain.
#include "model/rules/static_chains.h"
#include "model/rules/static_parts.h"

namespace felixsim::rules {
namespace {

// VXLAN uses another source port in each direction: tracked flows would never see a reply.
void add_untracked_vxlan_rule(std::vector<Rule>& rules, const Renderer& r) {
  if (vxlan_on(r) && r.config.felix.untracked_vxlan)
    rules.push_back(
        r.rule().protocol("udp").single_destination_port(r.config.vxlan_port).no_track());
}

Chain raw_prerouting_chain(const Renderer& r) {
  const RulesConfig& c = r.config;
  const uint32_t from_workload = r.marks().scratch0;
  Chain result{std::string(chain::prerouting), {}};
  auto& rules = result.rules;
  rules.push_back(r.rule().clear_mark(r.all_mark_bits()));
  if (any_wireguard_device(r) && c.wireguard_encrypt_host_traffic)
    rules.push_back(r.rule().jump(chain::wireguard_incoming_mark));
  add_untracked_vxlan_rule(rules, r);
  for (const auto& prefix : c.workload_interface_prefixes)
    rules.push_back(r.rule().in_interface(r.wildcard_of(prefix)).set_mark(from_workload));
  rules.push_back(r.rule().mark(from_workload, from_workload).jump(chain::rpf_skip));
  append(rules, rpf_rules(r, from_workload, from_workload, c.openstack, c.filter_deny));
  rules.push_back(r.rule().mark_clear(from_workload).jump(chain::from_host_endpoint));
  rules.push_back(r.rule().mark_set(r.marks().accept).accept());
  return result;
}

// `bypass_mark`: what tells BPF programs to let an accepted packet pass; 0 without BPF.
Chain raw_output_chain(const Renderer& r, uint32_t bypass_mark) {
  Chain result{std::string(chain::output), {}};
  auto& rules = result.rules;
  rules.push_back(r.rule().clear_mark(r.all_mark_bits()));
  rules.push_back(r.rule().jump(chain::to_host_endpoint));
  add_untracked_vxlan_rule(rules, r);
  if (bypass_mark == 0) {
    rules.push_back(r.rule().mark_set(r.marks().accept).accept());
    return result;
  }
  rules.push_back(r.rule().mark_set(r.marks().accept).set_masked_mark(bypass_mark, 0xffffffff));
  rules.push_back(r.rule().mark(bypass_mark, 0xffffffff).accept());
  return result;
}

Chain bpf_prerouting_chain(const Renderer& r, bool wireguard_encrypts_host,
                           bool bypass_host_conntrack) {
  Chain result{std::string(chain::prerouting), {}};
  auto& rules = result.rules;
  if (any_wireguard_device(r) && wireguard_encrypts_host)
    rules.push_back(r.rule().jump(chain::wireguard_incoming_mark));
  rules.push_back(r.rule()
                      .mark(bpf_mark::bypass_xdp, 0xffffffff)
                      .comment("Jump to target for packets with Bypass mark")
                      .go_to(chain::untracked_policy));
  rules.push_back(r.rule()
                      .destination_is_local()
                      .comment("Mark traffic towards the host - it is TRACKed")
                      .set_masked_mark(bpf_mark::skip_fib, bpf_mark::skip_fib));
  if (bypass_host_conntrack)
    rules.push_back(r.rule()
                        .destination_is_not_local()
                        .comment("Check if forwarded traffic needs to be TRACKed")
                        .go_to(chain::untracked_flows));
  return result;
}

// Forwarded traffic needs no kernel conntrack unless something listed here still relies on it.
Chain bpf_untracked_flows_chain(const Renderer& r, bool bypass_host_conntrack) {
  Chain result{std::string(chain::untracked_flows), {}};
  if (!bypass_host_conntrack) return result;
  auto& rules = result.rules;
  for (const auto& interface : r.config.bpf_force_track_interfaces)
    if (!interface.empty())
      rules.push_back(
          r.rule().in_interface(interface).comment("Track interface " + interface).return_());
  rules.push_back(r.rule()
                      .destination_net(r.v4() ? "169.254.0.0/16" : "fe80::/10")
                      .comment("link-local")
                      .return_());
  struct Tracked {
    uint32_t mark, mask;
    std::string_view comment;
  };
  for (const auto& [mark, mask, comment] :
       {Tracked{bpf_mark::skip_fib, bpf_mark::skip_fib, "MarkSeenSkipFIB Mark"},
        Tracked{bpf_mark::fall_through, bpf_mark::fall_through, "MarkSeenFallThrough Mark"},
        Tracked{bpf_mark::masq, bpf_mark::bypass_kind_mask, "MarkSeenMASQ Mark"},
        Tracked{bpf_mark::nat_outgoing, bpf_mark::bypass_kind_mask, "MarkSeenNATOutgoing Mark"}})
    rules.push_back(r.rule().mark(mark, mask).comment(std::string(comment)).return_());
  rules.push_back(r.rule().no_track());
  return result;
}

// XDP let these packets pass by untracked policy; its mark has done its work.
Chain bpf_untracked_policy_chain(const Renderer& r) {
  Chain result{std::string(chain::untracked_policy), {}};
  result.rules.push_back(r.rule().set_masked_mark(0, bpf_mark::all));
  result.rules.push_back(r.rule().no_track());
  return result;
}

}  // namespace

Chains static_raw_chains(const Renderer& r) {
  return {failsafe_in_chain(r, true), failsafe_out_chain(r, true), raw_prerouting_chain(r),
          wireguard_incoming_mark_chain(r), raw_output_chain(r, 0)};
}

Chains static_bpf_raw_chains(const Renderer& r, bool wireguard_encrypts_host,
                             bool bypass_host_conntrack) {
  return {bpf_prerouting_chain(r, wireguard_encrypts_host, bypass_host_conntrack),
          bpf_untracked_policy_chain(r),
          bpf_untracked_flows_chain(r, bypass_host_conntrack),
          failsafe_out_chain(r, true),
          wireguard_incoming_mark_chain(r),
          raw_output_chain(r, bpf_mark::bypass)};
}

std::vector<Rule> rpf_rules(const Renderer& r, uint32_t mark, uint32_t mask, bool openstack,
                            Verdict deny) {
  std::vector<Rule> rules;
  // A DHCP client has no address yet; some kernels' rp_filter would drop it.
  if (openstack && r.v4())
    rules.push_back(r.rule()
                        .protocol("udp")
                        .source_net("0.0.0.0")
                        .source_port(68)
                        .destination_port(67)
                        .accept());
  rules.push_back(r.rule().mark(mark, mask).rpf_check_failed().verdict(deny));
  return rules;
}

Chain wireguard_incoming_mark_chain(const Renderer& r) {
  const RulesConfig& c = r.config;
  Chain result{std::string(chain::wireguard_incoming_mark), {}};
  auto& rules = result.rules;
  rules.push_back(r.rule().in_interface("lo").return_());
  rules.push_back(r.rule().in_interface(c.wireguard_interface).return_());
  rules.push_back(r.rule().in_interface(c.wireguard_interface_v6).return_());
  for (const auto& prefix : c.workload_interface_prefixes)
    rules.push_back(r.rule().in_interface(r.wildcard_of(prefix)).return_());
  rules.push_back(r.rule().set_mark(r.marks().wireguard));
  return result;
}

Chain rpf_skip_chain(const Renderer& r,
                     const std::vector<std::pair<std::string, Cidr>>& allowed_sources) {
  Chain result{std::string(chain::rpf_skip), {}};
  for (const auto& [interface, net] : allowed_sources)
    if (net.address.family == r.family || !r.config.felix.rpf_skip_by_family)
      result.rules.push_back(r.rule().in_interface(interface).source_net(net.str()).accept());
  return result;
}

}  // namespace felixsim::rules
