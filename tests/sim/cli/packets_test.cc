// SPDX-License-Identifier: Apache-2.0
// Questions about packets, as a person asks them: trace, bisect, and packets in scenarios.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "run_binary.h"

using cli_test::felixsim;
using cli_test::Outcome;

namespace {

namespace fs = std::filesystem;

bool has(const Outcome& outcome, const std::string& text) {
  INFO(outcome.text);
  return outcome.text.find(text) != std::string::npos;
}

const std::string scenario = "scenarios/11_packets.yaml";
const std::string tiers = "scenarios/04_order_and_tiers.yaml";

// Runs one step of `expect` on two pods, of which `client` may not reach `web`.
Outcome run_expectation(const std::string& expectation) {
  const fs::path file =
      fs::temp_directory_path() / fmt::format("felixsim-packets-{}.yaml", getpid());
  std::ofstream(file) << "nodes: [node-a]\nsteps:\n- name: one\n"
                         "  pods: [web 10.244.0.2 on node-a app=web, client on node-a]\n"
                         "  apply:\n"
                         "  - kind: GlobalNetworkPolicy\n    metadata: {name: closed}\n"
                         "    spec: {selector: app == 'web', types: [Ingress], ingress: [{action: "
                         "Deny}]}\n"
                         "  expect:\n  - \""
                      << expectation << "\"\n";
  auto outcome = felixsim("run " + file.string());
  fs::remove(file);
  return outcome;
}

}  // namespace

TEST_CASE("trace answers by its exit code, and names policy, tier, rule and line") {
  const auto denied = felixsim("trace " + tiers + " --from client --to web --port 80 --at step:0");
  CHECK(denied.code == 1);
  CHECK(has(denied, "node-a:FORWARD filter"));
  CHECK(has(denied,
            "denied by GlobalNetworkPolicy deny (tier default), ingress rule 0, "
            "scenarios/04_order_and_tiers.yaml:14"));
  const auto allowed = felixsim("trace " + tiers + " --from client --to web --port 80 --at step:1");
  CHECK(allowed.code == 0);
  CHECK(has(allowed, "allowed by GlobalNetworkPolicy allow"));
}

TEST_CASE("the second rule of a policy is told from the first") {
  const auto first = felixsim("trace " + scenario + " --from client --to db --port 5432 --brief");
  CHECK(has(first, "denied by NetworkPolicy default/db-only-web (tier default), ingress rule 0"));
  const auto second = felixsim("trace " + scenario + " --from web --to db --port 5432 --brief");
  CHECK(has(second, "allowed by NetworkPolicy default/db-only-web (tier default), ingress rule 1"));
}

TEST_CASE("decisions of Felix v3.28 are told by its names") {
  const std::string ends =
      "trace tests/vectors/recording-v3.28/marks-and-nat-options --felix-version v3.28 --at step:1 "
      "--brief --from pod1 --to pod2 --port ";
  CHECK(has(felixsim(ends + "80"), "allowed by Policy default.p (tier default), ingress rule 0"));
  CHECK(has(felixsim(ends + "8080"),
            "denied at the end of tier default, ingress: none of Policy default.p matched"));
}

TEST_CASE("trace tells that a Felix on the way does not run, and why") {
  const fs::path file =
      fs::temp_directory_path() / fmt::format("felixsim-unready-{}.yaml", getpid());
  std::ofstream(file) << "nodes: [node-a]\nsteps:\n- name: one\n"
                         "  pods: [web on node-a, client on node-a]\n"
                         "- name: two\n"
                         "  delete: [{kind: ClusterInformation, metadata: {name: default}}]\n";
  const auto outcome = felixsim("trace " + file.string() + " --from client --to web --port 80");
  fs::remove(file);
  CHECK(has(outcome, "note: Felix on node-a: dead: the datastore became unready"));
}

TEST_CASE("trace explains hooks and jumps in sentences") {
  const auto outcome = felixsim("trace " + scenario + " --from web --to db --port 5432 --explain");
  CHECK(has(outcome, "# FORWARD on node-a, table filter: policy."));
  CHECK(has(outcome, "egress policy of the workload that sends"));
  CHECK(has(outcome, "put into a tunnel by vxlan.calico to 172.16.0.2"));
}

TEST_CASE("trace as JSON says the same") {
  const auto outcome = felixsim("trace " + scenario + " --from client --to db --port 5432 --json");
  CHECK(outcome.code == 1);
  const auto json = nlohmann::json::parse(outcome.text);
  CHECK(json.at("schema") == 1);
  CHECK(json.at("verdict") == "blocked");
  CHECK(json.at("decisions").back().at("name") == "NetworkPolicy default/db-only-web");
  CHECK(json.at("decisions").back().at("rule") == 0);
  CHECK_FALSE(json.at("steps").empty());
}

TEST_CASE("an end that is not there is an error that names those that are") {
  const auto outcome = felixsim("trace " + scenario + " --from nobody --to db --port 80");
  CHECK(outcome.code == 2);
  CHECK(has(outcome, "there is no pod, node or address 'nobody'"));
  CHECK(has(outcome, "client"));
  CHECK(felixsim("trace " + scenario + " --from web --to db").code == 2);
}

TEST_CASE("ends may be addresses, nodes and the world") {
  CHECK(felixsim("trace " + scenario + " --from 10.244.0.2 --to 10.244.0.66 --port 5432").code ==
        0);
  CHECK(felixsim("trace " + scenario + " --from node-b --to db --port 1").code == 0);
  CHECK(felixsim("trace " + scenario + " --from web --to world --port 443").code == 0);
  CHECK(felixsim("trace " + scenario + " --from world --to db --port 5432").code == 1);
  CHECK(felixsim("trace " + scenario + " --from web --to db --proto icmp").code == 1);
}

