// SPDX-License-Identifier: Apache-2.0
// The member index alone: a snapshot of many endpoints and IP sets, then endpoints and profiles
// that come, change and go. CPU seconds and memory above the input's own.
// usage: index_bench [ENDPOINTS [SETS]]
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "model/calc/ip_set_member_index.h"
#include "model/selector/ip_set_ids.h"

namespace {

using namespace felixsim;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_megabytes() {
  std::ifstream status("/proc/self/statm");
  double pages = 0;
  status >> pages >> pages;
  return pages * 4096 / 1e6;
}

struct Size {
  size_t endpoints = 100000, sets = 2000, namespaces = 200, apps = 25;
};

Labels label_map(std::vector<std::pair<std::string, std::string>> pairs) {
  LabelMap map;
  for (const auto& [key, value] : pairs) map.emplace_back(Symbol(key), Symbol(value));
  std::sort(map.begin(), map.end());
  return std::make_shared<const LabelMap>(std::move(map));
}

// A pod of one of the namespace's apps. `unique`: a label that no other pod has, as pods of
// stateful sets carry.
Update pod(const Size& size, size_t i, bool unique) {
  const std::string ns = fmt::format("ns-{}", i % size.namespaces);
  const size_t app = i / size.namespaces % size.apps;
  WorkloadEndpoint endpoint;
  std::vector<std::pair<std::string, std::string>> labels{
      {"app", fmt::format("app-{}", app)},
      {"tier", fmt::format("tier-{}", app % 3)},
      {"pod-template-hash", fmt::format("{:x}", app * 7919)},
      {"projectcalico.org/namespace", ns},
      {"projectcalico.org/orchestrator", "k8s"},
      {"projectcalico.org/serviceaccount", "default"}};
  if (unique) labels.emplace_back("statefulset.kubernetes.io/pod-name", fmt::format("pod-{}", i));
  endpoint.labels = label_map(std::move(labels));
  endpoint.profile_ids = {Symbol("kns." + ns), Symbol("ksa." + ns + ".default")};
  endpoint.ipv4_nets = {Cidr::host(Ip::v4(0x0a000000u + static_cast<uint32_t>(i)))};
  endpoint.ports = {{Symbol("http"), Protocol{Symbol("tcp"), 0}, 8080}};
  return {WorkloadEndpointKey{Symbol(fmt::format("node-{}", i % 1000)), Symbol("k8s"),
                              Symbol(fmt::format("{}/pod-{}", ns, i)), Symbol("eth0")},
          std::make_shared<const Value>(std::move(endpoint))};
}

Update namespace_profile(size_t ns, const std::string& team) {
  return {ResourceKey{Symbol("Profile"), {}, Symbol(fmt::format("kns.ns-{}", ns))},
          std::make_shared<const Value>(Profile{label_map({{"pcns.team", team}}), {}})};
}

// The selectors of ordinary policies: an app of a namespace, a namespace, a team, everybody.
SelectorPtr selector(const Size& size, size_t i) {
  const size_t ns = i % size.namespaces, app = i / size.namespaces % size.apps;
  std::string text =
      fmt::format("app == 'app-{}' && projectcalico.org/namespace == 'ns-{}'", app, ns);
  if (i % 10 == 1) text = fmt::format("projectcalico.org/namespace == 'ns-{}'", ns);
  if (i % 100 == 2) text = fmt::format("pcns.team == 'team-{}' && has(app)", ns % 20);
  if (i % 1000 == 3) text = fmt::format("all() && tier != 'tier-{}'", i);
  return *parse_selector(text);
}

void run(const Size& size, bool unique, bool sets_first) {
  std::vector<Update> pods;
  for (size_t i = 0; i < size.endpoints; ++i) pods.push_back(pod(size, i, unique));
  std::vector<std::pair<Symbol, SelectorPtr>> sets;
  for (size_t i = 0; i < size.sets; ++i)
    sets.emplace_back(Symbol(fmt::format("set-{}", i)), selector(size, i));

  size_t told = 0;
  const double memory = resident_megabytes(), start = cpu_seconds();
  calc::IpSetMemberIndex index(
      {[&](Symbol, const auto&) { ++told; }, [&](Symbol, const auto&) { ++told; }}, true,
      [](std::string) {});
  const auto add_sets = [&] {
    for (const auto& [id, text] : sets) index.add_ip_set(id, text, named_port_protocol_none, {});
  };
  if (sets_first) add_sets();
  for (size_t ns = 0; ns < size.namespaces; ++ns)
    index.on_update(namespace_profile(ns, fmt::format("team-{}", ns % 20)));
  for (const auto& update : pods) index.on_update(update);
  if (!sets_first) add_sets();
  const double loaded = cpu_seconds();
  const size_t members = told;
  const double used = resident_megabytes() - memory;

  for (size_t ns = 0; ns < size.namespaces; ++ns) index.on_update(namespace_profile(ns, "other"));
  const double profiles_done = cpu_seconds();
  for (size_t i = 0; i < size.endpoints; i += 10) index.on_update({pods[i].key, nullptr});
  for (size_t i = 0; i < size.endpoints; i += 10) index.on_update(pods[i]);
  const double churned = cpu_seconds();
  fmt::print("{:>9} {:>6} {:>7} {:>10} {:>9} {:>9.3f} {:>8.1f} {:>14.2f} {:>12.2f}\n",
             size.endpoints, size.sets, unique ? "unique" : "shared", sets_first ? "sets" : "pods",
             members, loaded - start, used,
             (profiles_done - loaded) / static_cast<double>(size.namespaces) * 1e6,
             (churned - profiles_done) / (static_cast<double>(size.endpoints) / 5) * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  Size size;
  if (argc > 1) size.endpoints = std::strtoull(argv[1], nullptr, 10);
  if (argc > 2) size.sets = std::strtoull(argv[2], nullptr, 10);
  fmt::print("{:>9} {:>6} {:>7} {:>10} {:>9} {:>9} {:>8} {:>14} {:>12}\n", "endpoints", "sets",
             "labels", "first", "members", "load s", "MB", "us/profile", "us/change");
  for (const bool unique : {false, true})
    for (const bool sets_first : {true, false}) run(size, unique, sets_first);
  return 0;
}
