// SPDX-License-Identifier: Apache-2.0
// `felixsim reach` as people use it: on folders of manifests, logs and scenarios.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "run_binary.h"

using cli_test::felixsim;
using cli_test::Outcome;

namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path;
  explicit Folder(const std::string& name)
      : path(fs::temp_directory_path() / fmt::format("felixsim-{}-{}", name, getpid())) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  Folder& add(const std::string& name, const std::string& text) {
    std::ofstream(path / name) << text;
    return *this;
  }
  std::string reach(const std::string& arguments) const {
    return felixsim("reach " + path.string() + " " + arguments).text;
  }
  int code(const std::string& arguments) const {
    return felixsim("reach " + path.string() + " " + arguments).code;
  }
};

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

const std::string namespaces =
    "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: red}}}\n";

std::string deployment(const std::string& kind, const std::string& name, const std::string& ns) {
  return fmt::format(
      "---\n{{apiVersion: apps/v1, kind: {}, metadata: {{name: {}, namespace: {}}}, spec: "
      "{{template: {{metadata: {{labels: {{app: {}}}}}, spec: {{containers: [{{name: c, ports: "
      "[{{name: sql, containerPort: 5432}}]}}]}}}}}}}}\n",
      kind, name, ns, name);
}

std::string pod(const std::string& name, const std::string& ip) {
  return fmt::format(
      "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {}, namespace: shop, labels: {{app: "
      "{}}}}}, spec: {{nodeName: \"n\", containers: [{{name: c}}]}}, status: {{phase: Running, "
      "podIP: "
      "{}}}}}\n",
      name, name, ip);
}

std::string policy(const std::string& name, const std::string& app, const std::string& ingress) {
  return fmt::format(
      "---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {}, "
      "namespace: shop}}, spec: {{podSelector: {{matchLabels: {{app: {}}}}}, policyTypes: "
      "[Ingress], ingress: [{}]}}}}\n",
      name, app, ingress);
}

const std::string db_from_web =
    policy("db", "db", "{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: sql}]}");

}  // namespace

TEST_CASE("workloads count as pods, and rules about them need no address") {
  Folder folder("workloads");
  folder.add("all.yaml", namespaces + deployment("Deployment", "web", "shop") +
                             deployment("StatefulSet", "db", "shop") + db_from_web);
  CHECK(folder.reach("--port tcp/5432 --format pairs") == "shop/db shop/web\nshop/web shop/db\n");
  CHECK(has(folder.reach("--from shop/web --to shop/db"), "shop/web -> shop/db: tcp/5432\n"));
  CHECK(folder.code("") == 0);
}

TEST_CASE("one file of JSON is manifests, too, if it holds some") {
  Folder folder("json");
  const std::string workload =
      R"({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": )"
      R"({"template": {"spec": {"containers": []}}}})";
  folder.add("list.json", R"({"apiVersion": "v1", "kind": "List", "items": [)" + workload + "]}");
  folder.add("watch.json", R"({"type": "ADDED", "object": )" + workload + "}");
  const auto reach = [&](const std::string& name) {
    return felixsim("reach " + (folder.path / name).string() + " --from default/web");
  };
  CHECK(has(reach("list.json").text, "default/web -> world 0.0.0.0/0"));
  CHECK(has(reach("watch.json").text, "there is no pod"));  // events of a cluster, not its pods
}

TEST_CASE("where an address decides and a pod has none, the verdict is unknown") {
  Folder folder("unknown");
  folder.add(
      "all.yaml",
      namespaces + deployment("Deployment", "web", "shop") + pod("db", "10.0.0.1") +
          policy("db", "db", "{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}"));
  CHECK(has(folder.reach("--to shop/db"), "shop/web -> shop/db: unknown: tcp/80\n"));
  CHECK(has(folder.reach("--to shop/db"), "world 10.0.0.0/8 -> shop/db: tcp/80\n"));
  CHECK(folder.reach("--port tcp/80 --format pairs") == "shop/db shop/web\n");
}

