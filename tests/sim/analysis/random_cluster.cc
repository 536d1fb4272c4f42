// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/analysis/random_cluster.h"

#include <fmt/format.h>

namespace felixsim::testing {
namespace {

using nlohmann::json;

constexpr size_t namespaces = 3, max_pods = 12;

std::string ns_name(size_t i) { return fmt::format("ns{}", i); }

json object_of(const std::string& api, const std::string& kind, const std::string& name,
               const std::string& ns, json spec) {
  json object{{"apiVersion", api}, {"kind", kind}, {"metadata", {{"name", name}}}};
  if (!ns.empty()) object["metadata"]["namespace"] = ns;
  if (!spec.is_null()) object["spec"] = std::move(spec);
  return object;
}

}  // namespace

json RandomCluster::labels() {
  json labels = json::object();
  if (chance(80)) labels["app"] = one_of({"web", "db", "api"});
  if (chance(50)) labels["tier"] = one_of({"front", "back"});
  return labels;
}

void RandomCluster::add_nodes_and_namespaces() {
  for (const auto& [name, last] : {std::pair("node-a", 1), std::pair("node-b", 2)})
    add(object_of("projectcalico.org/v3", "Node", name, "",
                  {{"bgp",
                    {{"ipv4Address", fmt::format("172.16.0.{}/24", last)},
                     {"ipv6Address", fmt::format("fd00:16::{}/64", last)}}}}));
  for (size_t i = 0; i < namespaces; ++i) {
    json ns = object_of("v1", "Namespace", ns_name(i), "", nullptr);
    ns["metadata"]["labels"] = {{"kubernetes.io/metadata.name", ns_name(i)}};
    if (chance(70)) ns["metadata"]["labels"]["team"] = one_of({"red", "blue"});
    add(ns);
  }
  for (size_t i = below(3); i > 0; --i) {
    tiers_.push_back(fmt::format("tier{}", i));
    json spec{{"order", 100 * below(5)}};
    if (chance(50)) spec["defaultAction"] = one_of({"Pass", "Deny"});
    add(object_of("projectcalico.org/v3", "Tier", tiers_.back(), "", std::move(spec)));
  }
}

void RandomCluster::add_pods() {
  const size_t count = 5 + below(max_pods - 5);
  for (size_t i = 0; i < count; ++i) {
    json ips = json::array({{{"ip", fmt::format("10.0.{}.{}", i % 2, 2 + i)}}});
    if (chance(50)) ips.push_back({{"ip", fmt::format("fd00:10::{}:{}", i % 2, 2 + i)}});
    json ports = json::array();
    if (chance(60)) ports.push_back({{"name", "http"}, {"containerPort", one_of({80, 8080})}});
    if (chance(40))
      ports.push_back(
          {{"name", "dns"}, {"containerPort", 53}, {"protocol", one_of({"UDP", "TCP"})}});
    json pod = object_of("v1", "Pod", fmt::format("pod{}", i), ns_name(below(namespaces)),
                         {{"nodeName", one_of({"node-a", "node-b"})},
                          {"containers", {{{"name", "c"}, {"ports", std::move(ports)}}}}});
    pod["metadata"]["labels"] = labels();
    pod["status"] = {{"phase", "Running"}, {"podIP", ips[0]["ip"]}, {"podIPs", std::move(ips)}};
    add(pod);
  }
}

// A workload with profiles of its own.
void RandomCluster::add_workload_endpoint() {
  json rules = json::array();
  for (size_t i = below(4); i > 0; --i) rules.push_back(calico_rule());
  json profile{{"ingress", rules}, {"labelsToApply", {{"from-profile", "yes"}}}};
  rules.clear();
  for (size_t i = below(3); i > 0; --i) rules.push_back(calico_rule());
  profile["egress"] = rules;
  add(object_of("projectcalico.org/v3", "Profile", "custom", "", std::move(profile)));
  json spec{{"node", "node-a"},
            {"orchestrator", "k8s"},
            {"pod", "extra"},
            {"endpoint", "eth0"},
            {"interfaceName", "calixtra00001"},
            {"ipNetworks", {"10.0.2.1/32", "fd00:10::2:1/128"}},
            {"profiles", chance(70) ? json{"custom", "kns.ns0"} : json{"kns.ns0", "missing"}}};
  json endpoint = object_of("projectcalico.org/v3", "WorkloadEndpoint", "node--a-k8s-extra-eth0",
                            "ns0", std::move(spec));
  endpoint["metadata"]["labels"] = labels();
  add(endpoint);
}

// A slice of addresses of pods, and of others.
void RandomCluster::add_services() {
  for (size_t i = 0; i < 2; ++i) {
    const std::string name = fmt::format("svc{}", i), ns = ns_name(i);
    add(object_of("v1", "Service", name, ns, {{"clusterIP", "None"}}));
    json slice = object_of("discovery.k8s.io/v1", "EndpointSlice", name + "-x", ns, nullptr);
    slice["metadata"]["labels"] = {{"kubernetes.io/service-name", name}};
    const bool v6 = chance(20);
    slice["addressType"] = v6 ? "IPv6" : "IPv4";
    for (size_t pod = below(max_pods), count = 0; count < 3; ++pod, ++count) {
      const std::string address = v6 ? fmt::format("fd00:10::{}:{}", pod % 2, 2 + pod)
                                     : fmt::format("10.0.{}.{}", pod % 2, 2 + pod);
      slice["endpoints"].push_back({{"addresses", json::array({address})}});
    }
    slice["ports"] = {
        {{"name", "p"}, {"port", one_of({80, 8080, 53})}, {"protocol", one_of({"TCP", "UDP"})}}};
    if (chance(30)) slice["ports"].push_back({{"name", "q"}, {"port", 443}, {"protocol", "TCP"}});
    add(slice);
  }
}

// By addresses and ports as what it sends to, by addresses as who sends.
json RandomCluster::service_rule(bool ingress) {
  const size_t number = below(2);
  json service{{"name", fmt::format("svc{}", number)}, {"namespace", ns_name(number)}};
  return {{"action", one_of({"Allow", "Deny", "Pass"})},
          {ingress ? "source" : "destination", {{"services", std::move(service)}}}};
}

std::string RandomCluster::net(bool v6) {
  if (v6)
    return one_of({"fd00:10::/64", "fd00:10::1:0/112", "fd00:10::2", "2001:db8::/32", "::/0"});
  return one_of({"10.0.0.0/24", "10.0.1.0/24", "10.0.0.0/16", "10.0.1.4/30", "10.0.0.2",
                 "192.0.2.0/24", "192.0.2.128/25", "0.0.0.0/0", "172.16.0.0/16"});
}

void RandomCluster::add_network_sets() {
  for (size_t i = below(3); i > 0; --i) {
    json nets = json::array();
    for (size_t n = 1 + below(3); n > 0; --n) nets.push_back(net(chance(30)));
    const bool global = chance(50);
    json set = object_of("projectcalico.org/v3", global ? "GlobalNetworkSet" : "NetworkSet",
                         fmt::format("set{}", i), global ? "" : ns_name(below(namespaces)),
                         {{"nets", std::move(nets)}});
    set["metadata"]["labels"] = labels();
    add(set);
  }
}

json RandomCluster::label_selector() {
  switch (below(5)) {
    case 0:
      return json::object();
    case 1:
      return {{"matchLabels", {{"tier", "front"}}}};
    case 2:
      return {{"matchExpressions",
               {{{"key", "app"}, {"operator", "NotIn"}, {"values", {"web", "db"}}}}}};
    case 3:
      return {{"matchExpressions", {{{"key", "tier"}, {"operator", "Exists"}}}}};
    default:
      return {{"matchLabels", {{"app", one_of({"web", "db", "api"})}}}};
  }
}

json RandomCluster::kubernetes_ports() {
  json ports = json::array();
  for (size_t i = below(3); i > 0; --i) {
    json port{{"protocol", one_of({"TCP", "UDP", "SCTP"})}};
    switch (below(4)) {
      case 0:
        port["port"] = one_of({"http", "dns"});
        break;
      case 1:
        port["port"] = 80;
        port["endPort"] = 443;
        break;
      case 2:
        break;
      default:
        port["port"] = one_of({80, 8080, 53});
    }
    ports.push_back(std::move(port));
  }
  return ports;
}

json RandomCluster::kubernetes_rule(const char* peers) {
  json rule = json::object();
  json list = json::array();
  for (size_t i = below(3); i > 0; --i) {
    json peer;
    switch (below(4)) {
      case 0:
        peer["ipBlock"] = {{"cidr", one_of({"10.0.0.0/16", "192.0.2.0/24", "0.0.0.0/0"})}};
        if (peer["ipBlock"]["cidr"] == "10.0.0.0/16" && chance(50))
          peer["ipBlock"]["except"] = {one_of({"10.0.1.0/24", "10.0.0.4/30"})};
        break;
      case 1:
        peer["namespaceSelector"] = {{"matchLabels", {{"team", one_of({"red", "blue"})}}}};
        if (chance(50)) peer["podSelector"] = label_selector();
        break;
      case 2:
        peer["namespaceSelector"] = json::object();
        break;
      default:
        peer["podSelector"] = label_selector();
    }
    list.push_back(std::move(peer));
  }
  if (!list.empty()) rule[peers] = std::move(list);
  if (auto ports = kubernetes_ports(); !ports.empty()) rule["ports"] = std::move(ports);
  return rule;
}

void RandomCluster::add_kubernetes_policy(size_t number) {
  json spec{{"podSelector", label_selector()}, {"policyTypes", json::array()}};
  for (const auto& [type, field, peers] :
       {std::tuple("Ingress", "ingress", "from"), std::tuple("Egress", "egress", "to")}) {
    if (!chance(60)) continue;
    spec["policyTypes"].push_back(type);
    for (size_t i = below(3); i > 0; --i) spec[field].push_back(kubernetes_rule(peers));
  }
  if (spec["policyTypes"].empty()) spec["policyTypes"] = {"Ingress"};
  add(object_of("networking.k8s.io/v1", "NetworkPolicy", fmt::format("np{}", number),
                ns_name(below(namespaces)), std::move(spec)));
}

std::string RandomCluster::selector() {
  return one_of<const char*>({"app == 'web'", "app in {'web', 'db'}", "app != 'db'", "has(tier)",
                              "!has(tier)", "all()", "tier == 'front' && app == 'api'",
                              "!(app == 'web' || tier == 'back')", "has(from-profile)",
                              "app contains 'b'", "projectcalico.org/namespace == 'ns1'"});
}

json RandomCluster::calico_ports() {
  json ports = json::array();
  for (size_t i = 1 + below(3); i > 0; --i)
    ports.push_back(one_of<json>({80, 8080, 53, "http", "dns", "79:81", "1000:9000"}));
  if (chance(10))
    for (int i = 0; i < 16; ++i) ports.push_back(100 + 2 * i);  // more than one multiport match
  return ports;
}

json RandomCluster::entity(bool ports_allowed, bool v6) {
  json side = json::object();
  if (chance(35)) side["selector"] = selector();
  if (chance(15)) side["notSelector"] = selector();
  if (chance(20)) side["namespaceSelector"] = one_of({"team == 'red'", "has(team)", "all()"});
  if (chance(20))
    for (size_t i = 1 + below(2); i > 0; --i) side["nets"].push_back(net(v6));
  if (chance(15))
    for (size_t i = 1 + below(2); i > 0; --i) {
      std::string negated = net(v6);
      if (!negated.ends_with("/0")) side["notNets"].push_back(std::move(negated));
    }
  if (ports_allowed && chance(45)) side["ports"] = calico_ports();
  if (ports_allowed && chance(15)) side["notPorts"] = calico_ports();
  return side;
}

json RandomCluster::calico_rule() {
  json rule{{"action", one_of({"Allow", "Allow", "Deny", "Pass", "Log"})}};
  const bool v6 = chance(25);
  bool ports = false;
  switch (below(6)) {
    case 0:
    case 1:
      rule["protocol"] = one_of({"TCP", "UDP", "SCTP"});
      ports = true;
      break;
    case 2:
      rule["protocol"] = v6 ? "ICMPv6" : "ICMP";
      if (chance(60)) {
        json icmp{{"type", v6 ? 128 : one_of({8, 13})}};
        if (chance(40)) icmp["code"] = one_of({0, 1});
        rule[chance(70) ? "icmp" : "notICMP"] = std::move(icmp);
      }
      break;
    case 3:
      rule["notProtocol"] = one_of<json>({"TCP", "UDP", 47});
      break;
    default:
      break;
  }
  if (chance(10)) rule["ipVersion"] = v6 ? 6 : 4;
  if (rule.value("protocol", "") == "ICMP") rule.erase("ipVersion");
  if (rule.value("protocol", "") == "ICMPv6") rule.erase("ipVersion");
  if (auto source = entity(ports && chance(20), v6); !source.empty()) rule["source"] = source;
  if (auto destination = entity(ports, v6); !destination.empty()) rule["destination"] = destination;
  return rule;
}

void RandomCluster::add_calico_policy(size_t number) {
  const bool global = chance(50);
  json spec{{"types", json::array()}};
  if (chance(80)) spec["selector"] = selector();
  if (chance(70)) spec["order"] = below(4);
  if (global && chance(30)) spec["namespaceSelector"] = one_of({"team == 'red'", "has(team)"});
  for (const auto& [type, field] :
       {std::pair("Ingress", "ingress"), std::pair("Egress", "egress")}) {
    if (!chance(65)) continue;
    spec["types"].push_back(type);
    for (size_t i = below(4); i > 0; --i)
      spec[field].push_back(chance(10) ? service_rule(type == std::string("Ingress"))
                                       : calico_rule());
  }
  if (spec["types"].empty()) spec["types"] = {"Ingress"};
  std::string name = fmt::format("cnp{}", number);
  if (!tiers_.empty() && chance(50)) {
    spec["tier"] = tiers_[below(tiers_.size())];
    name = spec["tier"].get<std::string>() + "." + name;
  }
  const std::string kind =
      std::string(chance(10) ? "Staged" : "") + (global ? "GlobalNetworkPolicy" : "NetworkPolicy");
  add(object_of("projectcalico.org/v3", kind, name, global ? "" : ns_name(below(namespaces)),
                std::move(spec)));
}

void RandomCluster::add_cluster_policy(size_t number) {
  json spec{{"tier", one_of({"Admin", "Baseline"})},
            {"priority", below(10)},
            {"subject", {{"namespaces", json::object()}}}};
  json rule{{"action", one_of({"Accept", "Deny", "Pass"})}};
  rule["from"] = {{{"namespaces", {{"matchLabels", {{"team", one_of({"red", "blue"})}}}}}}};
  spec["ingress"] = json::array({std::move(rule)});
  add(object_of("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy",
                fmt::format("ccp{}", number), "", std::move(spec)));
}

// Policy of hosts for what they forward.
void RandomCluster::add_host_endpoints() {
  const bool named = chance(30);
  for (const char* node : {"node-a", "node-b"}) {
    if (chance(30)) continue;
    json endpoint = object_of("projectcalico.org/v3", "HostEndpoint", fmt::format("{}-all", node),
                              "", {{"node", node}, {"interfaceName", "*"}});
    endpoint["metadata"]["labels"] = {{"host", node}};
    if (!named || chance(50)) add(endpoint);
    endpoint["metadata"]["name"] = fmt::format("{}-eth0", node);
    if (chance(40)) endpoint["metadata"]["labels"] = {{"no", "policy"}};
    endpoint["spec"]["interfaceName"] = "eth0";
    if (named) add(endpoint);
  }
  for (size_t number = 1 + below(3); number > 0; --number) {
    json spec{{"types", json::array()}, {"applyOnForward", true}, {"order", below(4)}};
    spec["selector"] = one_of({"has(host)", "host == 'node-a'", "all()"});
    for (const auto& [type, field] :
         {std::pair("Ingress", "ingress"), std::pair("Egress", "egress")}) {
      if (!chance(65)) continue;
      spec["types"].push_back(type);
      for (size_t i = 1 + below(4); i > 0; --i) spec[field].push_back(calico_rule());
    }
    if (spec["types"].empty()) spec["types"] = {"Egress"};
    if (chance(named ? 25 : 15)) spec[one_of({"preDNAT", "doNotTrack"})] = true;
    if (spec.contains("preDNAT")) {
      spec["types"] = json::array({"Ingress"});
      spec.erase("egress");
    }
    std::string name = fmt::format("forward{}", number);
    if (!tiers_.empty() && chance(50)) {
      spec["tier"] = tiers_[below(tiers_.size())];
      name = spec["tier"].get<std::string>() + "." + name;
    }
    add(object_of("projectcalico.org/v3", "GlobalNetworkPolicy", name, "", std::move(spec)));
  }
}

std::string RandomCluster::manifests() {
  add_nodes_and_namespaces();
  add_pods();
  if (chance(50)) add_workload_endpoint();
  add_network_sets();
  add_services();
  for (size_t i = below(5); i > 0; --i) add_kubernetes_policy(i);
  for (size_t i = 1 + below(6); i > 0; --i) add_calico_policy(i);
  for (size_t i = below(2); i > 0; --i) add_cluster_policy(i);
  if (chance(40)) add_host_endpoints();
  return std::move(out_);
}

}  // namespace felixsim::testing
