// SPDX-License-Identifier: Apache-2.0
#include "model/rules/match_blocks.h"

#include <algorithm>

#include "model/rules/policy_chains.h"

namespace felixsim::rules {
namespace {

constexpr size_t slots_in_multiport = 15;

enum class Side : uint8_t { source, destination };

// The networks of one IP version.
using Nets = std::vector<const Cidr*>;

// Nothing if networks were given but none is of this version, or one of them, negated, is
// everything: such a rule cannot match.
std::optional<Nets> filter_nets(const std::vector<Cidr>& nets, IpFamily family,
                                bool drop_catch_all) {
  Nets filtered;
  for (const Cidr& net : nets) {
    if (net.address.family != family) continue;
    if (drop_catch_all && net.length == 0) return std::nullopt;
    filtered.push_back(&net);
  }
  if (filtered.empty() && !nets.empty()) return std::nullopt;
  return filtered;
}

// One side's matches, as far as blocks have not taken them.
struct SideMatches {
  const msg::RuleMatchSide& all;
  Side side;
  Nets nets, not_nets;
  bool ports_done = false;
};

std::optional<SideMatches> side_matches(const msg::RuleMatchSide& all, Side side,
                                        const Renderer& r) {
  auto nets = filter_nets(all.net, r.family, false);
  auto not_nets = filter_nets(all.not_net, r.family, r.config.felix.drops_negated_catch_all);
  if (!nets || !not_nets) return std::nullopt;
  return SideMatches{all, side, std::move(*nets), std::move(*not_nets)};
}

RuleBuilder& add_net(RuleBuilder& rule, Side side, bool negated, const Cidr& net) {
  const std::string text = net.str();
  if (side == Side::source) return negated ? rule.not_source_net(text) : rule.source_net(text);
  return negated ? rule.not_destination_net(text) : rule.destination_net(text);
}

RuleBuilder& add_ports(RuleBuilder& rule, Side side, bool negated,
                       std::span<const msg::PortRange> ports) {
  if (side == Side::source)
    return negated ? rule.not_source_ports(ports) : rule.source_ports(ports);
  return negated ? rule.not_destination_ports(ports) : rule.destination_ports(ports);
}

RuleBuilder& add_set(RuleBuilder& rule, Side side, bool negated, std::string_view name) {
  if (side == Side::source) return negated ? rule.not_source_set(name) : rule.source_set(name);
  return negated ? rule.not_destination_set(name) : rule.destination_set(name);
}

RuleBuilder& add_port_set(RuleBuilder& rule, Side side, bool negated, std::string_view name) {
  if (side == Side::source)
    return negated ? rule.not_source_port_set(name) : rule.source_port_set(name);
  return negated ? rule.not_destination_port_set(name) : rule.destination_port_set(name);
}

// Blocks are anded: scratch0 says that all so far matched. The rules within a block are ored: the
// first positive block writes to scratch0 itself, later ones to scratch1, which is then folded in.
// Negated blocks clear scratch0 at once; they come last.
class MatchBlocks {
 public:
  MatchBlocks(const Renderer& r, std::vector<Rule>& out) : r_(r), out_(out) {}

  bool used() const { return used_; }

  void add_port_block(const std::optional<felixsim::Protocol>& protocol,
                      const std::vector<std::vector<msg::PortRange>>& splits,
                      const std::vector<Symbol>& named_port_sets, Side side) {
    start(0);
    const uint32_t mark = mark_of_block();
    for (const auto& split : splits) {
      RuleBuilder rule = r_.rule();
      if (protocol) rule.protocol(*protocol);
      out_.push_back(add_ports(rule, side, false, split).set_mark(mark));
    }
    for (const Symbol id : named_port_sets) {
      RuleBuilder rule = r_.rule();
      out_.push_back(add_port_set(rule, side, false, r_.set_name(id.view())).set_mark(mark));
    }
    finish_positive();
  }

  void add_net_block(const Nets& nets, Side side) {
    start(0);
    const uint32_t mark = mark_of_block();
    for (const Cidr* net : nets) {
      RuleBuilder rule = r_.rule();
      out_.push_back(add_net(rule, side, false, *net).set_mark(mark));
    }
    finish_positive();
  }

  void add_negated_net_block(const Nets& nets, Side side) {
    start(all_blocks());
    for (const Cidr* net : nets) {
      RuleBuilder rule = r_.rule();
      out_.push_back(add_net(rule, side, false, *net).clear_mark(all_blocks()));
    }
  }

 private:
  uint32_t all_blocks() const { return r_.marks().scratch0; }
  uint32_t this_block() const { return r_.marks().scratch1; }
  uint32_t mark_of_block() const { return positive_done_ ? this_block() : all_blocks(); }

  void start(uint32_t initial_marks) {
    if (used_) return;
    out_.push_back(r_.rule().set_masked_mark(initial_marks, all_blocks() | this_block()));
    used_ = true;
  }

  void finish_positive() {
    if (positive_done_) out_.push_back(r_.rule().mark_clear(this_block()).clear_mark(all_blocks()));
    positive_done_ = true;
  }