TEST_CASE("a pod without address has one of the pools, which may tell enough") {
  const auto pool = [](const std::string& name, const std::string& spec) {
    return fmt::format(
        "---\n{{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {{name: {}}}, spec: "
        "{}}}\n",
        name, spec);
  };
  struct Case {
    std::string name, pools, net, web_to_db;
  };
  for (const auto& c :
       {Case{"the pool is inside", pool("p", "{cidr: 10.244.0.0/16}"), "10.0.0.0/8", "tcp/80"},
        Case{"the pool is outside", pool("p", "{cidr: 10.244.0.0/16}"), "192.168.0.0/16", "none"},
        Case{"one of two is inside",
             pool("p", "{cidr: 10.244.0.0/16}") + pool("q", "{cidr: 172.16.0.0/16}"), "10.0.0.0/8",
             "unknown: tcp/80"},
        Case{"a pool that gives pods nothing does not count",
             pool("p", "{cidr: 10.244.0.0/16}") +
                 pool("q", "{cidr: 172.16.0.0/16, disabled: true}") +
                 pool("r", "{cidr: 172.17.0.0/16, allowedUses: [LoadBalancer]}"),
             "10.0.0.0/8", "tcp/80"},
        Case{"a part of the pool", pool("p", "{cidr: 10.244.0.0/16}"), "10.244.1.0/24",
             "unknown: tcp/80"},
        Case{"no pool is known", "", "10.0.0.0/8", "unknown: tcp/80"},
        Case{"of link-local addresses there are no pools", "", "169.254.169.254/32", "none"}})
    DYNAMIC_SECTION(c.name) {
      Folder folder("pools");
      folder.add(
          "all.yaml",
          namespaces + deployment("Deployment", "web", "shop") + pod("db", "10.0.0.1") +
              policy("db", "db",
                     fmt::format("{{from: [{{ipBlock: {{cidr: {}}}}}], ports: [{{port: 80}}]}}",
                                 c.net)) +
              c.pools);
      const std::string found = folder.reach("--from shop/web --to shop/db");
      CHECK(found == (c.web_to_db == "none" ? "" : "shop/web -> shop/db: " + c.web_to_db + "\n"));
      CHECK(folder.code("") == 0);
    }
}

TEST_CASE("labels of a namespace that is not there are unknown, unless nothing hangs on them") {
  Folder folder("namespaces");
  folder.add("all.yaml",
             namespaces + deployment("Deployment", "job", "away") + pod("db", "10.0.0.1") +
                 policy("db", "db",
                        "{from: [{namespaceSelector: {matchLabels: {team: red}}, podSelector: "
                        "{matchLabels: {app: job}}}], ports: [{port: 1}]}, {from: "
                        "[{namespaceSelector: {matchLabels: {team: red}}, podSelector: "
                        "{matchLabels: {app: other}}}], ports: [{port: 2}]}, {from: "
                        "[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "
                        "away}}}], ports: [{port: 3}]}"));
  CHECK(has(folder.reach("--to shop/db"), "away/job -> shop/db: tcp/3; unknown: tcp/1\n"));
}

TEST_CASE("what cannot be used is named with its place, and the exit code says incomplete") {
  Folder folder("unusable");
  folder.add("a.yaml", namespaces + pod("db", "10.0.0.1"));
  folder.add("b.yaml",
             "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: c}}\n");
  folder.add("c.yaml", "a: [\n");
  folder.add("meta.json", "{\"pods\": 1}");  // no manifest, no trouble
  folder.add("d.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: harmless}}\n");
  const std::string text = folder.reach("");
  CHECK(has(text, "b.yaml:1: CiliumNetworkPolicy 'c': a kind of 'cilium.io/v2'"));
  CHECK(has(text, "c.yaml:2:1: YAML"));
  CHECK(!has(text, "harmless"));
  CHECK(has(text, "the answer is incomplete: 2 objects could not be used"));
  CHECK(folder.code("") == 2);
  CHECK(has(folder.reach("--json"), "\"complete\":false"));
}

