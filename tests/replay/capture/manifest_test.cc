// SPDX-License-Identifier: Apache-2.0
// Manifests as calicoctl and kubectl take them.
#include "replay/capture/capture.h"

using namespace felixsim;

namespace {

// key -> value, deletes as "deleted"; later changes win.
std::map<std::string, std::string> folded(const std::vector<Event>& events) {
  std::map<std::string, std::string> values;
  for (const auto& event : events) {
    const auto& change = std::get<DatastoreEvent>(event.body);
    values[change.key] = change.value.value_or("deleted");
  }
  return values;
}

constexpr const char* prefix = "/calico/resources/v3/projectcalico.org/";

const std::string policy = R"(apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: p}
spec: {selector: all(), ingress: [{action: Allow}]}
)";

}  // namespace

TEST_CASE("Calico manifests are stored as calicoctl stores them, whatever their wrapping") {
  const std::string json =
      R"j({"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"p"},)j"
      R"j("spec":{"selector":"all()","ingress":[{"action":"Allow"}]}})j";
  for (const std::string& text :
       {policy, "---\n" + policy + "---\n", json,
        std::string(R"({"apiVersion":"v1","kind":"List","items":[)") + json + "]}",
        std::string(
            R"({"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicyList","items":[)") +
            json + "]}"})
    for (const auto& events : {import_calicoctl_text(text, "f"), import_kubectl_text(text, "f")}) {
      INFO(text);
      REQUIRE(events);
      auto values = folded(*events);
      REQUIRE(values.contains(prefix + std::string("globalnetworkpolicies/p")));
      const auto& value = values[prefix + std::string("globalnetworkpolicies/p")];
      CHECK_THAT(value, Catch::Contains(R"("tier":"default")"));
      CHECK_THAT(value, Catch::Contains(R"("types":["Ingress"])"));
      CHECK(values.contains(prefix + std::string("clusterinformations/default")));
      CHECK(values.contains(prefix + std::string("tiers/default")));
      CHECK(std::get<DatastoreEvent>(events->back().body).revision == 0);
    }
}

TEST_CASE("Kubernetes objects become what Calico makes of them, and what it leaves out is noted") {
  std::vector<std::string> notes;
  const auto events = import_kubectl_text(R"(
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: node-a, containers: [{name: c}]}
status: {phase: Running, podIP: 10.244.0.2, podIPs: [{ip: 10.244.0.2}]}
---
apiVersion: v1
kind: Pod
metadata: {name: agent}
spec: {nodeName: node-a, hostNetwork: true, containers: [{name: c}]}
status: {phase: Running, podIP: 192.0.2.1}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: crd.projectcalico.org/v1
kind: IPAMBlock
metadata: {name: 10-244-0-0-26}
spec: {cidr: 10.244.0.0/26, affinity: "host:node-a", allocations: [null, 0]}
---
apiVersion: crd.projectcalico.org/v1
kind: IPAMHandle
metadata: {name: h}
)",
                                          "f", &notes);
  INFO((events ? "" : events.error().message));
  REQUIRE(events);
  auto values = folded(*events);
  CHECK(values.contains(prefix + std::string("profiles/kns.shop")));
  CHECK(values.contains(prefix + std::string("workloadendpoints/shop/node--a-k8s-web-eth0")));
  CHECK(values.contains(prefix + std::string("kubernetesnetworkpolicies/default/deny")));
  CHECK(values["/calico/ipam/v2/assignment/ipv4/block/10.244.0.0-26"] ==
        R"({"cidr":"10.244.0.0/26","affinity":"host:node-a","allocations":[null,0]})");
  REQUIRE(notes.size() == 2);
  CHECK_THAT(notes[0], Catch::StartsWith("f:12:1: Pod 'agent': left out:"));
  CHECK_THAT(notes[1], Catch::StartsWith("f:28:1: IPAMHandle 'h': left out:"));
}

TEST_CASE("kubectl's watch events carry deletes and resource versions") {
  const auto events = import_kubectl_text(
      R"({"type":"ADDED","object":{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a","resourceVersion":"7"}}}
{"type":"BOOKMARK","object":{"apiVersion":"v1","kind":"Namespace","metadata":{"resourceVersion":"8"}}}
{"type":"DELETED","object":{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a","resourceVersion":"9"}}})",
      "f");
  INFO((events ? "" : events.error().message));
  REQUIRE(events);
  REQUIRE(events->size() >= 2);
  const auto& last = std::get<DatastoreEvent>(events->back().body);
  CHECK(last.key == prefix + std::string("profiles/kns.a"));
  CHECK_FALSE(last.value);
  CHECK(last.revision == 9);
  const auto& before = std::get<DatastoreEvent>((events->end() - 2)->body);
  CHECK(before.value);
  CHECK(before.revision == 7);
}

