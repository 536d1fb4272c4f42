// SPDX-License-Identifier: Apache-2.0
// Static chains of the nat and mangle tables. Mirrors felix/rules/static.go
// (StaticNATTableChains, StaticMangleTableChains).
#include "model/rules/static_chains.h"
#include "model/rules/static_parts.h"

namespace felixsim::rules {
namespace {

// felix/dataplane/linux/dataplanedefs.
constexpr std::string_view ipip_interface = "tunl0", vxlan_interface = "vxlan.calico",
                           vxlan_interface_v6 = "vxlan-v6.calico";

Chain nat_prerouting_chain(const Renderer& r) {
  const RulesConfig& c = r.config;
  Chain result{std::string(chain::prerouting), {}};
  result.rules.push_back(r.rule().jump(chain::fip_dnat));
  if (r.v4() && c.openstack && c.openstack_metadata_ip)
    result.rules.push_back(r.rule()
                               .protocol("tcp")
                               .destination_port(80)
                               .destination_net("169.254.169.254/32")
                               .dnat(c.openstack_metadata_ip->str(), c.openstack_metadata_port));
  return result;
}

Chain nat_output_chain(const Renderer& r) {
  Chain result{std::string(chain::output), {}};
  result.rules.push_back(r.rule().jump(chain::fip_dnat));
  return result;
}

// Devices over which the host itself talks to workloads with the device's own address.
std::vector<std::string_view> tunnel_interfaces(const Renderer& r) {
  const RulesConfig& c = r.config;
  std::vector<std::string_view> names;
  if (r.v4() && c.ipip_enabled && c.ipip_tunnel_address) names.push_back(ipip_interface);
  if (r.v4() && c.vxlan_enabled && c.vxlan_tunnel_address) names.push_back(vxlan_interface);
  if (!r.v4() && c.vxlan_enabled_v6 && c.vxlan_tunnel_address_v6)
    names.push_back(vxlan_interface_v6);
  if (r.v4() && c.wireguard_enabled && !c.wireguard_interface.empty())
    names.push_back(c.wireguard_interface);
  if (!r.v4() && c.wireguard_enabled_v6 && !c.wireguard_interface_v6.empty())
    names.push_back(c.wireguard_interface_v6);
  return names;
}

Chain mangle_prerouting_chain(const Renderer& r) {
  const Verdict allow = r.config.mangle_allow;
  Chain result{std::string(chain::prerouting), {}};
  auto& rules = result.rules;
  rules.push_back(r.rule().conntrack_state("RELATED,ESTABLISHED").verdict(allow));
  rules.push_back(r.rule().mark_set(r.marks().accept).verdict(allow));
  rules.push_back(r.rule().jump(chain::from_host_endpoint));
  rules.push_back(r.rule()
                      .mark_set(r.marks().accept)
                      .comment("Host endpoint policy accepted packet.")
                      .verdict(allow));
  return result;
}

void add_istio_rules(std::vector<Rule>& rules, const Renderer& r) {
  const std::string mesh = r.set_name(ip_set::istio_endpoints);
  for (const auto& prefix : r.config.workload_interface_prefixes)
    rules.push_back(r.rule()
                        .protocol("tcp")
                        .conntrack_state("NEW")
                        .out_interface(r.wildcard_of(prefix))
                        .destination_set(mesh)
                        .source_set(mesh)
                        .dscp(r.config.istio_dscp));
}

Chain mangle_postrouting_chain(const Renderer& r) {
  const RulesConfig& c = r.config;
  Chain result{std::string(chain::postrouting), {}};
  auto& rules = result.rules;
  if (c.istio_ambient) add_istio_rules(rules, r);
  if (!c.bpf_enabled && c.felix.egress_dscp)
    rules.push_back(r.rule()
                        .source_set(r.set_name(ip_set::dscp_endpoints))
                        .not_destination_set(r.all_pools_name())
                        .not_destination_set(r.set_name(ip_set::this_host))
                        .comment("set dscp for traffic leaving cluster.")
                        .jump(chain::egress_dscp));
  rules.push_back(r.rule().mark_set(r.marks().accept).return_());
  if (c.kube_ipvs) rules.push_back(r.rule().mark_not_clear(r.marks().endpoint).return_());
  // Only what was DNATed on this host: filter OUTPUT saw the rest.
  rules.push_back(r.rule().clear_mark(r.all_mark_bits()));
  rules.push_back(r.rule().conntrack_dnat().jump(chain::to_host_endpoint));
  rules.push_back(r.rule()
                      .mark_set(r.marks().accept)
                      .comment("Host endpoint policy accepted packet.")
                      .return_());
  return result;
}

}  // namespace

Chains static_nat_chains(const Renderer& r) {
  Chains chains{nat_prerouting_chain(r)};
  append(chains, static_nat_postrouting_chains(r));
  chains.push_back(nat_output_chain(r));
  return chains;
}

Chains static_nat_postrouting_chains(const Renderer& r) {
  Chain result{std::string(chain::postrouting), {}};
  auto& rules = result.rules;
  if (r.config.bpf_enabled)
    rules.push_back(r.rule()
                        .mark(bpf_mark::masq, bpf_mark::bypass_kind_mask)
                        .comment("BPF loopback SNAT")
                        .masquerade());
  rules.push_back(r.rule().jump(chain::fip_snat));
  rules.push_back(r.rule().jump(chain::nat_outgoing));
  // The host's own address is no good inside the tunnel: replies would not come back through it.
  for (const auto& tunnel : tunnel_interfaces(r))
    rules.push_back(
        r.rule().out_interface(tunnel).source_is_not_local(true).source_is_local().masquerade());
  return {std::move(result)};
}

Chains static_mangle_chains(const Renderer& r) {
  return {failsafe_in_chain(r, false), failsafe_out_chain(r, false), mangle_prerouting_chain(r),
          mangle_postrouting_chain(r)};
}

}  // namespace felixsim::rules