TEST_CASE("what an API server, kustomize or Helm would make otherwise is named, with what to do") {
  struct Case {
    std::string name, text, told;
  };
  const std::string np =
      "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: "
      "p, namespace: shop}, spec: ";
  for (const auto& c :
       {Case{"a field of a policy", np + "{podSelector: {}, ingres: []}}\n",
             "NetworkPolicy 'p' spec: unknown key 'ingres' (did you mean 'ingress'?"},
        Case{"a field of a peer",
             np + "{podSelector: {}, ingress: [{from: [{podSelectr: {}}]}]}}\n",
             "NetworkPolicy 'p' peer: unknown key 'podSelectr' (did you mean 'podSelector'?"},
        Case{"a selector of Calico's",
             "{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: p, "
             "namespace: shop}, spec: {selector: a = 'b'}}\n",
             "b.yaml:1: NetworkPolicy shop/p: selector `(a = 'b') && "},
        Case{"a kind", "{apiVersion: v1, kind: Namespce, metadata: {name: x}}\n",
             "did you mean 'Namespace'?"},
        Case{"another copy", "\n{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n",
             "b.yaml:2: Namespace 'shop': with other content also at"},
        Case{"a template of Helm", "kind: {{ .Values.kind }}\n", "what `helm template` prints"},
        Case{"a tab", "kind: Pod\nmetadata:\n\tname: x\n", "indent with blanks, not tabs"},
        Case{"kustomize",
             "{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization, resources: []}\n",
             "give the output of `kustomize build`"},
        Case{"a policy API that Calico does not read",
             "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: "
             "{name: x}}\n",
             "it reads ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2"}})
    DYNAMIC_SECTION(c.name) {
      Folder folder("told");
      folder.add("a.yaml", namespaces + pod("db", "10.0.0.1")).add("b.yaml", c.text);
      CHECK(has(folder.reach(""), c.told));
      CHECK(folder.code("") == 2);
    }
}

TEST_CASE("the same object twice is no trouble") {
  Folder folder("twice");
  folder.add("a.yaml", namespaces).add("b.yaml", namespaces + pod("db", "10.0.0.1"));
  CHECK(folder.code("") == 0);
}

TEST_CASE("JSON objects one after another in a file are read, and named with their lines") {
  Folder folder("objects");
  folder.add(
      "all.json",
      "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"shop\"}}\n"
      "{\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", \"metadata\": {\"name\": \"web\",\n"
      "  \"namespace\": \"shop\"}, \"spec\": {\"template\": {\"spec\": {\"containers\": []}}}}\n"
      "{\"apiVersion\": \"cilium.io/v2\", \"kind\": \"Other\", \"metadata\": {\"name\": \"c\"}}\n");
  folder.add("db.yaml", pod("db", "10.0.0.1").substr(4));
  const std::string text = folder.reach("--port tcp/80 --format pairs");
  CHECK(has(text, "shop/db shop/web\nshop/web shop/db\n"));
  CHECK(has(text, "all.json:4: Other 'c'"));
}

TEST_CASE("a pod's own address inside of a block counts, as packets carry it") {
  Folder folder("block");
  folder.add("all.yaml", namespaces + pod("cli", "10.1.0.1") + pod("srv", "10.1.0.2") +
                             policy("p", "srv", "{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}"));
  CHECK(folder.reach("--port tcp/80 --format pairs") == "shop/cli shop/srv\nshop/srv shop/cli\n");
}