  const Renderer& r_;
  std::vector<Rule>& out_;
  bool used_ = false, positive_done_ = false;
};

bool needs_port_block(const msg::RuleMatchSide& side) {
  return split_ports(side.ports).size() + side.named_port_ip_set_ids.size() > 1;
}

void add_blocks(MatchBlocks& blocks, const msg::Rule& rule,
                std::initializer_list<SideMatches*> sides) {
  for (SideMatches* side : sides) {
    if (!needs_port_block(side->all)) continue;
    blocks.add_port_block(rule.protocol, split_ports(side->all.ports),
                          side->all.named_port_ip_set_ids, side->side);
    side->ports_done = true;
  }
  for (SideMatches* side : sides)
    if (side->nets.size() > 1) {
      blocks.add_net_block(side->nets, side->side);
      side->nets.clear();
    }
  // One rule has room for one network of a side, negated or not.
  for (SideMatches* side : sides)
    if (side->nets.size() + side->not_nets.size() > 1) {
      blocks.add_negated_net_block(side->not_nets, side->side);
      side->not_nets.clear();
    }
}

void add_positive(RuleBuilder& match, const Renderer& r, const SideMatches& side) {
  if (!side.nets.empty()) add_net(match, side.side, false, *side.nets.front());
  for (const Symbol id : side.all.ip_set_ids)
    add_set(match, side.side, false, r.set_name(id.view()));
}

void add_positive_ports(RuleBuilder& match, const Renderer& r, const SideMatches& side) {
  if (side.ports_done) return;
  if (!side.all.ports.empty()) add_ports(match, side.side, false, side.all.ports);
  for (const Symbol id : side.all.named_port_ip_set_ids)
    add_port_set(match, side.side, false, r.set_name(id.view()));
}

void add_negated(RuleBuilder& match, const Renderer& r, const SideMatches& side) {
  if (!side.not_nets.empty()) add_net(match, side.side, true, *side.not_nets.front());
  for (const Symbol id : side.all.not_ip_set_ids)
    add_set(match, side.side, true, r.set_name(id.view()));
  for (const auto& split : split_ports(side.all.not_ports))
    add_ports(match, side.side, true, split);
  for (const Symbol id : side.all.not_named_port_ip_set_ids)
    add_port_set(match, side.side, true, r.set_name(id.view()));
}

void add_matches(RuleBuilder& match, const Renderer& r, const msg::Rule& rule,
                 const SideMatches& source, const SideMatches& destination) {
  if (rule.protocol) match.protocol(*rule.protocol);
  add_positive(match, r, source);
  add_positive_ports(match, r, source);
  add_positive(match, r, destination);
  for (const Symbol id : rule.destination_ip_port_set_ids)
    match.destination_port_set(r.set_name(id.view()));
  add_positive_ports(match, r, destination);
  if (rule.icmp) match.icmp(*rule.icmp);
  if (rule.not_protocol) match.not_protocol(*rule.not_protocol);
  add_negated(match, r, source);
  add_negated(match, r, destination);
  if (rule.not_icmp) match.not_icmp(*rule.not_icmp);
}

// nft matches on the ports of a protocol, so there has to be one that has ports; and protocol 0
// looks to Felix like none.
Status check_for_nft(const msg::Rule& rule) {
  const bool has_ports = !rule.source.ports.empty() || !rule.source.not_ports.empty() ||
                         !rule.destination.ports.empty() || !rule.destination.not_ports.empty();
  if (has_ports && !has_ports_in_nft(rule.protocol))
    return invalid("ports without protocol tcp, udp or sctp: Felix panics in nftables mode",
                   "give the rule a protocol that has ports");
  if (rule.protocol && rule.protocol->name.empty() && rule.protocol->number == 0)
    return invalid("protocol 0: Felix panics in nftables mode");
  return {};
}

}  // namespace

std::vector<std::vector<msg::PortRange>> split_ports(const std::vector<msg::PortRange>& ports) {
  std::vector<std::vector<msg::PortRange>> splits;
  size_t free = 0;
  for (const auto& range : ports) {
    const size_t needed = range.first == range.last ? 1 : 2;
    if (splits.empty() || free < needed) {
      splits.emplace_back();
      free = slots_in_multiport;
    }
    splits.back().push_back(range);
    free -= needed;
  }
  return splits;
}

AskedNets asked_nets(const msg::Rule& rule, IpFamily family) {
  constexpr int asked_blocks = 2;
  const auto is_block = [&](const std::vector<Cidr>& nets) {
    return std::count_if(nets.begin(), nets.end(),
                         [&](const Cidr& net) { return net.address.family == family; }) > 1;
  };
  const bool source = is_block(rule.source.net), destination = is_block(rule.destination.net);
  if (!source && !destination) return {};
  const int before = needs_port_block(rule.source) + needs_port_block(rule.destination);
  return {!source || before < asked_blocks, !destination || before + source < asked_blocks};
}

Result<std::optional<RuleBuilder>> render_matches(const Renderer& r, const msg::Rule& rule,
                                                  RuleBuilder match, std::vector<Rule>& out) {
  const uint8_t version = r.v4() ? 4 : 6;
  if (rule.ip_version != 0 && rule.ip_version != version) return std::nullopt;
  auto source = side_matches(rule.source, Side::source, r);
  auto destination = side_matches(rule.destination, Side::destination, r);
  if (!source || !destination) return std::nullopt;
  if (r.nft())
    if (auto checked = check_for_nft(rule); !checked) return forward(checked);
  MatchBlocks blocks(r, out);
  add_blocks(blocks, rule, {&*source, &*destination});
  add_matches(match, r, rule, *source, *destination);
  if (blocks.used()) match.mark_set(r.marks().scratch0);
  return std::optional(std::move(match));
}

}  // namespace felixsim::rules
