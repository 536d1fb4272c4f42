// SPDX-License-Identifier: Apache-2.0
#include "model/kernel/walk/world.h"

#include "model/kernel/ipt_rule.h"
#include "model/kernel/walk/walker.h"

namespace felixsim::walk {

std::string packet_text(const Packet& packet) {
  std::string protocol;
  append_ipt_protocol(protocol, packet.protocol);
  const auto end = [&](const Ip& ip, uint16_t port) {
    if (packet.protocol == 1 || packet.protocol == 58 || packet.protocol == 4) return ip.str();
    return ip.is_v4() ? fmt::format("{}:{}", ip.str(), port)
                      : fmt::format("[{}]:{}", ip.str(), port);
  };
  return fmt::format("{} -> {} {}", end(packet.source, packet.source_port),
                     end(packet.destination, packet.destination_port), protocol);
}

void World::add_node(const std::string& name, std::shared_ptr<const CompiledKernel> kernel) {
  const int index = static_cast<int>(nodes_.size());
  for (const auto& [device, link] : kernel->state().links) {
    const bool loopback = link.kind == "loopback";
    for (const auto& address : link.addresses)
      if (!loopback && address.scope == "global")
        node_addresses_.emplace(address.prefix.address, index);
  }
  node_index_.emplace(name, index);
  nodes_.push_back({name, std::move(kernel), {}});
}

void World::add_workload(Workload workload) {
  const int index = static_cast<int>(workloads_.size());
  if (const int node = find_node(workload.node); node >= 0)
    nodes_[static_cast<size_t>(node)].workload_by_device[workload.device] = index;
  for (const auto& ip : workload.addresses) workload_address_.emplace(ip, index);
  workload_index_.emplace(workload.name, index);
  workloads_.push_back(std::move(workload));
}

namespace {

template <class Map, class Key>
int found_in(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? -1 : it->second;
}

}  // namespace

int World::find_node(const std::string& name) const { return found_in(node_index_, name); }
int World::find_workload(const std::string& name) const { return found_in(workload_index_, name); }
int World::workload_with(const Ip& address) const { return found_in(workload_address_, address); }
int World::node_with(const Ip& address) const { return found_in(node_addresses_, address); }

std::optional<Ip> World::node_address(int node, IpFamily family) const {
  const auto& links = nodes_[static_cast<size_t>(node)].kernel->state().links;
  for (const auto& [name, link] : links) {
    if (link.kind == "loopback" || link.vxlan || link.kind == "ipip" || link.kind == "bridge" ||
        link.kind == "dummy" || link.kind == "wireguard")
      continue;
    for (const auto& address : link.addresses)
      if (address.scope == "global" && address.prefix.address.family == family)
        return address.prefix.address;
  }
  return std::nullopt;
}

namespace {

// One exchange: request, reply, and for TCP the packet after it.
class Exchange {
 public:
  Exchange(const World& world, const Origin& origin, bool record)
      : world_(world), origin_(origin), walker_(world, record ? &result_.steps : nullptr) {}

  TraceResult run(Packet packet) {
    if (!choose_source(packet)) {
      result_.reason = "the sender has no address of this family";
      return std::move(result_);
    }
    walker_.note(StepKind::leg, -1, "request");
    const Fate request = send(origin_, packet);
    if (!arrived(request)) return std::move(result_);
    result_.seen = request.packet;
    result_.seen_source = request.packet.source;
    walker_.set_decided(-1);
    if (!reply_arrives(request, packet)) return std::move(result_);
    if (packet.protocol == 6 && !follow_up(packet)) return std::move(result_);
    result_.verdict = Verdict::allowed;
    result_.reason = "request and reply arrive";
    result_.decided = -1;
    return std::move(result_);
  }

 private:
  // Workloads send from their first address of the family; nodes choose by route.
  bool choose_source(Packet& packet) const {
    const Ip unset{packet.destination.family, {}};
    if (packet.source.family == packet.destination.family && packet.source != unset) return true;
    packet.source = unset;
    if (origin_.kind == Origin::Kind::outside) return false;
    if (origin_.kind == Origin::Kind::node) {
      const auto& kernel = world_.nodes()[static_cast<size_t>(origin_.index)].kernel;
      const auto& fib = kernel->impl().fib(packet.destination.family);
      if (const Route* route = fib.find(packet.destination, unset, 0))
        packet.source = fib.source_for(*route, packet.destination);
      return true;
    }
    const auto& workload = world_.workloads()[static_cast<size_t>(origin_.index)];
    for (const auto& ip : workload.addresses)
      if (ip.family == packet.destination.family) {
        packet.source = ip;
        return true;
      }
    return false;
  }

  Fate send(const Origin& origin, const Packet& packet) {
    Skb skb;
    skb.packet = packet;
    if (origin.kind == Origin::Kind::workload) return walker_.from_workload(origin.index, skb);
    if (origin.kind == Origin::Kind::node) return walker_.from_node(origin.index, skb);
    return walker_.from_outside(origin.index, skb);
  }