// Whoever Felix lets pass does pass, whatever the policy says.
TEST_CASE("of a rule with three lists Felix asks two, and reach and explain say so") {
  Folder folder("lists");
  const std::string rule =
      "---\n{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: p}, "
      "spec: {selector: app == 'srv', types: [Ingress], ingress: [{action: Allow, protocol: TCP, "
      "source: {nets: [10.9.0.0/16, 10.8.0.0/16]}, destination: {nets: [10.1.0.0/16, "
      "10.2.0.0/16]PORTS}}]}}\n";
  const auto write = [&](const std::string& ports) {
    std::string text = rule;
    text.replace(text.find("PORTS"), 5, ports);
    folder.add("all.yaml", namespaces + pod("cli", "10.9.0.1") + pod("srv", "10.3.0.2") + text);
  };
  const auto explained = [&] {
    return felixsim("explain " + folder.path.string() + " policy p").text;
  };
  write("");
  CHECK(folder.reach("--from shop/cli --to shop/srv --port tcp/80 --format pairs").empty());
  CHECK_FALSE(has(explained(), "warning"));
  write(", ports: [80, sql]");
  CHECK(folder.reach("--from shop/cli --to shop/srv --port tcp/80 --format pairs") ==
        "shop/cli shop/srv\n");
  CHECK(has(explained(), "warning: whatever its destination nets say: Felix asks only two"));
}

// The pass mark of the last tier is still there.
TEST_CASE("a profile's pass rule lets go of all that the last tier passed") {
  Folder folder("marks");
  const std::string cluster =
      namespaces + pod("cli", "10.1.0.1") +
      "---\n{apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: custom}, spec: "
      "{ingress: [{action: Pass, protocol: ICMP}, {action: Deny, protocol: UDP}]}}\n"
      "---\n{apiVersion: projectcalico.org/v3, kind: WorkloadEndpoint, metadata: {name: "
      "n-k8s-srv-eth0, namespace: shop}, spec: {node: \"n\", orchestrator: k8s, pod: srv, "
      "endpoint: eth0, interfaceName: cali1, ipNetworks: [10.1.0.2/32], profiles: [custom, "
      "kns.shop]}}\n";
  const auto policy = [](const std::string& name, const std::string& tier) {
    return fmt::format(
        "---\n{{apiVersion: projectcalico.org/v3, kind: {}GlobalNetworkPolicy, metadata: {{name: "
        "{}}}, spec: {{tier: {}, types: [Ingress], ingress: [{{action: Pass}}]}}}}\n",
        name == "watch" ? "Staged" : "", name, tier);
  };
  const std::string pair = "--from shop/cli --to shop/srv --format list --port udp/53";
  const std::string allowed = "shop/cli -> shop/srv: udp/53\n";
  folder.add("all.yaml", cluster);
  CHECK(folder.reach(pair) == "");
  folder.add("all.yaml", cluster + policy("p", "default"));
  CHECK(folder.reach(pair) == allowed);
  const std::string last_tier =
      "---\n{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: last}, spec: {order: "
      "9000000}}\n";
  folder.add("all.yaml", cluster + policy("p", "default") + last_tier + policy("watch", "last"));
  CHECK(folder.reach(pair) == "");  // the tier of the staged policy clears the mark
}

// It is accepted before the host endpoint of all interfaces is asked what it forwards.
TEST_CASE("what policy before DNAT may accept is not surely denied on its way through") {
  Folder folder("dnat");
  const auto host_policy = [](const std::string& name, const std::string& more) {
    return fmt::format(
        "---\n{{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {{name: "
        "{}}}, "
        "spec: {{selector: has(host), applyOnForward: true, types: [Ingress], ingress: [{{action: "
        "{}}}]{}}}}}\n",
        name, name == "early" ? "Allow" : "Deny", more);
  };
  const std::string cluster =
      namespaces + pod("cli", "10.1.0.1") + pod("srv", "10.1.0.2") +
      "---\n{apiVersion: projectcalico.org/v3, kind: HostEndpoint, metadata: {name: n-all, labels: "
      "{host: n}}, spec: {node: \"n\", interfaceName: '*'}}\n" +
      host_policy("late", "");
  const std::string pair = "--from shop/cli --to shop/srv --format list";
  folder.add("all.yaml", cluster);
  CHECK(folder.reach(pair) == "");
  folder.add("all.yaml", cluster + host_policy("early", ", preDNAT: true"));
  CHECK(has(folder.reach(pair), "unknown"));
}

