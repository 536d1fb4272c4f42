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
  return fmt::format(R"({{"app":"{}"{}{}}})", one_of({"a", "b", "c"}),
                     one_of({"", R"(,"role":"r")"}),
                     one_of({"", "", R"(,"istio.io/dataplane-mode":"ambient")",
                             R"(,"istio.io/dataplane-mode":"none")"}));
}

// A pod's part in a live migration is fixed: of a pod that changes from one to another Felix tells
// what the order of its maps makes of it.
std::string migrating_labels(size_t pod) {
  std::string text = labels();
  if (pod >= 2) text.insert(text.size() - 1, fmt::format(R"(,"mig":"m{}")", pod - 2));
  return text;
}

std::string qos() {
  return one_of({"", "", R"(,"qosControls":{"ingressBandwidth":1000,"egressMaxConnections":5})",
                 R"(,"qosControls":{"dscp":"EF"})", R"(,"qosControls":{"dscp":12})"});
}

Entry workload() {
  const std::string host = one_of({"local", "local", "other"});
  const size_t i = below(4);
  return {fmt::format("/calico/v1/host/{}/workload/k8s/ns%2f{}{}/endpoint/eth0", host, host[0], i),
          fmt::format(R"({{"state":"active","name":"cali{}","profile_ids":["{}"],)"
                      R"("ipv4_nets":["10.0.{}.{}/32"],"labels":{}{}{},)"
                      R"("ports":[{{"name":"{}","protocol":"tcp","port":{}}}]}})",
                      i, one_of({"kns.x", "kns.y", "gone"}), below(2), below(4),
                      migrating_labels(i), qos(),
                      one_of({"", "", R"(,"ipv6_nets":["fd00::1:1/128"])",
                              R"(,"annotations":{"k":"v"},"ipv6_nets":["fd00::1:2/128"])"}),
                      one_of({"http", "dns"}), 80 + below(2))};
}

Entry host_endpoint() {
  const std::string host = one_of({"local", "other"});
  return {fmt::format("/calico/v1/host/{}/endpoint/h{}", host, below(2)),
          fmt::format(R"({{"name":"{}","expected_ipv4_addrs":["192.168.0.{}"],"labels":{}{}}})",
                      one_of({"eth0", "eth1", "*", ""}), below(4), labels(), qos())};
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
                      one_of({"GlobalNetworkPolicy/", "NetworkPolicy/ns", "NetworkPolicy/ns",
                              "KubernetesNetworkPolicy/ns", "KubernetesClusterNetworkPolicy/"}),
                      below(4)),
          fmt::format(
              R"({{"tier":"{}",{}"selector":"{}","inbound_rules":[{}],"outbound_rules":[{}]{}}})",
              one_of({"default", "t1", "ghost"}), one_of({"", R"("order":1,)", R"("order":2,)"}),
              one_of(selectors), rule(), rule(),
              one_of({"", R"(,"types":["ingress"])", R"(,"untracked":true)", R"(,"pre_dnat":true)",
                      R"(,"apply_on_forward":true)",
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
                      R"("spec":{{"labelsToApply":{{"pcns.team":"{}"{}}}}}}})",
                      name, one_of({"x", "y"}),
                      one_of({"", R"(,"pcns.istio.io/dataplane-mode":"ambient")"}))};
}

Entry network_set(bool overlapping) {
  const std::string wide = overlapping ? fmt::format("10.0.0.0/{}", 16 + 8 * below(2))
                                       : fmt::format("10.9.{}.0/24", below(2));
  return {fmt::format("/calico/v1/netset/s{}", below(2)),
          fmt::format(R"({{"nets":["{}","10.0.1.{}/32"],"labels":{}}})", wide, below(3), labels())};
}

Entry pool() {
  if (below(4) == 0)
    return {"/calico/v1/ipam/v6/pool/fd00::-64",
            fmt::format(R"({{"cidr":"fd00::/64","vxlan_mode":"{}"}})", one_of({"always", ""}))};
  return {"/calico/v1/ipam/v4/pool/10.0.0.0-16",
          fmt::format(R"({{"cidr":"10.0.0.0/16",{},"masquerade":{}{}}})",
                      one_of({R"("vxlan_mode":"always")", R"("vxlan_mode":"cross-subnet")",
                              R"("ipip_mode":"always")", R"("ipip_mode":"cross-subnet")",
                              R"("vxlan_mode":"")"}),
                      one_of({"true", "false"}),
                      one_of({"", R"(,"disabled":true)", R"(,"allowed_uses":["Workload"])"}))};
}

