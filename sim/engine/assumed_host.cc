// SPDX-License-Identifier: Apache-2.0
#include "sim/engine/assumed_host.h"

#include <nlohmann/json.hpp>

namespace felixsim {
namespace {

using nlohmann::ordered_json;

// Addresses with prefix length that the Node resource gives for the host.
std::vector<std::string> host_addresses(const DatastoreView& datastore, const std::string& name) {
  std::vector<std::string> addresses;
  const auto it = datastore.current().find(ResourceKey{Symbol("Node"), Symbol(), Symbol(name)});
  if (it == datastore.current().end()) return addresses;
  const auto& node = std::get<Node>(*it->second);
  for (const auto* text : {&node.bgp_ipv4_address, &node.bgp_ipv6_address}) {
    if (!*text) continue;
    if (const auto prefix = IpPrefix::parse(**text))
      addresses.push_back(prefix->str());
    else if (const auto ip = Ip::parse(**text))
      addresses.push_back(IpPrefix{*ip, static_cast<uint8_t>(ip->max_prefix())}.str());
  }
  return addresses;
}

ordered_json workload_action(const WorkloadEndpointKey& key, const WorkloadEndpoint& endpoint) {
  ordered_json ips = ordered_json::array();
  for (const auto* nets : {&endpoint.ipv4_nets, &endpoint.ipv6_nets})
    for (const auto& net : *nets) ips.push_back(net.address.str());
  return {{"workload",
           {{"pod", key.workload.str()}, {"iface", endpoint.name.str()}, {"ips", std::move(ips)}}}};
}

// One action for each workload endpoint of the node that names its interface.
std::vector<std::string> workload_actions(const DatastoreView& datastore, const std::string& node) {
  std::vector<std::string> actions;
  for (const auto& [key, value] : datastore.current()) {
    const auto* id = std::get_if<WorkloadEndpointKey>(&key);
    if (!id || id->host.str() != node) continue;
    const auto& endpoint = std::get<WorkloadEndpoint>(*value);
    if (!endpoint.name.empty()) actions.push_back(workload_action(*id, endpoint).dump());
  }
  return actions;
}

}  // namespace

AssumedHost assume_host(const DatastoreView& datastore, const std::string& node) {
  AssumedHost assumed;
  const auto addresses = host_addresses(datastore, node);
  ordered_json eth0{{"name", "eth0"}, {"kind", "veth"},         {"mac", "02:00:00:00:00:01"},
                    {"mtu", 1500},    {"addresses", addresses}, {"up", true}};
  const ordered_json facts{
      {"facts", {{"interfaces", {ordered_json{{"name", "lo"}, {"up", true}}, std::move(eth0)}}}}};
  assumed.events.push_back({0, std::nullopt, HostEvent{node, facts.dump()}});
  assumed.notes.push_back(
      addresses.empty()
          ? fmt::format("host {}: eth0 without an address (no Node resource gives one)", node)
          : fmt::format("host {}: eth0 with {} (from its Node resource), no default route", node,
                        fmt::join(addresses, ", ")));
  const auto workloads = workload_actions(datastore, node);
  for (const auto& action : workloads)
    assumed.events.push_back({0, std::nullopt, HostEvent{node, action}});
  assumed.notes.push_back(
      fmt::format("host {}: an interface that is up for each of its {} workload endpoints; a "
                  "kernel that lacks nothing",
                  node, workloads.size()));
  assumed.events.push_back(
      {0, std::nullopt, ProcessEvent{node, ProcessEvent::Kind::start, {}, std::nullopt}});
  assumed.notes.push_back(
      fmt::format("host {}: Felix runs without environment variables and without felix.cfg", node));
  return assumed;
}

}  // namespace felixsim
