// SPDX-License-Identifier: Apache-2.0
#include "generated_history.h"

#include <rapidcheck.h>

#include "model/datastore/key_text.h"
#include "model/datastore/value_text.h"

namespace felixsim::calc {
namespace {

std::string one_of(const std::vector<std::string>& from) { return from[below(from.size())]; }

using Entry = std::pair<std::string, std::optional<std::string>>;  // key, value or deletion

const std::vector<std::string> selectors{
    "all()",    "app == 'a'", "app == 'b'", "has(role)", "app != 'a' && pcns.team == 'x'",
    "!has(app)"};

std::string labels() {
  return fmt::format(R"({{"app":"{}"{}}})", one_of({"a", "b", "c"}),
                     one_of({"", R"(,"role":"r")"}));
}

Entry workload() {
  const std::string host = one_of({"local", "local", "other"});
  const size_t i = below(4);
  return {fmt::format("/calico/v1/host/{}/workload/k8s/ns%2f{}{}/endpoint/eth0", host, host[0], i),
          fmt::format(R"({{"state":"active","name":"cali{}","profile_ids":["{}"],)"
                      R"("ipv4_nets":["10.0.{}.{}/32"],"labels":{},)"
                      R"("ports":[{{"name":"{}","protocol":"tcp","port":{}}}]}})",
                      i, one_of({"kns.x", "kns.y", "gone"}), below(2), below(4), labels(),
                      one_of({"http", "dns"}), 80 + below(2))};
}

Entry host_endpoint() {
  const std::string host = one_of({"local", "other"});
  return {fmt::format("/calico/v1/host/{}/endpoint/h{}", host, below(2)),
          fmt::format(R"({{"name":"eth{}","expected_ipv4_addrs":["192.168.0.{}"],"labels":{}}})",
                      below(2), below(4), labels())};
}

std::string rule() {
  return one_of({
      fmt::format(R"({{"action":"allow","src_selector":"{}"}})", one_of(selectors)),
      fmt::format(R"({{"action":"deny","!dst_selector":"{}"}})", one_of(selectors)),
      fmt::format(R"({{"action":"allow","protocol":"tcp","dst_ports":["{}",443],)"
                  R"("dst_selector":"{}"}})",
                  one_of({"http", "dns"}), one_of(selectors)),
      R"({"action":"allow","dst_service":"svc","dst_service_ns":"ns"})",
      R"({"action":"allow","src_service":"svc","src_service_ns":"ns"})",
      R"({"action":"log"})",
  });
}

Entry policy() {
  return {fmt::format("/calico/v1/policy/{}/p{}",
                      one_of({"GlobalNetworkPolicy/", "NetworkPolicy/ns"}), below(4)),
          fmt::format(
              R"({{"tier":"{}",{}"selector":"{}","inbound_rules":[{}],"outbound_rules":[{}]{}}})",
              one_of({"default", "t1", "ghost"}), one_of({"", R"("order":1,)", R"("order":2,)"}),
              one_of(selectors), rule(), rule(),
              one_of({"", R"(,"types":["ingress"])", R"(,"untracked":true)",
                      R"(,"performance_hints":["AssumeNeededOnEveryNode"])"}))};
}

Entry tier() {
  return {
      fmt::format("/calico/v1/policy/tier/{}/metadata", one_of({"default", "t1"})),
      fmt::format(R"({{"order":{},"defaultAction":"{}"}})", below(3), one_of({"Deny", "Pass"}))};
}

Entry profile() {
  const std::string name = one_of({"kns.x", "kns.y", "ksa.x.sa"});
  if (below(2) == 0)
    return {"/calico/v1/policy/profile/" + name + "/rules",
            fmt::format(R"({{"inbound_rules":[{}]}})", rule())};
  return {"/calico/resources/v3/projectcalico.org/profiles/" + name,
          fmt::format(R"({{"kind":"Profile","metadata":{{"name":"{}"}},)"
                      R"("spec":{{"labelsToApply":{{"pcns.team":"{}"}}}}}})",
                      name, one_of({"x", "y"}))};
}

Entry network_set(bool overlapping) {
  const std::string wide = overlapping ? fmt::format("10.0.0.0/{}", 16 + 8 * below(2))
                                       : fmt::format("10.9.{}.0/24", below(2));
  return {fmt::format("/calico/v1/netset/s{}", below(2)),
          fmt::format(R"({{"nets":["{}","10.0.1.{}/32"],"labels":{}}})", wide, below(3), labels())};
}

Entry pool_or_block() {
  if (below(2) == 0)
    return {"/calico/v1/ipam/v4/pool/10.0.0.0-16",
            fmt::format(R"({{"cidr":"10.0.0.0/16","vxlan_mode":"{}","masquerade":{}}})",
                        one_of({"always", "cross-subnet", ""}), one_of({"true", "false"}))};
  const size_t block = 8 + below(2);  // apart from the workloads
  return {fmt::format("/calico/ipam/v2/assignment/ipv4/block/10.0.{}.0-30", block),
          fmt::format(R"({{"cidr":"10.0.{}.0/30","affinity":"host:{}","strictAffinity":false,)"
                      R"("allocations":[0,null,1,null],"unallocated":[1,3],"attributes":[)"
                      R"({{"handle_id":"a","secondary":{{"node":"local"}}}},)"
                      R"({{"handle_id":"b","secondary":{{"node":"other"}}}}]}})",
                      block, one_of({"local", "other"}))};
}

Entry node() {
  const std::string name = one_of({"local", "other"});
  switch (below(3)) {
    case 0:
      return {"/calico/v1/host/" + name + "/bird_ip", fmt::format("172.16.0.{}", 1 + below(3))};
    case 1:
      return {"/calico/v1/host/" + name + "/config/IPv4VXLANTunnelAddr",
              fmt::format("10.0.0.{}", below(4))};
    default:
      return {"/calico/resources/v3/projectcalico.org/nodes/" + name,
              fmt::format(R"({{"kind":"Node","metadata":{{"name":"{}"}},)"
                          R"("spec":{{"bgp":{{"ipv4Address":"172.16.{}.{}/24"}}}}}})",
                          name, below(2), 1 + below(3))};
  }
}

Entry slice() {
  const size_t i = below(2);
  return {fmt::format("/calico/resources/v3/projectcalico.org/kubernetesendpointslices/ns/s{}", i),
          fmt::format(R"({{"kind":"KubernetesEndpointSlice","metadata":{{"name":"s{}",)"
                      R"("namespace":"ns","labels":{{"kubernetes.io/service-name":"svc"}}}},)"
                      R"("addressType":"IPv4","endpoints":[{{"addresses":["10.0.0.{}"]}}],)"
                      R"("ports":[{{"port":{},"protocol":"TCP"}}]}})",
                      i, below(3), 80 + below(2))};
}

Entry peer_or_bgp() {
  if (below(2) == 0)
    return {"/calico/resources/v3/projectcalico.org/bgpconfigurations/default",
            fmt::format(R"({{"kind":"BGPConfiguration","metadata":{{"name":"default"}},)"
                        R"("spec":{{"serviceClusterIPs":[{{"cidr":"10.96.{}.0/24"}}],)"
                        R"("localWorkloadPeeringIPV4":"169.254.0.{}"}}}})",
                        below(2), below(3))};
  const size_t i = below(2);
  return {fmt::format("/calico/resources/v3/projectcalico.org/bgppeers/p{}", i),
          fmt::format(R"({{"kind":"BGPPeer","metadata":{{"name":"p{}"}},"spec":{{)"
                      R"({}"localWorkloadSelector":"{}","asNumber":64512}}}})",
                      i, one_of({"", R"("node":"local",)", R"("nodeSelector":"rack == 'r1'",)"}),
                      one_of(selectors))};
}

Entry service() {
  const size_t i = below(2);
  return {fmt::format("/calico/resources/v3/projectcalico.org/kubernetesservice/ns/v{}", i),
          fmt::format(R"({{"kind":"KubernetesService","metadata":{{"name":"v{}",)"
                      R"("namespace":"ns"}},"spec":{{"clusterIP":"10.96.0.{}","type":"{}",)"
                      R"("ports":[{{"port":{},"protocol":"TCP"}}]}}}})",
                      i, 1 + below(3), one_of({"ClusterIP", "NodePort"}), 80 + below(2))};
}

Entry wireguard() {
  const std::string name = one_of({"local", "other"});
  return {"/calico/v1/host/" + name + "/wireguard",
          fmt::format(R"({{"interfaceIPv4Addr":"10.0.0.{}","publicKey":"{}"{}}})", 1 + below(3),
                      one_of({"", "k1=", "k2="}), one_of({"", R"(,"publicKeyV6":"k6=")"}))};
}

// They decide nothing, but must disturb nothing either.
Entry staged_policy() {
  return {fmt::format("/calico/v1/policy/StagedGlobalNetworkPolicy//p{}", below(4)),
          fmt::format(R"({{"tier":"default","selector":"{}","inbound_rules":[{}]}})",
                      one_of(selectors), rule())};
}

Entry entry(bool overlapping) {
  switch (below(16)) {
    case 0:
    case 1:
    case 2:
      return workload();
    case 3:
      return host_endpoint();
    case 4:
    case 5:
      return policy();
    case 6:
      return tier();
    case 7:
      return profile();
    case 8:
      return network_set(overlapping);
    case 9:
      return pool_or_block();
    case 10:
      return node();
    case 11:
      return peer_or_bgp();
    case 12:
      return service();
    case 13:
      return wireguard();
    case 14:
      return staged_policy();
    default:
      return slice();
  }
}

}  // namespace

size_t below(size_t limit) { return *rc::gen::inRange<size_t>(0, limit); }

std::vector<Update> generated_history(bool overlapping) {
  std::vector<Update> updates;
  const size_t length = 5 + below(40);
  for (size_t i = 0; i < length; ++i) {
    Entry e = entry(overlapping);
    const ParsedKey key = parse_key(e.first);
    RC_ASSERT(key.kind == ParsedKey::Kind::felix);
    const auto* resource = std::get_if<ResourceKey>(&key.key);
    const bool may_delete = !std::holds_alternative<TierKey>(key.key) &&
                            !(resource && resource->kind.view() == "BGPConfiguration");
    Update update{key.key, nullptr};
    if (!may_delete || below(4) > 0) {
      auto value = parse_value(key, *e.second);
      RC_ASSERT(value.has_value());
      update.value = *value;
    }
    updates.push_back(std::move(update));
  }
  return updates;
}

}  // namespace felixsim::calc
