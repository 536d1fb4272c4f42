// SPDX-License-Identifier: Apache-2.0
// A packet as a value, and what is told of its way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "felixsim/ip.h"

namespace felixsim::walk {

// Any ephemeral port: what a client's kernel would draw.
constexpr uint16_t client_port = 40000;

struct Packet {
  Ip source, destination;
  uint8_t protocol = 6;  // 6 tcp, 17 udp, 132 sctp, 1 icmp, 58 icmpv6
  uint16_t source_port = client_port, destination_port = 0;
  uint8_t icmp_type = 8, icmp_code = 0;
  uint8_t tcp_flags = 0x02;  // FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32
  uint8_t dscp = 0;
  int ttl = 64;
  bool operator==(const Packet&) const = default;
};

// "10.0.0.1:40000 -> 10.0.0.2:80 tcp".
std::string packet_text(const Packet& packet);

enum class Hook : uint8_t { prerouting, input, forward, output, postrouting };

enum class StepKind : uint8_t {
  leg,        // a packet sets out: request, reply, ...
  receive,    // it enters a node by a device
  rule,       // a rule matched
  policy,     // a base chain ended; its policy decides
  conntrack,  // state of the connection
  nat,        // an address or port was changed
  route,      // routing decision
  tunnel,     // put into, or taken out of, a tunnel
  neighbour,  // who the next hop in a tunnel is
  deliver,    // it arrived
  drop,       // it is lost for a reason other than a rule
};

// One step of a packet's way. Rules are named as iptables' TRACE does: table, chain, number from 1.
struct Step {
  StepKind kind = StepKind::leg;
  std::string node;  // empty: in a workload's namespace, or outside
  Hook hook = Hook::prerouting;
  std::string table, chain;
  int rule = 0;
  std::string text;  // the rule, or a sentence
  std::string comment;
  bool ends = false;  // this rule or policy decided the fate of the packet
};

std::string_view hook_name(Hook hook);  // "PREROUTING"

}  // namespace felixsim::walk
