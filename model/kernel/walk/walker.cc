// SPDX-License-Identifier: Apache-2.0
// A packet's way through a node's network stack and between nodes. Mirrors Linux net/ipv4: route.c
// (ip_route_input_slow), fib_frontend.c (fib_validate_source), ip_forward.c, ip_output.c. Left out:
// ICMP errors other than those of REJECT and of unreachable routes, neighbour resolution by packets
// (who has an address answers for it).
#include "model/kernel/walk/walker.h"

namespace felixsim::walk {
namespace {

constexpr int max_hops = 32;  // nodes and tunnels: far more than any way; a loop
const std::string no_device, loopback = "lo";

bool is_loopback(const Ip& ip) {
  return ip.is_v4() ? ip.bytes[0] == 127 : ip == Ip::parse("::1").value_or(Ip{});
}
bool is_link_local(const Ip& ip) {
  return !ip.is_v4() && ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80;
}
bool has_address(const Workload& workload, const Ip& ip) {
  return std::find(workload.addresses.begin(), workload.addresses.end(), ip) !=
         workload.addresses.end();
}
std::string_view conf(const Ip& ip) { return ip.is_v4() ? "net.ipv4.conf." : "net.ipv6.conf."; }

}  // namespace

void Walker::note(StepKind kind, int node, std::string text) {
  if (!steps_) return;
  Step step;
  step.kind = kind;
  if (node >= 0) step.node = world_.nodes()[static_cast<size_t>(node)].name;
  step.text = std::move(text);
  steps_->push_back(std::move(step));
}

Fate Walker::lost(int node, std::string reason) {
  if (steps_) {
    note(StepKind::drop, node, reason);
    steps_->back().ends = true;
    decided_ = static_cast<int>(steps_->size()) - 1;
  }
  Fate fate;
  fate.reason = std::move(reason);
  return fate;
}

Fate Walker::end_of_hook(int node, Hook hook, const Skb& skb, const HookResult& result) {
  Fate fate;
  fate.kind = result.kind == HookResult::Kind::dropped ? Fate::Kind::dropped : Fate::Kind::rejected;
  fate.index = node;
  fate.packet = skb.packet;
  fate.reject = result.reject;
  fate.connection = skb.connection;
  fate.reply = skb.reply;
  if (recording())
    fate.reason = fmt::format("{} by a rule in {} on {}",
                              fate.kind == Fate::Kind::dropped ? "dropped" : "rejected",
                              hook_name(hook), world_.nodes()[static_cast<size_t>(node)].name);
  return fate;
}

Fate Walker::from_workload(int index, Skb skb) {
  const auto& workload = world_.workloads()[static_cast<size_t>(index)];
  if (has_address(workload, skb.packet.destination)) {
    Fate fate;
    fate.kind = Fate::Kind::workload;
    fate.index = index;
    fate.packet = skb.packet;
    return fate;
  }
  const int node = world_.find_node(workload.node);
  if (node < 0) return lost(-1, fmt::format("node {} is not known", workload.node));
  const auto& links = kernel(node).state.links;
  const auto link = links.find(workload.device);
  if (link == links.end() || !link->second.admin_up)
    return lost(node, fmt::format("{} is {} on {}", workload.device,
                                  link == links.end() ? "missing" : "down", workload.node));
  return receive(node, workload.device, std::move(skb));
}

Fate Walker::from_outside(int node, Skb skb) {
  for (const auto& [name, link] : kernel(node).state.links)
    for (const auto& address : link.addresses)
      if (address.scope == "global" && link.admin_up && !link.vxlan && link.kind != "ipip" &&
          link.kind != "bridge" && link.kind != "dummy" && link.kind != "wireguard" &&
          address.prefix.address.family == skb.packet.source.family &&
          address.prefix.length < address.prefix.address.max_prefix())
        return receive(node, name, std::move(skb));
  return lost(node, "no device of this node is on the underlay");
}

// fib_validate_source: an address of our own, or one that we would reach by another device.
bool Walker::source_is_valid(int node, const std::string& device, const Skb& skb,
                             std::string& why) {
  auto& compiled = kernel(node);
  const Ip& source = skb.packet.source;
  if (!source.is_v4()) return true;
  const std::string base = "net.ipv4.conf.";
  if (is_loopback(source) && !compiled.sysctl(base + device + ".route_localnet") &&
      !compiled.sysctl(base + "all.route_localnet")) {
    why = "martian source: a loopback address from the outside";
    return false;
  }
  const bool accept_local = compiled.sysctl(base + device + ".accept_local") ||
                            compiled.sysctl(base + "all.accept_local");
  const auto& fib = compiled.fib(IpFamily::v4);
  if (fib.is_local(source) && !accept_local) {
    why = fmt::format("martian source: {} is an address of this node", source.str());
    return false;
  }
  const int filter = std::max(compiled.sysctl_number(base + "all.rp_filter"),
                              compiled.sysctl_number(base + device + ".rp_filter"));
  if (filter == 0) return true;
  const bool by_mark = compiled.sysctl(base + device + ".src_valid_mark") ||
                       compiled.sysctl(base + "all.src_valid_mark");
  const Route* route = fib.find(source, skb.packet.destination, by_mark ? skb.mark : 0);
  const bool unicast = route && (route->type == Route::Type::unicast ||
                                 (route->type == Route::Type::local && accept_local));
  if (unicast && (filter == 2 || Fib::leaves_by(*route, device))) return true;
  why = fmt::format("rp_filter={} on {}: the way back to {} is not by it", filter, device,
                    source.str());
  return false;
}

// The kernel's route, or the one that is assumed where nobody knows better.
const Route* Walker::route_of(int node, const Packet& packet, uint32_t mark,
                              const std::string& in) {
  const Route* route =
      kernel(node).fib(packet.source.family).find(packet.destination, packet.source, mark, in);
  if (!world_.assumes_pod_routes() || (route && route->dst.length > 0)) return route;
  const int workload = world_.workload_with(packet.destination);
  if (workload < 0) return route;
  const auto& home = world_.workloads()[static_cast<size_t>(workload)].node;
  if (world_.find_node(home) < 0 || world_.find_node(home) == node) return route;
  for (const auto& [name, link] : kernel(node).state.links) {
    const auto& here = world_.nodes()[static_cast<size_t>(node)];
    if (!link.admin_up || link.kind != "veth" || here.workload_by_device.contains(name)) continue;
    Route assumed;
    assumed.dst = Cidr::host(packet.destination);
    assumed.device = name;
    return &assumed_routes_.emplace_back(std::move(assumed));
  }
  return route;
}

Fate Walker::receive(int node, const std::string& device, Skb skb) {
  if (++hops_ > max_hops) return lost(node, "the packet goes round in circles");
  auto& compiled = kernel(node);
  if (recording())
    note(StepKind::receive, node,
         fmt::format("{} comes in by {}", packet_text(skb.packet), device));
  const auto result = run_hook(node, Hook::prerouting, skb, device, no_device);
  if (result.kind != HookResult::Kind::passed)
    return end_of_hook(node, Hook::prerouting, skb, result);
  const Packet& packet = skb.packet;
  if (device == loopback) return input(node, device, std::move(skb));
  if (packet.source.is_v4() && is_loopback(packet.destination) &&
      !compiled.sysctl(fmt::format("net.ipv4.conf.{}.route_localnet", device)) &&
      !compiled.sysctl("net.ipv4.conf.all.route_localnet"))
    return lost(node, "martian destination: a loopback address from the outside");
  const Route* route = route_of(node, packet, skb.mark, device);
  std::string why;
  if (!route) return lost(node, "no route to " + packet.destination.str());
  const bool forwards =
      compiled.sysctl(fmt::format("{}{}.forwarding", conf(packet.source),
                                  packet.source.is_v4() ? device : std::string("all"))) ||
      compiled.sysctl(fmt::format("{}{}.forwarding", conf(packet.source), device));
  switch (route->type) {
    case Route::Type::local:
      if (!source_is_valid(node, device, skb, why)) return lost(node, why);
      return input(node, device, std::move(skb));
    case Route::Type::unicast:
      if (!forwards) return lost(node, fmt::format("forwarding is off on {}", device));
      if (!source_is_valid(node, device, skb, why)) return lost(node, why);
      if (is_link_local(packet.source) || is_link_local(packet.destination))
        return lost(node, "link-local addresses are not forwarded");
      return forward_on(node, device, std::move(skb), *route);
    default:
      return lost(node, fmt::format("the route to {} is a {}", route->dst.str(),
                                    route->type == Route::Type::blackhole   ? "blackhole"
                                    : route->type == Route::Type::prohibit  ? "prohibit"
                                    : route->type == Route::Type::broadcast ? "broadcast"
                                                                            : "unreachable"));
  }
}

Fate Walker::input(int node, const std::string& device, Skb skb) {
  const auto result = run_hook(node, Hook::input, skb, device, no_device);
  if (result.kind != HookResult::Kind::passed) return end_of_hook(node, Hook::input, skb, result);
  if (auto inside = decapsulate(node, skb)) return *inside;
  Fate fate;
  fate.kind = Fate::Kind::node;
  fate.index = node;
  fate.packet = skb.packet;
  fate.connection = skb.connection;
  if (recording())
    note(StepKind::deliver, node,
         fmt::format("delivered to {}", world_.nodes()[static_cast<size_t>(node)].name));
  return fate;
}

Fate Walker::forward_on(int node, const std::string& device, Skb skb, const Route& route) {
  if (--skb.packet.ttl <= 0) return lost(node, "its time to live is over");
  if (recording())
    note(StepKind::route, node,
         fmt::format("forwarded by {} to {}{}", route.dst.str(),
                     route.gateway ? route.gateway->str() + " " : std::string(),
                     "dev " + route.device));
  auto result = run_hook(node, Hook::forward, skb, device, route.device);
  if (result.kind != HookResult::Kind::passed) return end_of_hook(node, Hook::forward, skb, result);
  result = run_hook(node, Hook::postrouting, skb, no_device, route.device);
  if (result.kind != HookResult::Kind::passed)
    return end_of_hook(node, Hook::postrouting, skb, result);
  return transmit(node, route, std::move(skb));
}

Fate Walker::from_node(int node, Skb skb) {
  Packet& packet = skb.packet;
  const Ip unset{packet.source.family, {}};
  if (packet.source == unset) {
    const auto& fib = kernel(node).fib(packet.destination.family);
    const Route* route = fib.find(packet.destination, packet.source, 0);
    if (!route) return lost(node, "no route to " + packet.destination.str());
    packet.source = fib.source_for(*route, packet.destination);
  }
  return output(node, std::move(skb));
}

Fate Walker::output(int node, Skb skb) {
  if (++hops_ > max_hops) return lost(node, "the packet goes round in circles");
  const Route* route = route_of(node, skb.packet, skb.mark, loopback);
  if (!route) return lost(node, "no route to " + skb.packet.destination.str());
  const auto usable = [](const Route& r) {
    return r.type == Route::Type::unicast || r.type == Route::Type::local;
  };
  if (!usable(*route)) return lost(node, fmt::format("the route to {} drops", route->dst.str()));
  const auto device = [](const Route& r) -> const std::string& {
    return r.type == Route::Type::local ? loopback : r.device;
  };
  const Ip destination = skb.packet.destination;
  const uint32_t mark = skb.mark;
  const auto result = run_hook(node, Hook::output, skb, no_device, device(*route));
  if (result.kind != HookResult::Kind::passed) return end_of_hook(node, Hook::output, skb, result);
  if (skb.packet.destination != destination || skb.mark != mark) {  // ip_route_me_harder
    const Route* again = route_of(node, skb.packet, skb.mark, loopback);
    if (!again || !usable(*again)) return lost(node, "no route after a change in OUTPUT");
    route = again;
  }
  if (recording())
    note(StepKind::route, node,
         fmt::format("sent by {} {}dev {}", route->dst.str(),
                     route->gateway ? "via " + route->gateway->str() + " " : std::string(),
                     device(*route)));
  const auto after = run_hook(node, Hook::postrouting, skb, no_device, device(*route));
  if (after.kind != HookResult::Kind::passed)
    return end_of_hook(node, Hook::postrouting, skb, after);
  if (route->type == Route::Type::local) return receive(node, loopback, std::move(skb));
  return transmit(node, *route, std::move(skb));
}

Fate Walker::transmit(int node, const Route& route, Skb skb) {
  const auto& state = kernel(node).state;
  const auto found = state.links.find(route.device);
  if (found == state.links.end() || !found->second.admin_up)
    return lost(node, fmt::format("{} is down", route.device));
  const Link& link = found->second;
  const Ip next_hop = route.gateway.value_or(skb.packet.destination);
  if (link.kind == "loopback") return receive(node, loopback, std::move(skb));
  if (link.vxlan || link.wireguard || link.kind == "ipip")
    return encapsulate(node, link, next_hop, std::move(skb));
  const auto& here = world_.nodes()[static_cast<size_t>(node)];
  if (const auto workload = here.workload_by_device.find(route.device);
      workload != here.workload_by_device.end())
    return to_workload(node, workload->second, next_hop, std::move(skb));
  if (link.kind == "bridge" || link.kind == "dummy")
    return lost(node, fmt::format("nobody is behind {}", route.device));
  return on_underlay(node, link, next_hop, std::move(skb));
}

Fate Walker::to_workload(int node, int index, const Ip& next_hop, Skb skb) {
  const auto& workload = world_.workloads()[static_cast<size_t>(index)];
  if (!has_address(workload, next_hop))
    return lost(node, fmt::format("{} does not answer for {} on {}", workload.name, next_hop.str(),
                                  workload.device));
  if (!has_address(workload, skb.packet.destination))
    return lost(node,
                fmt::format("{} has no address {}", workload.name, skb.packet.destination.str()));
  if (has_address(workload, skb.packet.source))
    return lost(node,
                fmt::format("{} drops a packet that seems to come from itself", workload.name));
  if (recording())
    note(StepKind::deliver, node,
         fmt::format("delivered to {} by {}", workload.name, workload.device));
  Fate fate;
  fate.kind = Fate::Kind::workload;
  fate.index = index;
  fate.packet = skb.packet;
  return fate;
}

Fate Walker::on_underlay(int node, const Link& link, const Ip& next_hop, Skb skb) {
  int peer = world_.node_with(next_hop);
  if (const int workload = world_.workload_with(next_hop);
      peer < 0 && workload >= 0 && world_.assumes_pod_routes())
    peer = world_.find_node(world_.workloads()[static_cast<size_t>(workload)].node);
  if (peer == node) return lost(node, fmt::format("{} is on no other node", next_hop.str()));
  if (peer < 0) {
    if (recording())
      note(StepKind::deliver, node,
           fmt::format("leaves by {} to {}: the outside world", link.name, next_hop.str()));
    Fate fate;
    fate.kind = Fate::Kind::outside;
    fate.index = node;
    fate.packet = skb.packet;
    return fate;
  }
  skb.state = 0;
  skb.connection = -1;
  skb.reply = false;
  skb.mark = 0;
  // The peer's device with this address, if it is on the link; else the one that is named alike.
  std::string device;
  for (const auto& [name, other] : kernel(peer).state.links) {
    if (!other.admin_up || other.vxlan || other.wireguard || other.kind == "loopback") continue;
    for (const auto& address : other.addresses)
      if (address.prefix.address == next_hop) device = name;
  }
  if (device.empty() && kernel(peer).state.links.contains(link.name)) device = link.name;
  if (device.empty()) return lost(node, fmt::format("nobody answers for {}", next_hop.str()));
  return receive(peer, device, std::move(skb));
}

// The kernel that rejected sends a reset or an ICMP error, which has its own way to go.
bool Walker::send_rejection(const Fate& fate, const Fate::Kind sender, int sender_index) {
  const int node = fate.index;
  const Packet& before = fate.packet;
  const bool reset = fate.reject.find("reset") != std::string::npos;
  Skb skb;
  skb.error_of = std::make_shared<const Packet>(before);
  skb.state = state_related;
  skb.connection = fate.connection;
  skb.reply = !fate.reply;
  Packet& packet = skb.packet;
  packet.destination = before.source;
  packet.source = before.destination;
  if (reset) {
    packet.protocol = 6;
    packet.source_port = before.destination_port;
    packet.destination_port = before.source_port;
    packet.tcp_flags = 0x14;
  } else {
    packet.protocol = before.source.is_v4() ? 1 : 58;
    packet.icmp_type = before.source.is_v4() ? 3 : 1;
    packet.icmp_code = before.source.is_v4() ? 3 : 4;
    const auto& fib = kernel(node).fib(before.source.family);
    if (!fib.is_local(before.destination)) packet.source = Ip{before.source.family, {}};
  }
  hops_ = 0;
  const int decided = decided_;
  note(StepKind::leg, node, reset ? "a TCP reset goes back" : "an ICMP error goes back");
  const Fate back = from_node(node, std::move(skb));
  decided_ = decided;
  return back.kind == sender && back.index == sender_index;
}

}  // namespace felixsim::walk
