// SPDX-License-Identifier: Apache-2.0
#include "model/rules/arp_chains.h"

#include "model/rules/names.h"
#include "model/rules/rule_builder.h"

namespace felixsim::rules {
namespace {

RuleBuilder arp_rule() { return {Dialect::nft, IpFamily::v4}; }

std::string arp_chain_name(std::string_view interface) {
  return endpoint_chain_name(prefix::arp, interface, Dialect::nft);
}

}  // namespace

Chain workload_arp_chain(std::string_view interface, const std::vector<Cidr>& ipv4_nets) {
  Chain result{arp_chain_name(interface), {}};
  for (const Cidr& net : ipv4_nets)
    result.rules.push_back(arp_rule()
                               .out_interface(interface)
                               .arp_operation("reply")
                               .arp_source_ip(net.address.str())
                               .drop());
  return result;
}

Chain arp_dispatch_chain() {
  Chain result{std::string(chain::arp_dispatch), {}};
  result.rules.push_back(arp_rule().out_interface_map(map::arp_dispatch).none());
  return result;
}

std::map<std::string, std::string> arp_dispatch_map(const std::vector<std::string>& interfaces) {
  std::map<std::string, std::string> elements;
  for (const auto& interface : interfaces)
    elements[interface] = "goto " + arp_chain_name(interface);
  return elements;
}

}  // namespace felixsim::rules
