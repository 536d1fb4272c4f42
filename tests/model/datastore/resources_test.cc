// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/resources.h"

#include <catch2/catch.hpp>

using namespace felixsim;

namespace {

// "key = value" of the only thing stored, or what was said instead.
std::string convert(const std::string& json, bool deleted = false) {
  const auto result = convert_resource(json, deleted);
  if (!result) return "error: " + result.error().message;
  if (!result->skipped.empty()) return "skipped: " + result->skipped;
  if (result->stored.size() != 1) return "stored " + std::to_string(result->stored.size());
  const auto& stored = result->stored.front();
  return stored.key.substr(stored.key.find(".org/") + 5) + " = " + stored.value.value_or("deleted");
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Calico's resources are stored as they are, under the name they had") {
  const std::string policy =
      R"({"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{)"
      R"("name":"default.p","annotations":{"projectcalico.org/metadata":"{\"name\":\"q\"}"}},)"
      R"("spec":{"selector":"a == 'b'"}})";
  // The key keeps the name that the API knows (model/resource.go parseValue changes the value
  // only).
  CHECK(
      convert(policy) ==
      R"(globalnetworkpolicies/default.p = {"kind":"GlobalNetworkPolicy",)"
      R"("apiVersion":"projectcalico.org/v3","metadata":{"name":"q"},"spec":{"selector":"a == 'b'"}})");
}

TEST_CASE("a deletion needs no more than a name") {
  CHECK(convert(R"({"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"t",)"
                R"("creationTimestamp":"bad"}})",
                true) == "tiers/t = deleted");
}

TEST_CASE("a pod's empty address becomes the network that Go prints for it") {
  CHECK(
      contains(convert(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"n"},)"
                       R"("spec":{"nodeName":"a"},"status":{"podIPs":[{},{"ip":"10.0.0.1"}]}})"),
               R"("ipNetworks":["\u003cnil\u003e","10.0.0.1/32"])"));
}

TEST_CASE("what has several spellings is stored in Go's") {
  const std::string config =
      R"({"apiVersion":"projectcalico.org/v3","kind":"FelixConfiguration","metadata":{"name":"d"},)"
      R"("spec":{"routeRefreshInterval":"90s","natPortRange":"80:80","ipv6Support":false}})";
  CHECK(
      contains(convert(config),
               R"("spec":{"ipv6Support":false,"routeRefreshInterval":"1m30s","natPortRange":80})"));
  const std::string pool =
      R"({"apiVersion":"projectcalico.org/v3","kind":"IPPool",)"
      R"("metadata":{"name":"p","labels":{"protocol":"6"}},)"
      R"("spec":{"cidr":"10.0.0.0/16","natOutgoing":false,"disabled":true,"blockSize":0}})";
  CHECK(contains(convert(pool), R"("spec":{"cidr":"10.0.0.0/16","disabled":true})"));
  CHECK(contains(convert(pool), R"("labels":{"protocol":"6"})"));
}

TEST_CASE("what Go's types do not have is not stored, zeros only where Go prints them") {
  const std::string peer =
      R"({"apiVersion":"projectcalico.org/v3","kind":"BGPPeer","metadata":{"name":"p",)"
      R"("generation":0,"creationTimestamp":"2024-01-02T03:04:05.5+01:00"},)"
      R"("spec":{"ASNUMBER":"1.2","nope":true,"peerIP":"","ttlSecurity":0}})";
  CHECK(contains(convert(peer), R"("metadata":{"name":"p","creationTimestamp":)"
                                R"("2024-01-02T02:04:05Z"},"spec":{"asNumber":65538,)"
                                R"("ttlSecurity":0})"));
  const std::string service =
      R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s","namespace":"n"},)"
      R"("spec":{"ports":[{"port":80}],"healthCheckNodePort":0}})";
  CHECK(contains(convert(service), R"("spec":{"ports":[{"port":80,"targetPort":0}]})"));
  CHECK(convert(R"({"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"p",)"
                R"("creationTimestamp":"now"}})")
            .starts_with("error"));
}

TEST_CASE("interfaces of a node lose bad addresses as in Go, which skips the next one") {
  const auto node = [](const std::string& addresses) {
    return convert(R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n","annotations":{)"
                   R"("projectcalico.org/Interfaces":"[{\"name\":\"eth0\",\"addresses\":[)" +
                   addresses + R"(]}]"}}})");
  };
  CHECK(contains(node(R"(\"x\",\"10.0.0.1\")"), R"("addresses":["10.0.0.1"])"));
  CHECK(contains(node(R"(\"x\",\"y\",\"10.0.0.1\")"), R"("addresses":["y","10.0.0.1"])"));
}

TEST_CASE("what is no resource is refused with the reason") {
  struct Case {
    std::string name, json, want;
  };
  for (
      const auto& c : {
          Case{"no JSON", "x", "error: not JSON"},
          Case{"unknown kind", R"({"apiVersion":"v1","kind":"Secret"})",
               "error: unknown kind 'Secret' of 'v1'"},
          Case{"no name", R"({"apiVersion":"v1","kind":"Pod"})", "error: Pod without a name"},
          Case{
              "wrong type",
              R"({"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"t"},"spec":{"order":"x"}})",
              "error: Tier 't': spec.order: want a number, got text"},
          Case{
              "host-networked pod",
              R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"hostNetwork":true}})",
              "skipped: the pod is in the host's network namespace"},
          Case{"unscheduled pod", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}})",
               "skipped: the pod is not scheduled"},
      }) {
    DYNAMIC_SECTION(c.name) { CHECK(convert(c.json).starts_with(c.want)); }
  }
}

