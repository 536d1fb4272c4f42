// SPDX-License-Identifier: Apache-2.0
#include "model/rules/nat_chains.h"

#include <algorithm>

#include "model/rules/static_parts.h"

namespace felixsim::rules {
namespace {

// The start of a rule for packets that leave the pools; `protocol` empty: any.
RuleBuilder outgoing(const Renderer& r, std::string_view protocol) {
  const RulesConfig& c = r.config;
  RuleBuilder rule = r.rule();
  if (c.bpf_enabled) {
    rule.mark(bpf_mark::nat_outgoing, bpf_mark::bypass_kind_mask);
  } else {
    rule.source_set(r.set_name(ip_set::masq_pools)).not_destination_set(r.all_pools_name());
    if (c.nat_outgoing_excludes_hosts) rule.not_destination_set(r.set_name(ip_set::all_hosts));
  }
  if (!protocol.empty()) rule.protocol(protocol);
  if (!c.nat_outgoing_interface_filter.empty()) rule.out_interface(c.nat_outgoing_interface_filter);
  return rule;
}

std::string port_range_text(const msg::PortRange& range) {
  return fmt::format("{}-{}", range.first, range.last);
}

// Ports only exist in some protocols: those get the range, and what the range could not serve is
// left alone; other protocols get the address alone.
std::vector<Rule> port_range_rules(const Renderer& r, const msg::PortRange& range) {
  const std::string ports = port_range_text(range);
  const auto& address = r.config.nat_outgoing_address;
  std::vector<Rule> rules;
  for (const std::string_view protocol : {"tcp", "udp"}) {
    RuleBuilder rule = outgoing(r, protocol);
    if (!address)
      rules.push_back(rule.masquerade(ports));
    else if (address->is_v4() || !r.config.felix.bracketed_v6_nat)
      rules.push_back(rule.snat(address->str() + ":" + ports));
    else
      rules.push_back(rule.snat("[" + address->str() + "]:" + ports));
    rules.push_back(outgoing(r, protocol).return_());
  }
  return rules;
}

}  // namespace

Chain nat_outgoing_chain(const Renderer& r, bool active) {
  const RulesConfig& c = r.config;
  Chain result{std::string(chain::nat_outgoing), {}};
  if (!active) return result;
  if (c.nat_port_range) result.rules = port_range_rules(r, *c.nat_port_range);
  RuleBuilder rule = outgoing(r, "");
  result.rules.push_back(c.nat_outgoing_address ? rule.snat(c.nat_outgoing_address->str())
                                                : rule.masquerade());
  return result;
}

Chain dnat_chain(const Renderer& r,
                 const std::map<std::string, std::string>& external_to_internal) {
  Chain result{std::string(chain::fip_dnat), {}};
  for (const auto& [external, internal] : external_to_internal)
    result.rules.push_back(r.rule().destination_net(external).dnat(internal));
  return result;
}

// A workload that talks to its own floating IP must see that address.
Chain snat_chain(const Renderer& r,
                 const std::map<std::string, std::string>& internal_to_external) {
  Chain result{std::string(chain::fip_snat), {}};
  for (const auto& [internal, external] : internal_to_external)
    result.rules.push_back(r.rule().destination_net(internal).source_net(internal).snat(external));
  return result;
}

Chain blocked_cidrs_chain(const Renderer& r, std::vector<std::string> cidrs) {
  Chain result{std::string(chain::cidr_block), {}};
  if (!r.config.blocked_cidrs) return result;
  std::sort(cidrs.begin(), cidrs.end());
  for (const auto& cidr : cidrs)
    if ((cidr.find(':') == std::string::npos) == r.v4())
      result.rules.push_back(r.rule().destination_net(cidr).verdict(*r.config.blocked_cidrs));
  return result;
}

Chain egress_dscp_chain(const Renderer& r, const std::vector<DscpRule>& rules) {
  Chain result{std::string(chain::egress_dscp), {}};
  for (const auto& rule : rules)
    result.rules.push_back(r.rule().source_net(rule.source).dscp(rule.value));
  return result;
}

}  // namespace felixsim::rules
