// SPDX-License-Identifier: Apache-2.0
#include "model/rules/rule_builder.h"

#include "felixsim/check.h"
#include "model/rules/rule_words.h"

namespace felixsim::rules {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool has_ports(std::string_view protocol) {
  return protocol == "tcp" || protocol == "udp" || protocol == "sctp";
}

// Names of the protocols whose ports nft can match by number, too.
std::string transport_name(uint8_t number) {
  switch (number) {
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 132:
      return "sctp";
    default:
      return {};
  }
}

}  // namespace

std::string_view verdict_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::accept:
      return "Accept";
    case Verdict::drop:
      return "Drop";
    case Verdict::reject:
      return "Reject";
    case Verdict::return_:
      return "Return";
  }
  return {};
}

bool has_ports_in_nft(const std::optional<felixsim::Protocol>& protocol) {
  if (!protocol) return false;
  return protocol->name.empty() ? !transport_name(protocol->number).empty()
                                : has_ports(protocol->name.view());
}

RuleBuilder::RuleBuilder(Dialect dialect, IpFamily family, Features features)
    : dialect_(dialect), family_(family), features_(features) {
  rule_.text.reserve(112);  // most rules fit
}

RuleBuilder& RuleBuilder::comment(std::string text) {
  rule_.comments.push_back(std::move(text));
  return *this;
}

// Marks.

RuleBuilder& RuleBuilder::mark_clear(uint32_t bits) {
  FELIXSIM_CHECK(bits != 0);
  return nft() ? match("meta mark & ", Number::hex(bits), " == 0")
               : match("-m mark --mark 0/", Number::hex(bits));
}

RuleBuilder& RuleBuilder::mark_not_clear(uint32_t bits) {
  FELIXSIM_CHECK(bits != 0);
  return nft() ? match("meta mark & ", Number::hex(bits), " != 0")
               : match("-m mark ! --mark 0/", Number::hex(bits));
}

RuleBuilder& RuleBuilder::mark_set(uint32_t bit) { return mark(bit, bit); }

RuleBuilder& RuleBuilder::mark(uint32_t mark, uint32_t mask) {
  FELIXSIM_CHECK(mask != 0 && (mark & mask) == mark);
  return nft() ? match("meta mark & ", Number::hex(mask), " == ", Number::hex(mark))
               : match("-m mark --mark ", Number::hex(mark), "/", Number::hex(mask));
}

RuleBuilder& RuleBuilder::not_mark(uint32_t mark, uint32_t mask) {
  FELIXSIM_CHECK(mask != 0 && (mark & mask) == mark);
  return nft() ? match("meta mark & ", Number::hex(mask), " != ", Number::hex(mark))
               : match("-m mark ! --mark ", Number::hex(mark), "/", Number::hex(mask));
}

// Interfaces.

RuleBuilder& RuleBuilder::in_interface(std::string_view name) {
  return match(nft() ? "iifname " : "--in-interface ", name);
}

RuleBuilder& RuleBuilder::out_interface(std::string_view name) {
  return match(nft() ? "oifname " : "--out-interface ", name);
}

// The map's name goes after "@-": a layer's name comes between.
RuleBuilder& RuleBuilder::in_interface_map(std::string_view map) {
  FELIXSIM_CHECK(nft());
  match("iifname vmap @");
  rule_.map_at = offset(rule_.text.size());
  rule_.text.append("-").append(map);
  return *this;
}

RuleBuilder& RuleBuilder::out_interface_map(std::string_view map) {
  FELIXSIM_CHECK(nft());
  match("oifname vmap @");
  rule_.map_at = offset(rule_.text.size());
  rule_.text.append("-").append(map);
  return *this;
}

// Routing and connection tracking.

RuleBuilder& RuleBuilder::rpf_check_failed() {
  return match(nft() ? "fib saddr . mark . iif oif 0" : "-m rpfilter --invert --validmark");
}