TEST_CASE("a pod is a workload endpoint") {
  const std::string pod =
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-1","namespace":"shop",)"
      R"("labels":{"app":"web"},"annotations":{"qos.projectcalico.org/ingressBandwidth":"1M",)"
      R"("cni.projectcalico.org/floatingIPs":"[\"192.0.2.1\",\"2001:db8::1\"]"}},)"
      R"("spec":{"nodeName":"node-a","serviceAccountName":"sa","containers":[{"ports":[)"
      R"({"containerPort":80,"name":"http"},{"containerPort":81}]}]},)"
      R"("status":{"phase":"PHASE","podIPs":[{"ip":"10.0.0.1"}]}})";
  const auto with_phase = [&](const std::string& phase) {
    std::string json = pod;
    return convert(json.replace(json.find("PHASE"), 5, phase));
  };
  const std::string running = with_phase("Running");
  CHECK(running.starts_with("workloadendpoints/shop/node--a-k8s-web--1-eth0 = "));
  CHECK(contains(running, R"("ipNetworks":["10.0.0.1/32"])"));
  CHECK(contains(running, R"("ipNATs":[{"internalIP":"10.0.0.1","externalIP":"192.0.2.1"}])"));
  CHECK(contains(running, R"("profiles":["kns.shop","ksa.shop.sa"])"));
  CHECK(contains(running, R"("ports":[{"name":"http","protocol":"TCP","port":80,)"));
  CHECK(contains(running, R"("ingressBandwidth":1000000,"ingressBurst":4294967296)"));
  CHECK(contains(running, R"("projectcalico.org/serviceaccount":"sa")"));
  CHECK(!contains(with_phase("Succeeded"), "ipNetworks"));
  CHECK(convert(pod, true) == "workloadendpoints/shop/node--a-k8s-web--1-eth0 = deleted");
}

TEST_CASE("namespaces and service accounts are profiles") {
  const std::string meta = R"("metadata":{"name":"x","namespace":"ns","labels":{"a":"b"},)"
                           R"("uid":"daca4f31-5374-4953-8a4f-5374daca4f31"}})";
  CHECK(contains(convert(R"({"apiVersion":"v1","kind":"Namespace",)" + meta),
                 R"("labelsToApply":{"pcns.a":"b","pcns.projectcalico.org/name":"x"})"));
  const std::string account = convert(R"({"apiVersion":"v1","kind":"ServiceAccount",)" + meta);
  CHECK(account.starts_with("profiles/ksa.ns.x = "));
  CHECK(contains(account, R"("labelsToApply":{"pcsa.a":"b","pcsa.projectcalico.org/name":"x"})"));
}

TEST_CASE("a rule of a Kubernetes policy that cannot be converted is dropped, the rest stays") {
  const std::string json =
      R"({"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy",)"
      R"("metadata":{"name":"p","namespace":"ns"},"spec":{"podSelector":{},"ingress":[)"
      R"({"ports":[{"port":80,"endPort":70}]},{"ports":[{"port":81},{"port":80},{"port":"dns","protocol":"UDP"}],)"
      R"("from":[{"namespaceSelector":{}},{"ipBlock":{"cidr":"10.0.0.9/8","except":["10.1.0.0/16"]}}]}]}})";
  const auto result = convert_resource(json, false);
  REQUIRE(result);
  CHECK(result->errors ==
        std::vector<std::string>{"ingress rule 0 is dropped: port '80:70' is not valid"});
  const std::string text = *result->stored.front().value;
  CHECK(contains(text, R"("destination":{"ports":["80:81"]})"));
  CHECK(contains(text, R"("destination":{"ports":["dns"]})"));
  CHECK(contains(text, R"-("namespaceSelector":"all()")-"));
  CHECK(contains(text, R"("nets":["10.0.0.0/8"],"notNets":["10.1.0.0/16"])"));
}

TEST_CASE("a cluster policy fails closed") {
  const std::string json =
      R"({"apiVersion":"policy.networking.k8s.io/v1alpha2","kind":"ClusterNetworkPolicy",)"
      R"("metadata":{"name":"c"},"spec":{"tier":"Admin","priority":7,"subject":{"namespaces":{}},)"
      R"("ingress":[{"action":"Deny","from":[{}]},{"action":"Accept","from":[{}]}]}})";
  const auto result = convert_resource(json, false);
  REQUIRE(result);
  CHECK(result->errors.size() == 2);
  CHECK(contains(*result->stored.front().value, R"("ingress":[{"action":"Deny"}])"));
}

TEST_CASE("a service's port has a target, set or not") {
  CHECK(contains(convert(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s",)"
                         R"("namespace":"ns"},"spec":{"ports":[{"port":80},)"
                         R"({"port":81,"targetPort":"x"}]}})"),
                 R"("ports":[{"port":80,"targetPort":0},{"port":81,"targetPort":"x"}])"));
}

TEST_CASE("a node's annotations are checked one by one") {
  const std::string json =
      R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n","labels":{"a":"b"},"annotations":{)"
      R"("projectcalico.org/IPv4Address":"192.0.2.1/24","projectcalico.org/IPv6Address":"192.0.2.1",)"
      R"("projectcalico.org/VXLANTunnelMACAddr":"x","projectcalico.org/ASNumber":"64512"}}})";
  const std::string node = convert(json);
  CHECK(contains(node, R"("bgp":{"asNumber":64512,"ipv4Address":"192.0.2.1/24"})"));
  CHECK(!contains(node, "vxlanTunnelMACAddr"));
  CHECK(contains(node, R"("projectcalico.org/kube-labels":"{\"a\":\"b\"}")"));
}
