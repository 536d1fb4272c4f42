// SPDX-License-Identifier: Apache-2.0
// Connections and NAT. Mirrors Linux net/netfilter: nf_conntrack_core.c, nf_conntrack_proto_tcp.c,
// nf_conntrack_proto_icmp.c, nf_nat_core.c.
#include "model/kernel/walk/walker.h"

namespace felixsim::walk {
namespace {

constexpr uint16_t masquerade_port = 50000;  // any: the kernel draws it

bool is_icmp(const Packet& packet) { return packet.protocol == 1 || packet.protocol == 58; }
bool has_ports(const Packet& packet) { return !is_icmp(packet); }

// May a connection begin with this packet?
bool may_begin(const Packet& packet) {
  if (packet.protocol == 6) {
    const bool syn = packet.tcp_flags & 2, ack = packet.tcp_flags & 16, rst = packet.tcp_flags & 4;
    return !rst && (!syn || !ack);
  }
  if (packet.protocol == 1) return packet.icmp_type == 8 || packet.icmp_type == 13;
  if (packet.protocol == 58) return packet.icmp_type == 128;
  return true;
}

}  // namespace

Tuple tuple_of(const Packet& packet) {
  if (is_icmp(packet))
    return {packet.source, packet.destination, packet.protocol, client_port, client_port};
  return {packet.source, packet.destination, packet.protocol, packet.source_port,
          packet.destination_port};
}

void Walker::connection_in(int node, Skb& skb) {
  if (skb.state != 0) return;  // untracked, looped back, or the answer of this very kernel
  // Neighbour discovery is not tracked (nf_conntrack_icmpv6_error).
  if (skb.packet.protocol == 58 && skb.packet.icmp_type >= 130 && skb.packet.icmp_type <= 137) {
    skb.state = state_untracked;
    return;
  }
  const Tuple tuple = tuple_of(skb.error_of && is_icmp(skb.packet) ? *skb.error_of : skb.packet);
  for (size_t i = 0; i < connections_.size(); ++i) {
    auto& connection = connections_[i];
    if (connection.node != node || !connection.confirmed) continue;
    const bool original = connection.original == tuple, reply = connection.reply == tuple;
    if (!original && !reply) continue;
    skb.connection = static_cast<int>(i);
    skb.reply = reply;
    if (skb.error_of && is_icmp(skb.packet)) {
      skb.state = state_related;
      skb.reply = !reply;  // it goes the other way than the packet in it
      return;
    }
    const bool bare_ack =
        skb.packet.protocol == 6 && !(skb.packet.tcp_flags & 2) && !(skb.packet.tcp_flags & 4);
    if (original && bare_ack && !(connection.status & status_seen_reply)) {
      skb.state = state_invalid;  // an ACK before this kernel saw the SYN/ACK
      skb.connection = -1;
      return;
    }
    if (reply) connection.status |= status_seen_reply;
    skb.state = connection.status & status_seen_reply ? state_established : state_new;
    return;
  }
  if (skb.error_of || !may_begin(skb.packet)) {
    skb.state = state_invalid;
    return;
  }
  Connection connection;
  connection.node = node;
  connection.original = tuple;
  connection.reply = tuple.inverse();
  skb.connection = static_cast<int>(connections_.size());
  skb.state = state_new;
  skb.reply = false;
  connections_.push_back(connection);
}

void Walker::confirm(Skb& skb) {
  if (skb.connection < 0) return;
  auto& connection = connections_[static_cast<size_t>(skb.connection)];
  connection.confirmed = true;
  connection.status |= status_confirmed;
}

uint32_t Walker::state_bits(const Skb& skb) const {
  uint32_t bits = skb.state == 0 ? uint32_t{state_invalid} : skb.state;
  if (skb.connection >= 0) {
    const auto& connection = connections_[static_cast<size_t>(skb.connection)];
    if (connection.status & status_snat) bits |= state_snat;
    if (connection.status & status_dnat) bits |= state_dnat;
  }
  return bits;
}

bool Walker::matches_state(const Skb& skb, const RuleOp& op) const {
  const Connection* connection =
      skb.connection < 0 ? nullptr : &connections_[static_cast<size_t>(skb.connection)];
  switch (op.op) {
    case Op::state:
      return (state_bits(skb) & op.a) != 0;
    case Op::status:
      return connection && (connection->status & op.a) != 0;
    case Op::status_word:
      return connection && connection->status == op.a;
    case Op::connection_mark:
      return connection && (connection->mark & op.b) == op.a;
    default:
      return connection && skb.reply;  // reply_direction
  }
}

// DNAT, SNAT, MASQUERADE, REDIRECT; false: the target does nothing here.
bool Walker::translate(const Context& context, const RuleOp& op) {
  Skb& skb = *context.skb;
  if (skb.connection < 0) return false;
  auto& connection = connections_[static_cast<size_t>(skb.connection)];
  const bool to_destination = op.op == Op::dnat || op.op == Op::redirect;
  Ip address = op.low;
  bool has_address = op.has_address;
  auto& kernel = *context.kernel;
  if (op.op == Op::redirect) {
    address = Ip::parse(skb.packet.source.is_v4() ? "127.0.0.1" : "::1").value_or(Ip{});
    if (context.hook == Hook::prerouting) {
      Route by_device;
      by_device.device = *context.in;
      address = kernel.fib(skb.packet.source.family).source_for(by_device, skb.packet.destination);
    }
    has_address = true;
  }
  if (op.op == Op::masquerade) {
    const auto& fib = kernel.fib(skb.packet.source.family);
    Route by_device;
    by_device.device = *context.out;
    if (const Route* route =
            fib.find(skb.packet.destination, Ip{skb.packet.source.family, {}}, skb.mark);
        route && route->device == *context.out)
      by_device.gateway = route->gateway;
    address = fib.source_for(by_device, skb.packet.destination);
    has_address = true;
  }
  Tuple& reply = connection.reply;
  if (to_destination) {
    if (has_address) reply.source = address;
    if (!op.ports.empty() && has_ports(skb.packet)) reply.source_port = op.ports[0].first;
    connection.status |= status_dnat_done;
    if (reply.source != connection.original.destination ||
        reply.source_port != connection.original.destination_port)
      connection.status |= status_dnat;
  } else {
    if (has_address) reply.destination = address;
    if (!op.ports.empty() && has_ports(skb.packet))
      reply.destination_port = op.ports[0].first;
    else if (op.op == Op::masquerade && has_ports(skb.packet))
      reply.destination_port = masquerade_port;
    connection.status |= status_snat_done;
    if (reply.destination != connection.original.source ||
        reply.destination_port != connection.original.source_port)
      connection.status |= status_snat;
  }
  return true;
}

void Walker::apply_nat(const Context& context, bool destination_stage) {
  Skb& skb = *context.skb;
  const auto& connection = connections_[static_cast<size_t>(skb.connection)];
  const Tuple want = skb.reply ? connection.original.inverse() : connection.reply.inverse();
  Packet& packet = skb.packet;
  const Packet before = packet;
  const bool error = skb.error_of && is_icmp(packet);
  const bool changed = skb.reply == destination_stage ? connection.status & status_snat
                                                      : connection.status & status_dnat;
  if (!changed) return;
  if (destination_stage) {
    packet.destination = want.destination;
    if (has_ports(packet)) packet.destination_port = want.destination_port;
  } else if (!error ||
             packet.source == (skb.reply ? connection.reply.source : connection.original.source)) {
    packet.source = want.source;
    if (has_ports(packet)) packet.source_port = want.source_port;
  }
  if (error && destination_stage) {
    auto inside = std::make_shared<Packet>(*skb.error_of);
    inside->source = connection.original.source;
    inside->source_port = connection.original.source_port;
    skb.error_of = inside;
  }
  if (recording() && !(packet == before))
    note(StepKind::nat, context.node,
         fmt::format("NAT: {} becomes {}", packet_text(before), packet_text(packet)));
}

void Walker::run_nat(const Context& context, const std::vector<BaseChain>& bases) {
  Skb& skb = *context.skb;
  if (skb.connection < 0) return;
  const bool destination_stage = context.hook == Hook::prerouting || context.hook == Hook::output;
  const uint32_t done = destination_stage ? status_dnat_done : status_snat_done;
  const auto status = [&]() -> uint32_t& {
    return connections_[static_cast<size_t>(skb.connection)].status;
  };
  if (skb.state == state_new && !skb.reply && !(status() & done)) {
    for (const auto& base : bases)
      if (base.nat && !(status() & done)) run_base(context, base);
    status() |= done;
  }
  apply_nat(context, destination_stage);
}

}  // namespace felixsim::walk