TEST_CASE("packets in expectations pass, fail with their way, or are no expectation") {
  struct Case {
    std::string expectation;
    int code;
    std::string text;
  };
  for (const auto& c :
       {Case{"client -> web tcp/80: deny", 0, "1 passed"},
        Case{"client -> web tcp/80: blocked by closed", 0, "1 passed"},
        Case{"client -> web icmp: deny by GlobalNetworkPolicy closed", 0, "1 passed"},
        Case{"web -> client tcp/80: allow by profile kns.default", 0, "1 passed"},
        Case{"client -> web tcp/80: allow", 1, "denied by GlobalNetworkPolicy closed"},
        Case{"client -> web tcp/80: deny by tier default", 1, "expected denied by tier default"},
        Case{"client -> web tcp/80: refused", 1, "cali-tw-caliweb"},
        Case{"client -> nobody tcp/80: deny", 1, "there is no pod, node or address 'nobody'"},
        Case{"client -> web tcp/80: maybe", 2, "unknown verdict 'maybe'"},
        Case{"client -> web tcp/80", 2, "cannot read the expectation"},
        Case{"client -> web tcp/80: deny because", 2, "cannot read 'because'"}})
    DYNAMIC_SECTION(c.expectation) {
      const auto outcome = run_expectation(c.expectation);
      CHECK(outcome.code == c.code);
      CHECK(has(outcome, c.text));
    }
}

TEST_CASE("bisect finds the event, in either direction") {
  const std::string probe = " --probe \"client -> web tcp/80\"";
  const auto opens = felixsim("bisect " + tiers + probe + " --good step:0 --bad step:1");
  CHECK(opens.code == 0);
  CHECK(has(opens, "globalnetworkpolicies/allow (scenarios/04_order_and_tiers.yaml:24)"));
  CHECK(has(opens, "=== before"));
  const auto closes = felixsim("bisect " + tiers + probe + " --good step:1 --bad step:2 --json");
  CHECK(closes.code == 0);
  const auto json = nlohmann::json::parse(closes.text);
  CHECK(json.at("before").at("verdict") == "allowed");
  CHECK(json.at("after").at("verdict") == "blocked");
  const auto same = felixsim("bisect " + tiers + probe + " --good step:0 --bad step:2");
  CHECK(same.code == 1);
  CHECK(has(same, "the probe is blocked at both moments"));
  const auto nobody =
      felixsim("bisect " + tiers + " --probe \"nobody -> web tcp/80\" --good step:0");
  CHECK(nobody.code == 2);
  CHECK(has(nobody, "at both moments: there is no pod, node or address 'nobody'"));
}

TEST_CASE("a packet that is lost behind the last rule is not denied by the rule that accepts it") {
  const auto lost = felixsim(
      "trace tests/vectors/recording/vxlan-two-nodes --from web1 --to db1 --port 80 --brief");
  CHECK(lost.code == 1);
  CHECK(has(lost, "  on node-a: lost: no node has a route to 10.244.0.67"));
  CHECK_FALSE(has(lost, "denied by"));
}

TEST_CASE(
    "a scenario takes NetworkPolicies of Kubernetes, as Calico's Kubernetes datastore shows them") {
  const std::string head =
      "nodes: [node-a]\n"
      "cluster: {namespaces: {shop: {team: red}, ops: {team: blue}}}\n"
      "steps:\n"
      "- name: closed\n"
      "  pods: [shop/db on node-a app=db, shop/web on node-a, ops/probe on node-a]\n"
      "  apply:\n"
      "  - apiVersion: networking.k8s.io/v1\n"
      "    kind: NetworkPolicy\n"
      "    metadata: {name: db, namespace: shop}\n";
  const std::string spec =
      "    spec:\n"
      "      podSelector: {matchLabels: {app: db}}\n"
      "      ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}}], ports: [{port: "
      "80}]}]\n";
  const std::string tail =
      "  expect:\n"
      "  - \"ops/probe -> shop/db tcp/80: allow by KubernetesNetworkPolicy shop/db\"\n"
      "  - \"ops/probe -> shop/db tcp/81: deny by shop/db\"\n"
      "  - \"shop/web -> shop/db tcp/80: deny by shop/db\"\n"
      "- name: open again\n"
      "  delete:\n"
      "  - {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db, namespace: "
      "shop}}\n"
      "  expect:\n"
      "  - \"shop/web -> shop/db tcp/80: allow by profile kns.shop\"\n";
  const fs::path file =
      fs::temp_directory_path() / fmt::format("felixsim-kubernetes-{}.yaml", getpid());
  const auto run = [&](const std::string& text, const std::string& options) {
    std::ofstream(file) << text;
    return felixsim("run " + file.string() + options);
  };
  const auto good = run(head + spec + tail, "");
  INFO(good.text);
  CHECK(good.code == 0);
  CHECK(has(run(head + spec + tail, " --felix-version v3.28"), "not with v3.28"));
  const auto mistyped = run(head + "    spec: {podSelectr: {}}\n", "");
  CHECK(mistyped.code == 2);
  CHECK(has(mistyped, ":10:12: NetworkPolicy 'db' spec: unknown key 'podSelectr'"));
  CHECK(has(run(head + "    spec: {ingress: [{ports: [{port: 70000}]}]}\n", ""),
            "ingress rule 0 is dropped: port '70000' is not valid"));
  fs::remove(file);
}