TEST_CASE("diff says what a change opens, and its exit code tells a pipeline") {
  Folder before("before"), after("after");
  before.add("all.yaml", namespaces + pod("web", "10.0.0.2") + pod("db", "10.0.0.1") + db_from_web);
  after.add("all.yaml", namespaces + pod("web", "10.0.0.2") + pod("db", "10.0.0.1") +
                            policy("db", "db", "{ports: [{port: 5432}]}"));
  const std::string diff = before.reach("--diff " + after.path.string());
  CHECK(has(diff, "+world 0.0.0.0/0 -> shop/db: tcp/5432\n"));
  CHECK(has(diff, "+shop/web -> shop/db: tcp/5432\n"));
  CHECK(before.code("--diff " + after.path.string()) == 1);
  CHECK(before.code("--diff " + before.path.string()) == 0);
  CHECK(has(before.reach("--json --diff " + after.path.string()), "\"complete\": true"));
}

TEST_CASE("two steps of a scenario can be compared") {
  const auto diff = felixsim("reach scenarios/11_packets.yaml --at step:0 --diff step:1");
  CHECK(diff.code == 1);
  CHECK(has(diff.text, "-default/client -> default/db: all but ipip udp/4789\n"));
}

TEST_CASE("every format tells the same flows") {
  Folder folder("formats");
  folder.add("all.yaml",
             namespaces + pod("web", "10.0.0.2") + pod("db", "10.0.0.1") +
                 policy("db", "db", "{from: [{podSelector: {}}], ports: [{port: 5432}]}"));
  CHECK(has(folder.reach("--format csv"), "\"shop/web\",\"shop/db\",\"tcp/5432\"\n"));
  CHECK(has(folder.reach("--format dot"), "\"shop/web\" -> \"shop/db\" [label=\"tcp/5432\"];\n"));
  CHECK(has(folder.reach("--format markdown"), "| shop/web | shop/db | tcp/5432 |\n"));
  CHECK(has(folder.reach("--format matrix"), "tcp/5432"));
  CHECK(has(folder.reach("--format summary"), "not isolated for ingress:\n  shop/web\n"));
  const auto json = nlohmann::json::parse(folder.reach("--json"));
  CHECK(json["complete"] == true);
  CHECK(json["families"][0]["senders"].size() == 2);
  CHECK(has(folder.reach("--format nothing"), "unknown format 'nothing'"));
  CHECK(has(folder.reach("--format pairs"), "needs a port"));
  CHECK(has(folder.reach("--from nobody"), "there is no pod 'nobody'"));
}

TEST_CASE("explain tells what applies, what decides, and what never does") {
  Folder folder("explain");
  folder.add("all.yaml",
             namespaces + pod("web", "10.0.0.2") + pod("db", "10.0.0.1") +
                 policy("db", "db",
                        "{from: [{podSelector: {matchLabels: {app: web}}}]}, {from: "
                        "[{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}]}, {from: "
                        "[{podSelector: {matchLabels: {app: nobody}}}]}") +
                 policy("idle", "nobody", "{}"));
  const auto explain = [&](const std::string& question) {
    return felixsim("explain " + folder.path.string() + " " + question);
  };
  CHECK(has(explain("pod shop/db").text, "1. KubernetesNetworkPolicy shop/db  ("));
  CHECK(has(explain("pod shop/db").text, "all.yaml:"));
  CHECK(has(explain("policy shop/db").text, "ingress rule 0 (IPv4): allow all from shop/web\n"));
  const auto pair = explain("pair shop/web shop/db");
  CHECK(pair.code == 0);
  CHECK(has(pair.text, "all: allow by KubernetesNetworkPolicy shop/db, ingress rule 0"));
  CHECK(has(explain("pair 10.9.9.9 shop/db").text, "all: deny at the end of tier default"));
  CHECK(has(explain("pairs").text, "shop/web -> shop/db: all but ipip udp/4789 E"));
  CHECK(has(explain("pairs").text, "world 0.0.0.0/0 -> shop/db: none"));
  const auto told = nlohmann::json::parse(explain("pair shop/web shop/db --json").text);
  CHECK(told["answer"][0]["ingress"][0]["policy"] == "KubernetesNetworkPolicy shop/db");
  CHECK(told["answer"][0]["ingress"][0]["action"] == "allow");
  const auto rules = nlohmann::json::parse(explain("policy shop/db --json").text);
  CHECK(rules["answer"][0]["rules"][0]["peers"] == nlohmann::json::array({"shop/web"}));
  const auto tiers = nlohmann::json::parse(explain("pod shop/db --json").text);
  CHECK(tiers["answer"]["ingress"]["tiers"][0]["at_end"] == "deny");
  const auto all = nlohmann::json::parse(explain("pairs --json").text);
  CHECK(all["answer"]["families"][0]["parties"][0] == "shop/db");
  const auto dead = explain("dead");
  CHECK(dead.code == 1);
  CHECK(has(dead.text, "KubernetesNetworkPolicy shop/idle: selects no endpoint"));
  CHECK(has(dead.text, "shop/db, ingress rule 1: all that it matches is decided before"));
  CHECK(has(dead.text, "shop/db, ingress rule 2: matches nothing"));
  CHECK(explain("pod shop/nobody").code == 2);
  CHECK(has(explain("nonsense").text, "unknown question 'nonsense'"));
}