  Fate::Kind sender_kind() const {
    if (origin_.kind == Origin::Kind::workload) return Fate::Kind::workload;
    return origin_.kind == Origin::Kind::node ? Fate::Kind::node : Fate::Kind::outside;
  }

  bool arrived(const Fate& fate) {
    result_.decided = walker_.decided();
    switch (fate.kind) {
      case Fate::Kind::workload:
        result_.receiver = world_.workloads()[static_cast<size_t>(fate.index)].name;
        return true;
      case Fate::Kind::node:
        result_.receiver = world_.nodes()[static_cast<size_t>(fate.index)].name;
        return true;
      case Fate::Kind::outside:
        result_.receiver = "outside";
        if (belongs_inside(fate.packet.destination)) {
          result_.reason = fmt::format(
              "no node has a route to {}: it leaves to the outside, where nobody has that address "
              "(routes of a BGP daemon must be in the input)",
              fate.packet.destination.str());
          return false;
        }
        return true;
      case Fate::Kind::rejected:
        if (walker_.send_rejection(fate, sender_kind(), origin_.index))
          result_.verdict = Verdict::refused;
        break;
      case Fate::Kind::dropped:
        break;
    }
    result_.reason = fate.reason;
    return false;
  }

  bool belongs_inside(const Ip& ip) const {
    return world_.workload_with(ip) >= 0 || world_.node_with(ip) >= 0;
  }

  // Who answers by UDP leaves the source address to its kernel, as most servers do; TCP and ICMP
  // answer from the address that was asked.
  Ip answering_address(const Fate& request) const {
    const Packet& seen = request.packet;
    if (seen.protocol != 17 || request.kind == Fate::Kind::outside) return seen.destination;
    if (request.kind == Fate::Kind::workload) {
      for (const auto& ip : world_.workloads()[static_cast<size_t>(request.index)].addresses)
        if (ip.family == seen.destination.family) return ip;
      return seen.destination;
    }
    const auto& kernel = world_.nodes()[static_cast<size_t>(request.index)].kernel;
    const auto& fib = kernel->impl().fib(seen.destination.family);
    const Route* route = fib.find(seen.source, Ip{seen.source.family, {}}, 0);
    return route ? fib.source_for(*route, seen.source) : seen.destination;
  }

  Packet answer_to(const Fate& request) const {
    Packet reply = request.packet;
    reply.source = answering_address(request);
    reply.destination = request.packet.source;
    std::swap(reply.source_port, reply.destination_port);
    reply.ttl = 64;
    reply.tcp_flags = 0x12;
    reply.dscp = 0;
    if (reply.protocol == 1) reply.icmp_type = 0;
    if (reply.protocol == 58) reply.icmp_type = 129;
    return reply;
  }

  bool reply_arrives(const Fate& request, const Packet& sent) {
    const auto kind = request.kind == Fate::Kind::workload ? Origin::Kind::workload
                      : request.kind == Fate::Kind::node   ? Origin::Kind::node
                                                           : Origin::Kind::outside;
    walker_.note(StepKind::leg, -1, "reply");
    const Fate reply = send({kind, request.index}, answer_to(request));
    return came_back(reply, sent);
  }

  bool came_back(const Fate& reply, const Packet& sent) {
    if (reply.kind != sender_kind() ||
        (reply.index != origin_.index && sender_kind() != Fate::Kind::outside)) {
      result_.decided = walker_.decided();
      result_.reason = reply.reason.empty() ? "the reply goes somewhere else"
                                            : "the reply is lost: " + reply.reason;
      return false;
    }
    const bool same = reply.packet.source == sent.destination &&
                      (sent.protocol == 1 || sent.protocol == 58 ||
                       (reply.packet.source_port == sent.destination_port &&
                        reply.packet.destination_port == sent.source_port));
    if (!same) result_.reason = "the reply comes from another address than was asked";
    return same;
  }

  bool follow_up(Packet packet) {
    packet.tcp_flags = 0x10;
    walker_.note(StepKind::leg, -1, "the packet that follows");
    const Fate fate = send(origin_, packet);
    const bool there = fate.kind == Fate::Kind::workload || fate.kind == Fate::Kind::node ||
                       fate.kind == Fate::Kind::outside;
    if (!there) {
      result_.decided = walker_.decided();
      result_.reason = "the packets after the first are lost: " + fate.reason;
    }
    return there;
  }

  const World& world_;
  Origin origin_;
  TraceResult result_;
  Walker walker_;
};

}  // namespace

TraceResult trace(const World& world, const Origin& origin, Packet packet, bool record) {
  if (packet.source.family != packet.destination.family)
    packet.source = Ip{packet.destination.family, {}};
  return Exchange(world, origin, record).run(packet);
}

}  // namespace felixsim::walk