Entry pool_or_block() {
  if (below(2) == 0) return pool();
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
  switch (below(4)) {
    case 0:
      return {"/calico/v1/host/" + name + "/bird_ip", fmt::format("172.16.0.{}", 1 + below(3))};
    case 1:
      return {"/calico/v1/host/" + name + "/config/IPv4VXLANTunnelAddr",
              fmt::format("10.0.0.{}", below(4))};
    case 2:
      return {"/calico/v1/host/" + name + "/config/VXLANTunnelMACAddr",
              fmt::format("66:00:00:00:00:0{}", below(2))};
    default:
      return {"/calico/resources/v3/projectcalico.org/nodes/" + name,
              fmt::format(R"({{"kind":"Node","metadata":{{"name":"{}"{}}},)"
                          R"("spec":{{"bgp":{{"ipv4Address":"172.16.{}.{}/24"}}{}}}}})",
                          name,
                          one_of({"", R"(,"labels":{"rack":"r1"})", R"(,"labels":{"rack":"r2"})"}),
                          below(2), 1 + below(3),
                          one_of({"", R"(,"wireguard":{"interfaceIPv4Address":"10.0.0.9"})",
                                  R"(,"ipv4VXLANTunnelAddr":"10.0.0.3")"}))};
  }
}

// Of all nodes, of one, and of those that a selector names; in each an older one may win.
Entry configuration() {
  switch (below(3)) {
    case 0:
      return {"/calico/v1/config/" + one_of({"LogSeverityScreen", "IptablesRefreshInterval"}),
              one_of({"Debug", "30"})};
    case 1:
      return {"/calico/v1/host/" + one_of({"local", "other"}) + "/config/LogSeverityFile",
              one_of({"Debug", "Info"})};
    default:
      break;
  }
  const size_t i = below(3);
  return {
      fmt::format("/calico/resources/v3/projectcalico.org/felixconfigurations/f{}", i),
      fmt::format(R"({{"kind":"FelixConfiguration","metadata":{{"name":"f{}",)"
                  R"("creationTimestamp":"202{}-01-01T00:00:00Z"}},)"
                  R"("spec":{{"nodeSelector":"{}","healthPort":{}}}}})",
                  i, below(3), one_of({"rack == 'r1'", "has(rack)", "all()"}), 9000 + below(2))};
}

// Their targets do not overlap.
Entry live_migration() {
  const size_t i = below(2);
  const std::string target =
      one_of({fmt::format(R"("selector":"mig == 'm{}'")", i),
              fmt::format(R"("workload":{{"orchestratorID":"k8s","workloadID":"ns/l{}"}})", i + 2),
              fmt::format(R"("workloadEndpoint":{{"hostname":"local","orchestratorID":"k8s",)"
                          R"("workloadID":"ns/l{}","endpointID":"eth0"}})",
                          i + 2)});
  return {fmt::format("/calico/resources/v3/projectcalico.org/livemigrations/ns/m{}", i),
          fmt::format(R"({{"kind":"LiveMigration","metadata":{{"name":"m{0}","namespace":"ns",)"
                      R"("uid":"uid-{0}"}},"spec":{{"source":{{"workload":{{)"
                      R"("orchestratorID":"k8s","workloadID":"ns/l{0}"}}}},"target":{{{1}}}}}}})",
                      i, target)};
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
  return {fmt::format("/calico/v1/policy/{}/p{}",
                      one_of({"StagedGlobalNetworkPolicy/", "StagedNetworkPolicy/ns",
                              "StagedKubernetesNetworkPolicy/ns"}),
                      below(4)),
          fmt::format(R"({{"tier":"default","selector":"{}","inbound_rules":[{}]{}}})",
                      one_of(selectors), rule(),
                      one_of({"", R"(,"staged_action":"Set")", R"(,"staged_action":"Delete")"}))};
}

Entry entry(bool overlapping) {
  switch (below(18)) {
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
    case 15:
      return configuration();
    case 16:
      return live_migration();
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
