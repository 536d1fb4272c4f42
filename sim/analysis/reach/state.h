// SPDX-License-Identifier: Apache-2.0
// What Felix would know of all endpoints of a cluster at once: one calc graph for which every
// endpoint is local, and the outcome of its messages.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "model/calc/calc_graph.h"
#include "model/calc/parsed_rules.h"
#include "sim/analysis/reach/encapsulation.h"

namespace felixsim::reach {

struct EndpointName {
  Symbol workload, host, endpoint;  // "namespace/pod"
  auto operator<=>(const EndpointName&) const = default;
};

struct IpSet {
  msg::IpSetType type = msg::IpSetType::net;
  std::vector<msg::IpSetMember> members;  // sorted
};

struct Endpoint {
  ValuePtr value;                                   // a WorkloadEndpoint
  WorkloadEndpointKey key;                          // in the calc graph
  calc::EndpointNumber number = calc::no_endpoint;  // there
  const WorkloadEndpoint& workload() const { return std::get<WorkloadEndpoint>(*value); }
};

struct EndpointInfo {
  EndpointName name;
  Endpoint endpoint;
  bool address_unknown = false;
};

// The datastore's values behind the messages.
struct Sources {
  std::map<PolicyKey, ValuePtr> policies;
  std::map<Symbol, ValuePtr> profile_rules;
  std::map<Symbol, Labels> profile_labels;
};

struct SetChange {
  msg::IpSetMembers went, came;
};

// What of the state the last update() touched.
struct Changes {
  std::vector<EndpointName> endpoints;  // in order, each once; not those with other policies alone
  std::set<PolicyKey> policies;
  std::set<Symbol> profiles;
  std::map<Symbol, std::vector<SetChange>> ip_sets;
  std::set<Symbol> hosts;  // whose host endpoints changed
  bool limits = false;     // of encapsulation, on any host
};

// A value that Felix's validation refuses.
struct Refused {
  std::string key, fact;
};

class ClusterState {
 public:
  ClusterState();

  // Takes changes of the datastore, and says what came of them. What is invalid counts as deleted;
  // why is appended to `refused`.
  Changes update(std::span<const Update> updates, std::vector<Refused>* refused = nullptr);

  const std::map<EndpointName, Endpoint>& endpoints() const { return endpoints_; }
  // In order of evaluation. Endpoints with the same policies in a tier share it.
  calc::TierPtrs tiers_of(const Endpoint& endpoint) const {
    return graph_.tiers_of(endpoint.number);
  }
  const std::map<PolicyKey, std::shared_ptr<const msg::Policy>>& policies() const {
    return policies_;
  }
  const std::map<Symbol, std::shared_ptr<const msg::Profile>>& profiles() const {
    return profiles_;
  }
  const std::map<Symbol, IpSet>& ip_sets() const { return ip_sets_; }
  EncapsulationLimits limits(Symbol host) const { return encapsulation_.of(host); }
  const Sources& sources() const { return sources_; }
  // Those of a host, by name; null: none.
  using HostEndpoints = std::map<Symbol, std::shared_ptr<const msg::HostEndpoint>>;
  const HostEndpoints* host_endpoints(Symbol host) const {
    const auto it = host_endpoints_.find(host);
    return it == host_endpoints_.end() ? nullptr : &it->second;
  }
  // Names of such with a say in what is forwarded that the state does not tell: which packets pass
  // their interface, or meet policy before DNAT or without tracking.
  std::vector<std::string> untold_host_endpoints() const;

 private:
  // A null value is a deletion.
  EndpointName take_endpoint(const WorkloadEndpointKey& key, const ValuePtr& value);
  void take_endpoints(std::span<const Update> local,
                      const std::vector<calc::InvalidUpdate>& invalid, Changes& changes);
  void on(const msg::Message& message, Changes& changes);
  void on_host_endpoint(Symbol id, std::shared_ptr<const msg::HostEndpoint> value,
                        Changes& changes);
  void keep_source(const Update& update);

  calc::CalcGraph graph_;
  std::map<EndpointName, Endpoint> endpoints_;
  std::map<PolicyKey, std::shared_ptr<const msg::Policy>> policies_;
  std::map<Symbol, std::shared_ptr<const msg::Profile>> profiles_;
  std::map<Symbol, IpSet> ip_sets_;
  EncapsulationConfig encapsulation_;
  Sources sources_;
  std::map<Symbol, HostEndpoints> host_endpoints_;  // by host
};

}  // namespace felixsim::reach
