// SPDX-License-Identifier: Apache-2.0
// Writes one rule: matches in order, then one action, in either dialect. The vocabulary is that of
// felix/generictables (MatchCriteria, ActionFactory); the words are those of felix/iptables
// (match_builder.go, actions.go) and felix/nftables (the same). Text goes straight into the rule.
//
//   rule.in_interface("cali*").comment("Why").jump("cali-from-wl-dispatch")
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "felixsim/ip.h"
#include "felixsim/messages.h"
#include "model/rules/chain.h"
#include "model/rules/dialect.h"

namespace felixsim::rules {

// Actions that configuration can choose.
enum class Verdict : uint8_t { accept, drop, reject, return_ };
std::string_view verdict_word(Verdict verdict);  // "Accept", "Drop", "Reject", "Return"

class RuleBuilder {
 public:
  RuleBuilder(Dialect dialect, IpFamily family, Features features = {});

  RuleBuilder& comment(std::string text);

  // Matches. Marks and masks are not 0, and a mark lies within its mask.
  RuleBuilder& mark_clear(uint32_t bits);      // all of the bits are 0
  RuleBuilder& mark_not_clear(uint32_t bits);  // at least one is not
  RuleBuilder& mark_set(uint32_t bit);         // a single bit
  RuleBuilder& mark(uint32_t mark, uint32_t mask);
  RuleBuilder& not_mark(uint32_t mark, uint32_t mask);
  RuleBuilder& in_interface(std::string_view name);      // may end in the dialect's wildcard
  RuleBuilder& out_interface(std::string_view name);     // may end in the dialect's wildcard
  RuleBuilder& in_interface_map(std::string_view map);   // nft only; ends the rule
  RuleBuilder& out_interface_map(std::string_view map);  // nft only; ends the rule
  RuleBuilder& rpf_check_failed();
  RuleBuilder& source_is_local(bool by_out_interface = false);
  RuleBuilder& source_is_not_local(bool by_out_interface = false);
  RuleBuilder& destination_is_local();
  RuleBuilder& destination_is_not_local();
  RuleBuilder& conntrack_state(std::string_view states);  // "RELATED,ESTABLISHED"
  RuleBuilder& conntrack_dnat();
  RuleBuilder& conntrack_not_dnat();
  RuleBuilder& protocol(std::string_view name);
  RuleBuilder& protocol(uint8_t number);
  RuleBuilder& protocol(const felixsim::Protocol& protocol);
  RuleBuilder& not_protocol(const felixsim::Protocol& protocol);
  RuleBuilder& source_net(std::string_view net);
  RuleBuilder& destination_net(std::string_view net);
  RuleBuilder& not_source_net(std::string_view net);
  RuleBuilder& not_destination_net(std::string_view net);
  // Names as ip_set_name() gives them.
  RuleBuilder& source_set(std::string_view name);
  RuleBuilder& not_source_set(std::string_view name);
  RuleBuilder& destination_set(std::string_view name);
  RuleBuilder& not_destination_set(std::string_view name);
  RuleBuilder& source_port_set(std::string_view name);
  RuleBuilder& not_source_port_set(std::string_view name);
  RuleBuilder& destination_port_set(std::string_view name);
  RuleBuilder& not_destination_port_set(std::string_view name);
  // Ports need a protocol before them in nft: tcp, udp or sctp. At most 15 slots in iptables.
  RuleBuilder& source_ports(std::span<const msg::PortRange> ports);
  RuleBuilder& not_source_ports(std::span<const msg::PortRange> ports);
  RuleBuilder& destination_ports(std::span<const msg::PortRange> ports);
  RuleBuilder& not_destination_ports(std::span<const msg::PortRange> ports);
  RuleBuilder& source_port(uint16_t port);              // as a list of one
  RuleBuilder& destination_port(uint16_t port);         // as a list of one
  RuleBuilder& single_destination_port(uint16_t port);  // without multiport
  // ICMP or ICMPv6, by the family.
  RuleBuilder& icmp(const msg::IcmpMatch& match);
  RuleBuilder& not_icmp(const msg::IcmpMatch& match);
  RuleBuilder& limit(std::string_view rate, uint16_t burst);  // burst 0: the tool's default
  RuleBuilder& arp_operation(std::string_view operation);     // nft only
  RuleBuilder& arp_source_ip(std::string_view ip);            // nft only

  // Actions. Each ends the rule and moves it out.
  Rule accept();
  Rule drop();
  Rule return_();
  Rule verdict(Verdict verdict);
  Rule jump(std::string_view chain);
  Rule go_to(std::string_view chain);
  Rule set_mark(uint32_t bits);
  Rule set_masked_mark(uint32_t mark, uint32_t mask);
  Rule clear_mark(uint32_t bits);
  Rule no_track();
  Rule log(std::string_view prefix);
  Rule nflog(uint16_t group, std::string_view prefix);
  Rule snat(std::string_view address);  // "192.0.2.1" or "192.0.2.1:1024-65535"
  Rule dnat(std::string_view address, uint16_t port = 0);
  Rule masquerade(std::string_view ports = "");  // "1024-65535"
  Rule dscp(uint8_t value);
  // iptables sets `mark` on packets within the limit; nft drops packets over it.
  Rule limit_packet_rate(int64_t rate, int64_t burst, uint32_t mark);
  Rule limit_connections(int64_t count);
  Rule none();  // no action: only matches, a map or comments

 private:
  template <class... Parts>
  RuleBuilder& match(const Parts&... parts);
  template <class... Parts>
  Rule act(const Parts&... parts);
  RuleBuilder& net(std::string_view iptables_option, std::string_view nft_field, bool negated,
                   std::string_view net);
  RuleBuilder& set(std::string_view direction, std::string_view nft_field, bool negated,
                   std::string_view name);
  RuleBuilder& ports(bool source, bool negated, std::span<const msg::PortRange> ports);
  RuleBuilder& icmp(bool negated, const msg::IcmpMatch& match);
  RuleBuilder& local(std::string_view side, bool negated, bool by_out_interface);
  std::string_view transport() const;
  bool nft() const { return dialect_ == Dialect::nft; }

  Rule rule_;
  std::string protocol_;  // nft: what the ports belong to
  Dialect dialect_;
  IpFamily family_;
  Features features_;
};

// Whether nft can match on this protocol's ports; Felix panics otherwise.
bool has_ports_in_nft(const std::optional<felixsim::Protocol>& protocol);

}  // namespace felixsim::rules