RuleBuilder& RuleBuilder::local(std::string_view side, bool negated, bool by_out_interface) {
  if (nft())
    return match("fib ", side == "src" ? "saddr" : "daddr", by_out_interface ? " . oif" : "",
                 " type ", negated ? "!= " : "", "local");
  return match("-m addrtype ", negated ? "! " : "", "--", side, "-type LOCAL",
               by_out_interface ? " --limit-iface-out" : "");
}
RuleBuilder& RuleBuilder::source_is_local(bool by_out_interface) {
  return local("src", false, by_out_interface);
}
RuleBuilder& RuleBuilder::source_is_not_local(bool by_out_interface) {
  return local("src", true, by_out_interface);
}
RuleBuilder& RuleBuilder::destination_is_local() { return local("dst", false, false); }
RuleBuilder& RuleBuilder::destination_is_not_local() { return local("dst", true, false); }

RuleBuilder& RuleBuilder::conntrack_state(std::string_view states) {
  return nft() ? match("ct state ", lower(states)) : match("-m conntrack --ctstate ", states);
}
RuleBuilder& RuleBuilder::conntrack_dnat() {
  return match(nft() ? "ct status dnat" : "-m conntrack --ctstate DNAT");
}
RuleBuilder& RuleBuilder::conntrack_not_dnat() {
  return match(nft() ? "ct status != dnat" : "-m conntrack ! --ctstate DNAT");
}

// Protocols.

RuleBuilder& RuleBuilder::protocol(std::string_view name) {
  protocol_ = name;
  return match(nft() ? "meta l4proto " : "-p ", name);
}
RuleBuilder& RuleBuilder::protocol(uint8_t number) {
  protocol_ = transport_name(number);
  return match(nft() ? "meta l4proto " : "-p ", Number::dec(number));
}
RuleBuilder& RuleBuilder::protocol(const felixsim::Protocol& which) {
  return which.name.empty() ? protocol(which.number) : protocol(which.name.view());
}
RuleBuilder& RuleBuilder::not_protocol(const felixsim::Protocol& which) {
  const std::string_view words = nft() ? "meta l4proto != " : "! -p ";
  return which.name.empty() ? match(words, Number::dec(which.number))
                            : match(words, which.name.view());
}

// Addresses.

RuleBuilder& RuleBuilder::net(std::string_view iptables_option, std::string_view nft_field,
                              bool negated, std::string_view net) {
  if (nft())
    return match(family_ == IpFamily::v4 ? "ip " : "ip6 ", nft_field, negated ? " != " : " ", net);
  return match(negated ? "! " : "", iptables_option, " ", net);
}
RuleBuilder& RuleBuilder::source_net(std::string_view text) {
  return net("--source", "saddr", false, text);
}
RuleBuilder& RuleBuilder::destination_net(std::string_view text) {
  return net("--destination", "daddr", false, text);
}
RuleBuilder& RuleBuilder::not_source_net(std::string_view text) {
  return net("--source", "saddr", true, text);
}
RuleBuilder& RuleBuilder::not_destination_net(std::string_view text) {
  return net("--destination", "daddr", true, text);
}

// IP sets. Sets of (address, protocol, port) have two dimensions in ipset, three in nft.

RuleBuilder& RuleBuilder::set(std::string_view direction, std::string_view nft_field, bool negated,
                              std::string_view name) {
  if (nft())
    return match(family_ == IpFamily::v4 ? "ip " : "ip6 ", nft_field, negated ? " != @" : " @",
                 name);
  return match(negated ? "-m set ! --match-set " : "-m set --match-set ", name, " ", direction);
}
RuleBuilder& RuleBuilder::source_set(std::string_view name) {
  return set("src", "saddr", false, name);
}
RuleBuilder& RuleBuilder::not_source_set(std::string_view name) {
  return set("src", "saddr", true, name);
}
RuleBuilder& RuleBuilder::destination_set(std::string_view name) {
  return set("dst", "daddr", false, name);
}
RuleBuilder& RuleBuilder::not_destination_set(std::string_view name) {
  return set("dst", "daddr", true, name);
}
RuleBuilder& RuleBuilder::source_port_set(std::string_view name) {
  return set("src,src", "saddr . meta l4proto . th sport", false, name);
}
RuleBuilder& RuleBuilder::not_source_port_set(std::string_view name) {
  return set("src,src", "saddr . meta l4proto . th sport", true, name);
}
RuleBuilder& RuleBuilder::destination_port_set(std::string_view name) {
  return set("dst,dst", "daddr . meta l4proto . th dport", false, name);
}
RuleBuilder& RuleBuilder::not_destination_port_set(std::string_view name) {
  return set("dst,dst", "daddr . meta l4proto . th dport", true, name);
}

