// SPDX-License-Identifier: Apache-2.0
// The inside of a walk: packets in flight, connections, netfilter (netfilter.cc), the network
// (walker.cc). Internal to the walk.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "model/kernel/walk/tables.h"
#include "model/kernel/walk/world.h"

namespace felixsim::walk {

struct Tuple {
  Ip source, destination;
  uint8_t protocol = 0;
  uint16_t source_port = 0, destination_port = 0;
  bool operator==(const Tuple&) const = default;
  Tuple inverse() const { return {destination, source, protocol, destination_port, source_port}; }
};
Tuple tuple_of(const Packet& packet);

struct Connection {
  int node = -1;
  Tuple original, reply;
  uint32_t status = 0, mark = 0;
  bool confirmed = false;
};

// How a packet is wrapped.
struct TunnelHead {
  enum class Kind : uint8_t { ipip, vxlan, wireguard };
  Kind kind = Kind::ipip;
  int vni = 0;                 // vxlan
  Mac mac;                     // vxlan: of the device that it is for
  std::string sender, opener;  // wireguard: public keys of who sealed it and who can open it
};

// A packet in a kernel.
struct Skb {
  Packet packet;
  uint32_t mark = 0;
  int connection = -1;
  uint32_t state = 0;                      // one of state_*; 0: conntrack has not seen it
  bool reply = false;                      // direction
  bool has_route = false;                  // looped back: no second routing decision
  std::shared_ptr<const Packet> error_of;  // ICMP errors and resets: the packet that they answer
  std::shared_ptr<const Skb> inner;        // what is in the tunnel
  TunnelHead head;
};

// Where a packet ended.
struct Fate {
  enum class Kind : uint8_t { workload, node, outside, dropped, rejected };
  Kind kind = Kind::dropped;
  int index = -1;  // workload or node; rejected: the node that did
  Packet packet;   // as it arrived
  std::string reason;
  std::string reject;  // "icmp-port-unreachable", "tcp-reset"
  int connection = -1;
  bool reply = false;
};

// A hook's answer.
struct HookResult {
  enum class Kind : uint8_t { passed, dropped, rejected };
  Kind kind = Kind::passed;
  std::string reject;
};

class Walker {
 public:
  Walker(const World& world, std::vector<Step>* steps) : world_(world), steps_(steps) {}

  Fate from_workload(int workload, Skb skb);
  Fate from_node(int node, Skb skb);  // source may be unset
  Fate from_outside(int node, Skb skb);
  // The answer of a kernel that refuses a packet; false: the sender never hears of it.
  bool send_rejection(const Fate& fate, const Fate::Kind sender, int sender_index);

  int decided() const { return decided_; }
  void set_decided(int decided) { decided_ = decided; }
  void note(StepKind kind, int node, std::string text);
  bool recording() const { return steps_ != nullptr; }

 private:
  struct Context {
    int node = -1;
    CompiledKernel::Impl* kernel = nullptr;
    Skb* skb = nullptr;
    Hook hook = Hook::prerouting;
    const std::string *in = nullptr, *out = nullptr;  // devices; may be empty
  };
  enum class End : uint8_t { policy, accept, drop, reject, translated };
  enum class Next : uint8_t { next_rule, stop, jump, go, leave };

  // netfilter.cc
  HookResult run_hook(int node, Hook hook, Skb& skb, const std::string& in, const std::string& out);
  End run_base(const Context& context, const BaseChain& base);
  bool matches(const Context& context, const RuleOp& op, TableInfo& table);
  bool matches_state(const Skb& skb, const RuleOp& op) const;
  bool matches_address_type(const Context& context, const RuleOp& op);
  bool reverse_path(const Context& context, const RuleOp& op);
  void change(const Context& context, const RuleOp& op);
  Next run_rule(const Context& context, Chain& chain, size_t number, int& target, End& end);
  Next verdict(const Context& context, const RuleOp& op, Chain& chain, int& target, End& end);
  bool translate(const Context& context, const RuleOp& op);
  void connection_in(int node, Skb& skb);
  void run_nat(const Context& context, const std::vector<BaseChain>& bases);
  void apply_nat(const Context& context, bool destination_stage);
  void confirm(Skb& skb);
  End give_up(const Context& context);
  void record_rule(const Context& context, const Chain& chain, size_t number, bool ends);
  uint32_t state_bits(const Skb& skb) const;

  // walker.cc
  Fate receive(int node, const std::string& device, Skb skb);
  Fate input(int node, const std::string& device, Skb skb);
  Fate forward_on(int node, const std::string& device, Skb skb, const Route& route);
  Fate output(int node, Skb skb);
  Fate transmit(int node, const Route& route, Skb skb);
  Fate on_underlay(int node, const Link& link, const Ip& next_hop, Skb skb);
  Fate to_workload(int node, int workload, const Ip& next_hop, Skb skb);
  bool source_is_valid(int node, const std::string& device, const Skb& skb, std::string& why);
  Fate lost(int node, std::string reason);
  const Route* route_of(int node, const Packet& packet, uint32_t mark, const std::string& in);
  Fate end_of_hook(int node, Hook hook, const Skb& skb, const HookResult& result);
  CompiledKernel::Impl& kernel(int node) const {
    return world_.nodes()[static_cast<size_t>(node)].kernel->impl();
  }

  // tunnels.cc
  Fate encapsulate(int node, const Link& link, const Ip& next_hop, Skb skb);
  Fate into_vxlan(int node, const Link& link, const Ip& next_hop, Skb skb);
  Fate into_ipip(int node, const Link& link, const Ip& next_hop, Skb skb);
  Fate into_wireguard(int node, const Link& link, Skb skb);
  Skb wrapped(int node, const Link& link, const Ip& to, Skb skb);
  std::optional<Fate> decapsulate(int node, const Skb& skb);
  Fate open_wireguard(int node, const Link& link, const Skb& skb);

  const World& world_;
  std::vector<Step>* steps_;
  std::vector<Connection> connections_;
  std::deque<Route> assumed_routes_;  // keep their places
  int hops_ = 0;
  size_t rules_met_ = 0;
  std::string reject_with_;  // of the last REJECT
  int decided_ = -1;
};

}  // namespace felixsim::walk
