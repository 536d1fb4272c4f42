// SPDX-License-Identifier: Apache-2.0
// "May a talk to b": a probe in a person's words, flown through a cluster's predicted kernels, and
// what decided, in Calico's words.
#pragma once

#include <string>
#include <vector>

#include "felixsim/result.h"
#include "model/kernel/walk/world.h"
#include "sim/engine/cluster.h"

namespace felixsim {

struct ProbeRequest {
  // A pod ("web", "ns/web"), a node, an address, or "world".
  std::string from, to;
  std::string protocol = "tcp";  // tcp, udp, sctp, icmp
  int port = 0;
  bool v6 = false;
};

// "a -> b tcp/80", "a -> b icmp", with "v6" behind it perhaps. Error: what is missing.
Result<ProbeRequest> parse_probe(const std::string& text);
std::string probe_text(const ProbeRequest& request);

// Where a policy or profile had its say.
struct Decision {
  std::string node;
  std::string kind;  // "policy", "profile", "end of tier", "no profile", "rule", "network"
  std::string name;  // "GlobalNetworkPolicy deny-all", "default" (a tier), "kns.default"
  std::string tier;
  std::string direction;              // ingress, egress
  int rule = -1;                      // index in the policy's ingress or egress, from 0; -1: none
  std::string action;                 // allow, deny, pass
  std::string origin;                 // file:line or revision; filled in by who knows
  std::vector<std::string> policies;  // end of tier: those that applied and did not match
  size_t step = 0;                    // in the trace
};

struct ProbeAnswer {
  walk::TraceResult trace;
  std::vector<Decision> decisions;  // in order, of the request; what decided is last
  std::string source, destination;  // addresses
};

// Errors: an endpoint that is not there, with the nearest that is.
Result<ProbeAnswer> run_probe(const walk::World& world, const Cluster& cluster,
                              const ProbeRequest& request, bool record);

// "denied by GlobalNetworkPolicy deny-all (tier default), ingress rule 0".
std::string decision_text(const Decision& decision);

}  // namespace felixsim
