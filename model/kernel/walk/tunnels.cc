// SPDX-License-Identifier: Apache-2.0
// Packets into tunnels and out of them. Mirrors Linux drivers/net/vxlan, net/ipv4/ipip.c and
// drivers/net/wireguard (device.c wg_xmit, socket.c, receive.c wg_packet_consume_data_done). Left
// out: WireGuard's handshakes, which succeed wherever each side knows the other's key.
#include "model/kernel/walk/walker.h"

namespace felixsim::walk {
namespace {

constexpr uint8_t protocol_ipip = 4, protocol_udp = 17;

// Whose allowed address the most specific one is.
const std::pair<const std::string, WireguardPeer>* peer_with(const WireguardLink& device,
                                                             const Ip& ip) {
  const std::pair<const std::string, WireguardPeer>* found = nullptr;
  int length = -1;
  for (const auto& entry : device.peers)
    for (const Cidr& net : entry.second.allowed_ips)
      if (net.contains(ip) && net.length > length) {
        found = &entry;
        length = net.length;
      }
  return found;
}

bool takes(const Link& link, const Skb& skb) {
  if (!link.admin_up) return false;
  switch (skb.head.kind) {
    case TunnelHead::Kind::ipip:
      return link.kind == "ipip";
    case TunnelHead::Kind::vxlan:
      return link.vxlan && link.vxlan->vni == skb.head.vni &&
             link.vxlan->port == skb.packet.destination_port &&
             (!link.vxlan->local || link.vxlan->local->family == skb.packet.destination.family);
    case TunnelHead::Kind::wireguard:
      return link.wireguard && link.wireguard->port == skb.packet.destination_port;
  }
  return false;
}

}  // namespace

Fate Walker::encapsulate(int node, const Link& link, const Ip& next_hop, Skb skb) {
  if (link.vxlan) return into_vxlan(node, link, next_hop, std::move(skb));
  if (link.wireguard) return into_wireguard(node, link, std::move(skb));
  return into_ipip(node, link, next_hop, std::move(skb));
}

// The packet in a new one, which conntrack has not seen.
Skb Walker::wrapped(int node, const Link& link, const Ip& to, Skb skb) {
  if (recording())
    note(StepKind::tunnel, node, fmt::format("put into a tunnel by {} to {}", link.name, to.str()));
  Skb outer;
  outer.mark = skb.mark;
  outer.packet.destination = to;
  outer.packet.source = Ip{to.family, {}};
  skb.state = 0;
  skb.connection = -1;
  skb.reply = false;
  outer.inner = std::make_shared<const Skb>(std::move(skb));
  return outer;
}

Fate Walker::into_vxlan(int node, const Link& link, const Ip& next_hop, Skb skb) {
  const auto& state = kernel(node).state;
  const auto neighbour =
      std::find_if(state.neighbours.begin(), state.neighbours.end(), [&](const Neighbour& n) {
        return n.device == link.name && n.address == next_hop && !n.proxy;
      });
  if (neighbour == state.neighbours.end())
    return lost(node, fmt::format("no neighbour {} on {}", next_hop.str(), link.name));
  const auto entry = std::find_if(state.fdb.begin(), state.fdb.end(), [&](const FdbEntry& e) {
    return e.device == link.name && e.mac == neighbour->mac && e.destination;
  });
  if (entry == state.fdb.end())
    return lost(node,
                fmt::format("no forwarding entry for {} on {}", neighbour->mac.str(), link.name));
  if (recording())
    note(StepKind::neighbour, node,
         fmt::format("{} on {} is {}, behind {}", next_hop.str(), link.name, neighbour->mac.str(),
                     entry->destination->str()));
  Skb outer = wrapped(node, link, *entry->destination, std::move(skb));
  outer.head.kind = TunnelHead::Kind::vxlan;
  outer.head.vni = link.vxlan->vni;
  outer.head.mac = neighbour->mac;
  outer.packet.source = link.vxlan->local.value_or(outer.packet.source);
  outer.packet.protocol = protocol_udp;
  outer.packet.destination_port = static_cast<uint16_t>(link.vxlan->port);
  return from_node(node, std::move(outer));
}

Fate Walker::into_ipip(int node, const Link& link, const Ip& next_hop, Skb skb) {
  Skb outer = wrapped(node, link, next_hop, std::move(skb));
  outer.head.kind = TunnelHead::Kind::ipip;
  outer.packet.protocol = protocol_ipip;
  outer.packet.source_port = outer.packet.destination_port = 0;
  return from_node(node, std::move(outer));
}

Fate Walker::into_wireguard(int node, const Link& link, Skb skb) {
  const WireguardLink& device = *link.wireguard;
  const auto* peer = peer_with(device, skb.packet.destination);
  if (!peer)
    return lost(node,
                fmt::format("no peer of {} may have {}", link.name, skb.packet.destination.str()));
  if (!peer->second.endpoint)
    return lost(node,
                fmt::format("where the peer {} of {} is, nobody knows", peer->first, link.name));
  if (recording())
    note(StepKind::neighbour, node,
         fmt::format("{} is behind the peer {} of {}", skb.packet.destination.str(), peer->first,
                     link.name));
  Skb outer = wrapped(node, link, *peer->second.endpoint, std::move(skb));
  outer.head.kind = TunnelHead::Kind::wireguard;
  outer.head.sender = device.public_key;
  outer.head.opener = peer->first;
  outer.mark = device.mark;
  outer.packet.protocol = protocol_udp;
  outer.packet.source_port = device.port;
  outer.packet.destination_port = peer->second.port;
  // The way is chosen with the device's mark, by which the packet does not come back to it.
  const auto& fib = kernel(node).fib(outer.packet.destination.family);
  const Route* route = fib.find(outer.packet.destination, outer.packet.source, outer.mark);
  if (!route) return lost(node, "no route to " + outer.packet.destination.str());
  outer.packet.source = fib.source_for(*route, outer.packet.destination);
  return output(node, std::move(outer));
}

// What a local tunnel device takes out of the packet; nothing: it is for the node itself.
std::optional<Fate> Walker::decapsulate(int node, const Skb& skb) {
  if (!skb.inner) return std::nullopt;
  for (const auto& [name, link] : kernel(node).state.links) {
    if (!takes(link, skb)) continue;
    if (skb.head.kind == TunnelHead::Kind::wireguard) return open_wireguard(node, link, skb);
    if (skb.head.kind == TunnelHead::Kind::vxlan && link.mac != skb.head.mac)
      return lost(node, fmt::format("{} is not {}: not the MAC of {}", skb.head.mac.str(),
                                    link.mac.str(), name));
    if (recording())
      note(StepKind::tunnel, node, fmt::format("taken out of the tunnel by {}", name));
    Skb inner = *skb.inner;
    inner.mark = skb.mark;  // in one namespace the mark survives (skb_scrub_packet)
    return receive(node, name, std::move(inner));
  }
  return lost(node, "no tunnel device takes the packet");
}

// Only a peer may send, and only from the addresses that it may have.
Fate Walker::open_wireguard(int node, const Link& link, const Skb& skb) {
  const WireguardLink& device = *link.wireguard;
  const std::string& sender = skb.head.sender;
  if (skb.head.opener != device.public_key)
    return lost(node,
                fmt::format("{} has another key than the one that it was sealed for", link.name));
  if (!device.peers.contains(sender))
    return lost(node, fmt::format("{} has no peer {}, who sent this", link.name, sender));
  Skb inner = *skb.inner;
  const auto* owner = peer_with(device, inner.packet.source);
  if (!owner || owner->first != sender)
    return lost(node, fmt::format("the peer {} of {} may not have {}", sender, link.name,
                                  inner.packet.source.str()));
  if (recording())
    note(StepKind::tunnel, node, fmt::format("taken out of the tunnel by {}", link.name));
  inner.mark = 0;
  return receive(node, link.name, std::move(inner));
}

}  // namespace felixsim::walk
