// SPDX-License-Identifier: Apache-2.0
// Static chains of the filter table. Mirrors felix/rules/static.go (StaticFilterTableChains and
// what it calls).
#include <array>

#include "model/rules/policy_chains.h"
#include "model/rules/static_chains.h"
#include "model/rules/static_parts.h"

namespace felixsim::rules {
namespace {

// "Drop IPIP packets from ...": comments name the configured deny action.
std::string deny_comment(const Renderer& r, std::string_view rest) {
  return std::string(verdict_word(r.config.filter_deny)).append(" ").append(rest);
}

uint16_t wireguard_port(const Renderer& r) {
  return r.v4() ? r.config.wireguard_port : r.config.wireguard_port_v6;
}

// Tunnelled packets that come in must be from a host that Calico knows.
void add_encapsulation_input_rules(std::vector<Rule>& rules, const Renderer& r) {
  const RulesConfig& c = r.config;
  if (r.v4() && c.ipip_enabled) {
    rules.push_back(r.rule()
                        .protocol(proto_ipip)
                        .source_set(r.set_name(ip_set::all_hosts))
                        .destination_is_local()
                        .comment("Allow IPIP packets from Calico hosts")
                        .verdict(c.filter_allow));
    rules.push_back(r.rule()
                        .protocol(proto_ipip)
                        .comment(deny_comment(r, "IPIP packets from non-Calico hosts"))
                        .verdict(c.filter_deny));
  }
  if (!vxlan_on(r)) return;
  rules.push_back(
      r.rule()
          .protocol(proto_udp)
          .destination_port(c.vxlan_port)
          .source_set(r.set_name(ip_set::all_vxlan))
          .destination_is_local()
          .comment(fmt::format("Allow {} VXLAN packets from allowed hosts", family_name(r.family)))
          .verdict(c.filter_allow));
  // The IPv4 rule drops whatever the configured deny action is.
  const Verdict deny = r.v4() ? Verdict::drop : c.filter_deny;
  rules.push_back(r.rule()
                      .protocol(proto_udp)
                      .destination_port(c.vxlan_port)
                      .destination_is_local()
                      .comment(fmt::format("{} {} VXLAN packets from non-allowed hosts",
                                           verdict_word(deny), family_name(r.family)))
                      .verdict(deny));
}

Chain input_chain(const Renderer& r) {
  const RulesConfig& c = r.config;
  Chain result{std::string(chain::input), {}};
  auto& rules = result.rules;
  add_encapsulation_input_rules(rules, r);
  append(rules, allow_wireguard_rules(r, c.filter_allow));
  if (c.kube_ipvs) {
    // Forwarded traffic gets an endpoint mark here and skips what is for the host itself.
    rules.push_back(r.rule().clear_mark(r.marks().endpoint));
    rules.push_back(r.rule().jump(chain::forward_check));
    rules.push_back(r.rule().mark_not_clear(r.marks().endpoint).return_());
  }
  for (const auto& prefix : c.workload_interface_prefixes)
    rules.push_back(r.rule().in_interface(r.wildcard_of(prefix)).go_to(chain::workload_to_host));
  // Raw or mangle may have accepted the packet already.
  rules.push_back(r.rule().mark_set(r.marks().accept).verdict(c.filter_allow));
  rules.push_back(r.rule().clear_mark(r.all_mark_bits()));
  rules.push_back(r.rule().jump(chain::from_host_endpoint));
  rules.push_back(r.rule()
                      .mark_set(r.marks().accept)
                      .comment("Host endpoint policy accepted packet.")
                      .verdict(c.filter_allow));
  return result;
}

// OpenStack's workloads need metadata, DHCP and DNS of the host.
void add_openstack_rules(std::vector<Rule>& rules, const Renderer& r) {
  const RulesConfig& c = r.config;
  if (r.v4() && c.openstack_metadata_ip)
    rules.push_back(r.rule()
                        .protocol("tcp")
                        .destination_net(c.openstack_metadata_ip->str())
                        .destination_port(c.openstack_metadata_port)
                        .verdict(c.filter_allow));
  const uint16_t dhcp_client = r.v4() ? 68 : 546, dhcp_server = r.v4() ? 67 : 547, dns = 53;
  rules.push_back(r.rule()
                      .protocol("udp")
                      .source_port(dhcp_client)
                      .destination_port(dhcp_server)
                      .verdict(c.filter_allow));
  rules.push_back(r.rule().protocol("udp").destination_port(dns).verdict(c.filter_allow));
}

Chain workload_to_host_chain(const Renderer& r) {
  const RulesConfig& c = r.config;
  Chain result{std::string(chain::workload_to_host), {}};
  if (!r.v4()) result.rules = icmp_v6_rules(r, c.filter_allow);
  if (c.openstack) add_openstack_rules(result.rules, r);
  result.rules.push_back(r.rule().jump(chain::from_workload_dispatch));
  result.rules.push_back(
      r.rule().comment("Configured DefaultEndpointToHostAction").verdict(c.endpoint_to_host));
  return result;
}

// With ipvs, forwarded traffic comes through INPUT; this chain tells it from traffic to the host.
Chain forward_check_chain(const Renderer& r) {
  Chain result{std::string(chain::forward_check), {}};
  const std::string this_host = r.set_name(ip_set::this_host);
  result.rules.push_back(r.rule().conntrack_state("RELATED,ESTABLISHED").return_());
  for (const auto& ports : split_ports(r.config.kube_node_port_ranges))
    for (const std::string_view protocol : {"tcp", "udp"})
      result.rules.push_back(r.rule()
                                 .protocol(protocol)
                                 .destination_ports(ports)
                                 .destination_set(this_host)
                                 .comment("To kubernetes NodePort service")
                                 .go_to(chain::set_endpoint_mark));
  result.rules.push_back(r.rule()
                             .not_destination_set(this_host)
                             .comment("To kubernetes service")
                             .jump(chain::set_endpoint_mark));
  return result;
}

Chain forward_chain(const Renderer& r) {
  Chain result{std::string(chain::forward), {}};
  auto& rules = result.rules;
  // The accept bit stays: pre-DNAT policy in mangle may have set it.
  rules.push_back(r.rule().clear_mark(r.all_mark_bits() & ~r.marks().accept));
  rules.push_back(r.rule().mark_clear(r.marks().accept).jump(chain::from_host_endpoint_forward));
  for (const auto& prefix : r.config.workload_interface_prefixes) {
    const std::string interfaces = r.wildcard_of(prefix);
    rules.push_back(r.rule().in_interface(interfaces).jump(chain::from_workload_dispatch));
    rules.push_back(r.rule().out_interface(interfaces).jump(chain::to_workload_dispatch));
  }
  rules.push_back(r.rule().jump(chain::to_host_endpoint_forward));
  rules.push_back(r.rule().jump(chain::cidr_block));
  return result;
}

// Tunnelled packets of this host to others must not be cut off by host policy.
void add_encapsulation_output_rules(std::vector<Rule>& rules, const Renderer& r) {
  const RulesConfig& c = r.config;
  if (r.v4() && c.ipip_enabled)
    rules.push_back(r.rule()
                        .protocol(proto_ipip)
                        .destination_set(r.set_name(ip_set::all_hosts))
                        .source_is_local()
                        .comment("Allow IPIP packets to other Calico hosts")
                        .verdict(c.filter_allow));
  if (vxlan_on(r))
    rules.push_back(r.rule()
                        .protocol(proto_udp)
                        .destination_port(c.vxlan_port)
                        .source_is_local()
                        .destination_set(r.set_name(ip_set::all_vxlan))
                        .comment(fmt::format("Allow {} VXLAN packets to other allowed hosts",
                                             family_name(r.family)))
                        .verdict(c.filter_allow));
  if (wireguard_on(r))
    rules.push_back(
        r.rule()
            .protocol(proto_udp)
            .destination_port(wireguard_port(r))
            .source_is_local()
            .comment(fmt::format("Allow outgoing {} Wireguard packets", family_name(r.family)))
            .verdict(c.filter_allow));
}

Chain output_chain(const Renderer& r) {
  const RulesConfig& c = r.config;
  Chain result{std::string(chain::output), {}};
  auto& rules = result.rules;
  rules.push_back(r.rule().mark_set(r.marks().accept).verdict(c.filter_allow));
  if (c.kube_ipvs)
    rules.push_back(
        r.rule().mark_not_clear(r.marks().endpoint).go_to(chain::forward_endpoint_mark));
  // From the host to a workload: host policy does not apply.
  for (const auto& prefix : c.workload_interface_prefixes)
    rules.push_back(r.rule().out_interface(r.wildcard_of(prefix)).return_());
  add_encapsulation_output_rules(rules, r);
  rules.push_back(r.rule().clear_mark(r.all_mark_bits()));
  // What was DNATed may leave by another interface: mangle POSTROUTING looks after it.
  rules.push_back(r.rule().conntrack_not_dnat().jump(chain::to_host_endpoint));
  rules.push_back(r.rule()
                      .mark_set(r.marks().accept)
                      .comment("Host endpoint policy accepted packet.")
                      .verdict(c.filter_allow));
  return result;
}

// With ipvs, forwarded traffic leaves through OUTPUT, where the incoming interface is forgotten:
// the endpoint mark stands for it.
Chain forward_endpoint_mark_chain(const Renderer& r) {
  Chain result{std::string(chain::forward_endpoint_mark), {}};
  auto& rules = result.rules;
  rules.push_back(r.rule()
                      .not_mark(r.marks().non_cali_endpoint, r.marks().endpoint)
                      .jump(chain::from_endpoint_mark));
  for (const auto& prefix : r.config.workload_interface_prefixes)
    rules.push_back(
        r.rule().out_interface(r.wildcard_of(prefix)).jump(chain::to_workload_dispatch));
  rules.push_back(r.rule().jump(chain::to_host_endpoint_forward));
  // An encapsulated packet would inherit the mark and seem forwarded.
  rules.push_back(r.rule().clear_mark(r.marks().endpoint));
  rules.push_back(r.rule()
                      .mark_set(r.marks().accept)
                      .comment("Policy explicitly accepted packet.")
                      .verdict(r.config.filter_allow));
  return result;
}

}  // namespace

std::vector<Rule> allow_wireguard_rules(const Renderer& r, Verdict allow) {
  std::vector<Rule> rules;
  if (wireguard_on(r))
    rules.push_back(
        r.rule()
            .protocol(proto_udp)
            .destination_port(wireguard_port(r))
            .destination_is_local()
            .comment(fmt::format("Allow incoming {} Wireguard packets", family_name(r.family)))
            .verdict(allow));
  return rules;
}

std::vector<Rule> icmp_v6_rules(const Renderer& r, Verdict verdict) {
  // Multicast listener query, report, done; router and neighbour solicitation, advertisement.
  constexpr std::array<int32_t, 6> types{130, 131, 132, 133, 135, 136};
  std::vector<Rule> rules;
  for (const int32_t type : types)
    rules.push_back(r.rule().protocol(proto_icmp_v6).icmp({type, std::nullopt}).verdict(verdict));
  return rules;
}

Chains static_filter_chains(const Renderer& r) {
  Chains chains{forward_chain(r), input_chain(r), workload_to_host_chain(r),
                failsafe_in_chain(r, false)};
  if (r.config.kube_ipvs) chains.push_back(forward_check_chain(r));
  chains.push_back(output_chain(r));
  chains.push_back(failsafe_out_chain(r, false));
  if (r.config.kube_ipvs) chains.push_back(forward_endpoint_mark_chain(r));
  return chains;
}

std::vector<Rule> static_filter_forward_append_rules(const Renderer& r) {
  std::vector<Rule> rules;
  rules.push_back(r.rule()
                      .mark_set(r.marks().accept)
                      .comment("Policy explicitly accepted packet.")
                      .verdict(r.config.filter_allow));
  // Mangle POSTROUTING must not apply host policy to what was forwarded.
  rules.push_back(r.rule().set_mark(r.marks().accept));
  return rules;
}

}  // namespace felixsim::rules