TEST_CASE("names that are not there are an error with the near one, not an empty answer") {
  Folder folder("names");
  folder.add("all.yaml", namespaces + deployment("Deployment", "web", "shop"));
  struct Case {
    std::string arguments, fact, meant;
  };
  for (const auto& c :
       {Case{"--from web", "there is no pod 'web'", "'shop/web'"},
        Case{"--to shop/weeb", "there is no pod 'shop/weeb'", "'shop/web'"},
        Case{"--namespace shopp", "no pod is in namespace 'shopp'", "'shop'"},
        Case{"--from web --diff " + folder.path.string(), "no pod 'web'", "'shop/web'"}})
    DYNAMIC_SECTION(c.arguments) {
      CHECK(folder.code(c.arguments) == 2);
      CHECK(has(folder.reach(c.arguments), c.fact));
      CHECK(has(folder.reach(c.arguments), "did you mean " + c.meant));
    }
}

TEST_CASE("what a branch changes is a comment on its pull request") {
  Folder main("main"), branch("branch");
  const std::string pods =
      namespaces + deployment("Deployment", "web", "shop") + deployment("Deployment", "db", "shop");
  main.add("all.yaml", pods);
  branch.add("all.yaml", pods + policy("db", "db", ""));
  const std::string difference = "--from shop/web --format markdown --diff ";
  CHECK(main.code(difference + branch.path.string()) == 1);
  CHECK(main.reach(difference + branch.path.string()) ==
        "```diff\n-shop/web -> shop/db: all but ipip udp/4789\n```\n");
  CHECK(main.reach(difference + main.path.string()) == "No connection changes.\n");
  CHECK(has(main.reach("--format dot --diff " + branch.path.string()), "use list, json or"));
}

TEST_CASE(
    "rules for ports that nobody has are dead, those that Kubernetes' namespaces bring are not") {
  Folder folder("dead");
  const auto dead = [&] { return felixsim("explain " + folder.path.string() + " dead"); };
  const std::string pods =
      namespaces + deployment("Deployment", "web", "shop") + deployment("Deployment", "db", "shop");
  folder.add("all.yaml", pods + policy("db", "db", "{ports: [{port: sql}]}"));
  CHECK(dead().text.empty());
  CHECK(dead().code == 0);
  folder.add("all.yaml", pods + policy("db", "db", "{ports: [{port: sqll}]}"));
  CHECK(has(felixsim("explain " + folder.path.string() + " policy db").text, "did you mean"));
  CHECK(has(felixsim("explain " + folder.path.string() + " policy shop/db").text,
            "allow tcp to port sqll from anybody"));
  CHECK(has(dead().text, "KubernetesNetworkPolicy shop/db, ingress rule 0: matches nothing"));
  CHECK(dead().code == 1);
}