TEST_CASE("a watch that ended with an ERROR goes on with a list; what is not in it is gone") {
  const auto ns = [](const std::string& type, const std::string& name, int version) {
    return fmt::format(
        R"({{"type":"{}","object":{{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{}","resourceVersion":"{}"}}}}}})"
        "\n",
        type, name, version);
  };
  const std::string error =
      R"json({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure",)json"
      R"json("message":"too old resource version: 7 (20)","reason":"Expired","code":410}})json"
      "\n";
  const std::string before = ns("ADDED", "a", 7) + ns("ADDED", "b", 8) + error;
  std::vector<std::string> notes;
  const auto deleted_at = [&](const std::string& text) {
    notes.clear();
    const auto events = import_kubectl_text(text, "f", &notes);
    REQUIRE(events);
    for (const auto& event : *events)
      if (const auto& change = std::get<DatastoreEvent>(event.body);
          change.key == prefix + std::string("profiles/kns.a") && !change.value)
        return change.revision;
    return int64_t{0};
  };
  CHECK(deleted_at(before + ns("ADDED", "b", 8) + ns("ADDED", "c", 21)) == 21);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].find("too old resource version: 7 (20)") != std::string::npos);
  CHECK(deleted_at(before + ns("ADDED", "b", 8) + ns("MODIFIED", "b", 30)) == 8);
  CHECK(deleted_at(before + ns("ADDED", "a", 7) + ns("ADDED", "b", 8)) == 0);
  CHECK(deleted_at(before) == 0);
  REQUIRE(notes.size() == 2);
  CHECK(notes[1].find("not known") != std::string::npos);
}

TEST_CASE("YAML may begin with a brace: it is told from JSON objects in a row") {
  const std::string ns = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}";
  const std::string json =
      R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "b"}})";
  for (const auto& text : {ns, ns + "\n---\n" + ns, json + "\n---\n" + ns, json + "\n" + json}) {
    INFO(text);
    CHECK(import_kubectl_text(text, "f"));
  }
}

TEST_CASE("a manifest that is wrong is an error with place, fact and fix") {
  struct Case {
    std::string name, text, place, fact;
  };
  for (const auto& c : {
           Case{"no kind", "apiVersion: v1\n", "f:1:1", "without kind"},
           Case{"no apiVersion", "a: 1\nkind: Pod\n", "f:1:1", "without apiVersion"},
           Case{"no map", "- a\n", "f:1:1", "not a resource"},
           Case{"a list in a list", "kind: List\nitems: [{kind: List, items: []}]\n", "f:2:9",
                "without apiVersion"},
           Case{"items of wrong type", "kind: List\nitems: 7\n", "f:2:8", "'items' is not a list"},
           Case{"unknown kind", "apiVersion: v1\nkind: Pdo\nmetadata: {name: s}\n", "f:1:1",
                "Pdo 's': a kind of 'v1' that felixsim does not know; did you mean 'Pod'?"},
           Case{"bad word",
                "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: p}\nspec: {cidr: "
                "10.0.0.0/16, ipipMode: Alway}\n",
                "f:4:37", "unknown ipipMode 'Alway'"},
           Case{"twice", "apiVersion: v1\nkind: Pod\nkind: Pod\n", "f:3:1", "kind"},
           Case{"bad JSON", "{\"kind\": \"Pod\",", "f:1:1", "cut off"},
           Case{"name of wrong type", "apiVersion: v1\nkind: Pod\nmetadata: {name: [7]}\n", "f:1:1",
                "metadata.name"},
           Case{"block without cidr",
                "apiVersion: crd.projectcalico.org/v1\nkind: IPAMBlock\nmetadata: {name: b}\n",
                "f:1:1", "spec.cidr"},
           Case{"watch event", R"({"type":"GONE","object":{"kind":"Status"}})", "f:1:9", "'GONE'"},
       })
    DYNAMIC_SECTION(c.name) {
      const auto events = import_kubectl_text(c.text, "f");
      REQUIRE_FALSE(events);
      CHECK_THAT(events.error().message, Catch::StartsWith(c.place));
      CHECK_THAT(events.error().message, Catch::Contains(c.fact));
    }
}
