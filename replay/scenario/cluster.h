// SPDX-License-Identifier: Apache-2.0
// The comforts of hand-written scenarios: `cluster:` gives every node its Node resource, a pool, a
// block and tunnel address, and every namespace its profile; a line such as
// "web 10.244.0.2 on node-a app=web" gives a workload endpoint, its interface and its IPAM
// allocation. Left out: IPAM's handles and block affinities, which Felix does not read. Internal to
// replay/scenario.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "felixsim/ip.h"
#include "replay/scenario/reader.h"
#include "replay/scenario/scenario.h"

namespace felixsim::scenario {

struct ClusterPool {
  Cidr cidr;
  int block_length = 26;  // prefix length
};

struct ClusterOptions {
  std::vector<ClusterPool> pools;  // one of IPv4, perhaps one of IPv6
  std::string encapsulation = "none";
  bool nat_outgoing = true;
  std::map<std::string, std::map<std::string, std::string>> namespaces;  // labels by namespace
};

Result<ClusterOptions> read_cluster(const Reader& reader, const Node& node);
ClusterOptions default_cluster();

// A step while it is built; joined into Step::datastore in this order.
struct StepParts {
  std::vector<DatastoreChange> apply, remove, put, del;
  std::vector<HostAction> host;
};

class Cluster {
 public:
  Cluster(const Reader& reader, ClusterOptions options, const std::vector<ScenarioNode>& nodes);

  // What is there before the first pod.
  Status begin(StepParts& step);
  Status add_pod(const std::string& line, Place place, StepParts& step);
  Status remove_pod(const std::string& name, Place place, StepParts& step);
  // Writes the blocks that the step changed.
  void finish(StepParts& step);

 private:
  struct Pod {
    std::string ns, name, node, interface;
    std::vector<Ip> addresses;
    std::map<std::string, std::string> labels;
    std::vector<std::string> profiles;
    std::vector<std::pair<std::string, std::string>> ports;  // name, "tcp/8080"
    std::string full_name() const { return ns == "default" ? name : ns + "/" + name; }
  };
  struct Owner {
    std::string node, ns, pod, tunnel;  // tunnel: the type of tunnel address
  };
  struct Block {
    std::string node;
    std::map<size_t, Owner> owners;  // by ordinal
    int sequence = 0;
    bool changed = false;
  };

  Result<Pod> parse_pod(const std::string& line, Place place) const;
  Status parse_attribute(Pod& pod, const std::string& word, Place place) const;
  Status choose_addresses(Pod& pod, Place place);
  Status allocate(const Ip& ip, Owner owner, Place place);
  Result<Ip> free_address(const ClusterPool& pool, const std::string& node, Place place);
  void need_profile(const std::string& ns, StepParts& step);
  std::string interface_for(const Pod& pod) const;
  const ClusterPool* pool_of(const Ip& ip) const;
  Result<Cidr> block_of_node(const ClusterPool& pool, size_t node, Place place) const;
  std::string block_json(const Cidr& cidr, const Block& block) const;
  Result<size_t> node_index(const std::string& name, Place place) const;
  void apply(const std::string& json, Place place, StepParts& step) const;

  const Reader& reader_;
  ClusterOptions options_;
  const std::vector<ScenarioNode>& nodes_;
  std::map<std::string, Pod> pods_;                           // by full name
  std::set<std::pair<std::string, std::string>> interfaces_;  // taken: node, name
  std::map<Cidr, Block> blocks_;
  std::set<std::string> profiles_;  // namespaces that have theirs
};

}  // namespace felixsim::scenario
