// SPDX-License-Identifier: Apache-2.0
// Failsafe chains. Mirrors felix/rules/static.go (failsafeInChain, failsafeOutChain).
#include "model/rules/static_parts.h"

namespace felixsim::rules {
namespace {

enum class PortSide : uint8_t { source, destination };

// Accepts the protocol and port, from or to the port's network if it has one. Networks of the other
// family, or none at all, give no rule.
void add_failsafe_rules(std::vector<Rule>& rules, const Renderer& r,
                        const std::vector<ProtoPort>& ports, PortSide port_side,
                        PortSide net_side) {
  for (const ProtoPort& port : ports) {
    if (!port.net.empty()) {
      const auto net = Cidr::parse_cidr_or_ip(port.net);
      if (!net || net->address.family != r.family) continue;
    }
    RuleBuilder rule = r.rule();
    rule.protocol(port.protocol);
    if (port_side == PortSide::source)
      rule.source_port(port.port);
    else
      rule.destination_port(port.port);
    if (!port.net.empty() && net_side == PortSide::source) rule.source_net(port.net);
    if (!port.net.empty() && net_side == PortSide::destination) rule.destination_net(port.net);
    rules.push_back(rule.accept());
  }
}

}  // namespace

Chain failsafe_in_chain(const Renderer& r, bool raw) {
  Chain result{std::string(chain::failsafe_in), {}};
  add_failsafe_rules(result.rules, r, r.config.failsafe_inbound, PortSide::destination,
                     PortSide::source);
  if (raw)
    add_failsafe_rules(result.rules, r, r.config.failsafe_outbound, PortSide::source,
                       PortSide::source);
  return result;
}

Chain failsafe_out_chain(const Renderer& r, bool raw) {
  Chain result{std::string(chain::failsafe_out), {}};
  add_failsafe_rules(result.rules, r, r.config.failsafe_outbound, PortSide::destination,
                     PortSide::destination);
  if (raw)
    add_failsafe_rules(result.rules, r, r.config.failsafe_inbound, PortSide::source,
                       PortSide::destination);
  return result;
}

bool vxlan_on(const Renderer& r) {
  return r.v4() ? r.config.vxlan_enabled : r.config.vxlan_enabled_v6;
}

bool wireguard_on(const Renderer& r) {
  return r.v4() ? r.config.wireguard_enabled : r.config.wireguard_enabled_v6;
}

bool any_wireguard_device(const Renderer& r) {
  const RulesConfig& c = r.config;
  return (c.wireguard_enabled && !c.wireguard_interface.empty()) ||
         (c.wireguard_enabled_v6 && !c.wireguard_interface_v6.empty());
}

}  // namespace felixsim::rules
