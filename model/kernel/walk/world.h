// SPDX-License-Identifier: Apache-2.0
// The packet walk: one packet and its reply through the kernels of many nodes. The nodes share one
// underlay (any node reaches any other node's address on the link); a router outside answers
// nothing of its own. Left out: fragments, ICMP redirects, bandwidth, anything that depends on what
// other connections there are (connlimit and rate limits count as not exceeded).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "felixsim/kernel_state.h"
#include "model/kernel/walk/packet.h"

namespace felixsim::walk {

// A node's kernel in the form in which packets are matched. Chains and sets are translated when a
// packet first meets them, so that one walk on a large node is cheap, and a million are too. The
// state must outlive it and not change. Not to be shared between threads.
class CompiledKernel {
 public:
  explicit CompiledKernel(const KernelState& state);
  ~CompiledKernel();
  CompiledKernel(CompiledKernel&&) noexcept;

  const KernelState& state() const;
  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct Workload {
  std::string name;  // as the host actions call it
  std::string node, device;
  std::vector<Ip> addresses;
};

class World {
 public:
  // Kernels are translated once each, and may be shared between worlds.
  void add_node(const std::string& name, std::shared_ptr<const CompiledKernel> kernel);
  void add_workload(Workload workload);

  // Where hosts are assumed, nobody knows how packets get from node to node. Then a pod of another
  // node is taken to be reached by the underlay, unless a route other than the default one says
  // how.
  void assume_pod_routes() { assumes_pod_routes_ = true; }
  bool assumes_pod_routes() const { return assumes_pod_routes_; }

  struct Node {
    std::string name;
    std::shared_ptr<const CompiledKernel> kernel;
    std::map<std::string, int> workload_by_device;
  };
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Workload>& workloads() const { return workloads_; }
  int find_node(const std::string& name) const;      // -1: none
  int find_workload(const std::string& name) const;  // -1: none
  int workload_with(const Ip& address) const;        // -1: none
  int node_with(const Ip& address) const;            // which node has this address; -1: none
  std::optional<Ip> node_address(int node, IpFamily family) const;  // its address on the underlay

 private:
  std::vector<Node> nodes_;
  std::vector<Workload> workloads_;
  std::unordered_map<std::string, int> node_index_, workload_index_;
  std::unordered_map<Ip, int> workload_address_, node_addresses_;
  bool assumes_pod_routes_ = false;
};

// Where a packet begins.
struct Origin {
  enum class Kind : uint8_t { workload, node, outside };
  Kind kind = Kind::workload;
  int index = -1;  // of the workload or node
};

enum class Verdict : uint8_t { allowed, blocked, refused };

struct TraceResult {
  Verdict verdict = Verdict::blocked;
  std::string receiver;     // workload or node that got the request, "outside"; empty: nobody
  Ip seen_source;           // the source address that the receiver saw; valid if it has one
  Packet seen;              // the request as it arrived
  std::string reason;       // one sentence
  std::vector<Step> steps;  // if asked for
  int decided = -1;         // step that decided
};

// Sends a request (for TCP a SYN), the reply of whoever receives it, and for TCP the packet that
// follows. `packet.source` may be left at 0.0.0.0 or :: (the family counts): the sender's choice
// then. Steps are recorded only if asked for.
TraceResult trace(const World& world, const Origin& origin, Packet packet, bool record = false);

}  // namespace felixsim::walk