// Ports.

std::string_view RuleBuilder::transport() const {
  FELIXSIM_CHECK(has_ports(protocol_));
  return protocol_;
}

RuleBuilder& RuleBuilder::ports(bool source, bool negated, std::span<const msg::PortRange> list) {
  if (nft())
    match(transport(), source ? " sport " : " dport ", negated ? "!= { " : "{ ");
  else
    match("-m multiport ", negated ? "! " : "",
          source ? "--source-ports " : "--destination-ports ");
  const std::string_view separator = nft() ? ", " : ",";
  const char range = nft() ? '-' : ':';
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) rule_.text.append(separator);
    rule_.text.append(Number::dec(list[i].first).view());
    if (list[i].first != list[i].last)
      (rule_.text += range).append(Number::dec(list[i].last).view());
  }
  if (nft()) rule_.text.append(" }");
  return *this;
}
RuleBuilder& RuleBuilder::source_ports(std::span<const msg::PortRange> list) {
  return ports(true, false, list);
}
RuleBuilder& RuleBuilder::not_source_ports(std::span<const msg::PortRange> list) {
  return ports(true, true, list);
}
RuleBuilder& RuleBuilder::destination_ports(std::span<const msg::PortRange> list) {
  return ports(false, false, list);
}
RuleBuilder& RuleBuilder::not_destination_ports(std::span<const msg::PortRange> list) {
  return ports(false, true, list);
}
RuleBuilder& RuleBuilder::source_port(uint16_t port) {
  const msg::PortRange range{port, port};
  return ports(true, false, {&range, 1});
}
RuleBuilder& RuleBuilder::destination_port(uint16_t port) {
  const msg::PortRange range{port, port};
  return ports(false, false, {&range, 1});
}
RuleBuilder& RuleBuilder::single_destination_port(uint16_t port) {
  return nft() ? match(transport(), " dport ", Number::dec(port))
               : match("--dport ", Number::dec(port));
}

// ICMP. Felix passes types and codes as bytes.

RuleBuilder& RuleBuilder::icmp(bool negated, const msg::IcmpMatch& which) {
  const auto type = Number::dec(static_cast<uint8_t>(which.type));
  const auto code = Number::dec(static_cast<uint8_t>(which.code.value_or(0)));
  const bool v4 = family_ == IpFamily::v4;
  if (nft()) {
    match(v4 ? "icmp type " : "icmpv6 type ", negated ? "!= " : "", type);
    return which.code ? match("code ", negated ? "!= " : "", code) : *this;
  }
  match(v4 ? "-m icmp " : "-m icmp6 ", negated ? "! " : "", v4 ? "--icmp-type " : "--icmpv6-type ",
        type);
  if (which.code) (rule_.text += '/').append(code.view());
  return *this;
}
RuleBuilder& RuleBuilder::icmp(const msg::IcmpMatch& which) { return icmp(false, which); }
RuleBuilder& RuleBuilder::not_icmp(const msg::IcmpMatch& which) { return icmp(true, which); }

// The rest.

RuleBuilder& RuleBuilder::limit(std::string_view rate, uint16_t burst) {
  match(nft() ? "limit rate " : "-m limit --limit ", rate);
  if (burst == 0) return *this;
  return nft() ? match("burst ", Number::dec(burst), " packets")
               : match("--limit-burst ", Number::dec(burst));
}
RuleBuilder& RuleBuilder::arp_operation(std::string_view operation) {
  return match("arp operation ", operation);
}
RuleBuilder& RuleBuilder::arp_source_ip(std::string_view ip) { return match("arp saddr ip ", ip); }

}  // namespace felixsim::rules
