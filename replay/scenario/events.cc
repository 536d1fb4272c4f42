// SPDX-License-Identifier: Apache-2.0
// A scenario as the events of a log. The order of a step is that of the recordings' README.
#include <nlohmann/json.hpp>

#include "model/datastore/resources.h"
#include "replay/scenario/kubernetes_policy.h"
#include "replay/scenario/resources.h"
#include "replay/scenario/scenario.h"
#include "replay/scenario/scene.h"

namespace felixsim {
namespace {

using nlohmann::json;

// Scenarios have no clock: creation times count seconds from 2000-01-01 by datastore revision, so
// that their order is the order of creation.
std::string invented_time(int64_t revision) {
  return fmt::format("2000-01-{:02}T{:02}:{:02}:{:02}Z", 1 + revision / 86400 % 28,
                     revision / 3600 % 24, revision / 60 % 60, revision % 60);
}

class EventWriter {
 public:
  EventWriter(FelixVersion version, std::string file) : version_(version), file_(std::move(file)) {}

  Result<std::vector<Event>> take() {
    if (error_) return tl::unexpected(*error_);
    return std::move(events_);
  }

  void add(EventBody body) {
    Event event;
    event.sequence = static_cast<int64_t>(events_.size()) + 1;
    event.body = std::move(body);
    events_.push_back(std::move(event));
  }

  // What calicoctl finds or makes on its first use.
  void initialise_datastore() {
    apply({{"kind", "ClusterInformation"},
           {"metadata", {{"name", "default"}}},
           {"spec",
            {{"clusterGUID", "00000000000000000000000000000000"}, {"datastoreReady", true}}}});
    if (version_ == FelixVersion::v3_28) return;
    tier("default", "Deny", 1000000);
    tier("kube-admin", "Pass", 1000);
    tier("kube-baseline", "Pass", 10000000);
  }

  void change(const DatastoreChange& change) {
    using Kind = DatastoreChange::Kind;
    origin_ = change.place.line > 0 ? fmt::format("{}:{}", file_, change.place.line) : "";
    switch (change.kind) {
      case Kind::apply:
        apply(json::parse(change.json));
        return;
      case Kind::remove: {
        json resource = json::parse(change.json);
        if (is_of_kubernetes(resource)) return convert(std::move(resource), true);
        erase(scenario::prepare_resource(resource, version_));
        return;
      }
      case Kind::put:
        put(change.key, json::parse(change.json));
        return;
      case Kind::del:
        erase(change.key);
        return;
    }
  }

  void host(const HostAction& action, const std::map<std::string, const ScenarioNode*>& nodes) {
    const json parsed = json::parse(action.json);
    if (!parsed.contains("felix")) {
      add(HostEvent{action.node, action.json});
      return;
    }
    const std::string word = parsed["felix"];
    if (word == "start")
      start(*nodes.at(action.node));
    else if (word == "stop")
      add(ProcessEvent{action.node, ProcessEvent::Kind::stop, {}, {}});
    else if (word == "kill")
      add(ProcessEvent{action.node, ProcessEvent::Kind::kill, {}, {}});
    else
      add(ProcessEvent{action.node, ProcessEvent::Kind::restart, {}, {}});
  }

  void start(const ScenarioNode& node) {
    ProcessEvent event{node.name, ProcessEvent::Kind::start, {}, node.felix_cfg};
    event.environment.assign(node.environment.begin(), node.environment.end());
    add(std::move(event));
  }

 private:
  struct Stored {
    int64_t created = 0;
    std::string uid;
  };

  void tier(const char* name, const char* action, int order) {
    apply({{"kind", "Tier"},
           {"metadata", {{"name", name}}},
           {"spec", {{"defaultAction", action}, {"order", order}}}});
  }

  static bool is_of_kubernetes(const json& resource) {
    return resource.value("apiVersion", "") == kubernetes_policy_api;
  }

  void apply(json resource) {
    if (is_of_kubernetes(resource)) return convert(std::move(resource), false);
    if (!scenario::refusal(resource).empty()) return;
    const std::string key = scenario::prepare_resource(resource, version_);
    scenario::fill_defaults(resource, version_);
    complete_metadata(key, resource["metadata"]);
    put(key, resource);
  }

  // What the API server fills in of an object that is stored under this key.
  void complete_metadata(const std::string& key, json& metadata) {
    const auto [stored, fresh] = stored_.try_emplace(key);
    if (fresh)
      stored->second = {revision_ + 1, fmt::format("00000000-0000-4000-8000-{:012x}", ++uids_)};
    if (!metadata.contains("uid")) metadata["uid"] = stored->second.uid;
    if (!metadata.contains("creationTimestamp"))
      metadata["creationTimestamp"] = invented_time(stored->second.created);
  }

  // A NetworkPolicy of Kubernetes is stored as Calico's Kubernetes datastore shows it.
  void convert(json resource, bool deleted) {
    json& metadata = resource["metadata"];
    if (!metadata.contains("namespace")) metadata["namespace"] = "default";
    const std::string name = metadata.value("namespace", "") + "/" + metadata.value("name", "");
    if (!deleted) complete_metadata("NetworkPolicy of Kubernetes " + name, metadata);
    if (version_ == FelixVersion::v3_28)
      return fail_at("a NetworkPolicy of Kubernetes is stored as v3.32 does: not with v3.28");
    const auto converted = convert_resource(resource.dump(), deleted);
    if (!converted) return fail_at(converted.error().message);
    if (!converted->errors.empty()) return fail_at(converted->errors.front());
    for (const auto& stored : converted->stored)
      add(DatastoreEvent{++revision_, stored.key, stored.value, origin_});
  }

  void fail_at(const std::string& fact) {
    if (!error_) error_ = Error{ErrorCode::invalid_input, fmt::format("{}: {}", origin_, fact), {}};
  }

  void put(const std::string& key, const json& value) {
    add(DatastoreEvent{++revision_, key, value.dump(-1, ' ', false, json::error_handler_t::replace),
                       origin_});
  }

  void erase(const std::string& key) {
    stored_.erase(key);
    add(DatastoreEvent{++revision_, key, std::nullopt, origin_});
  }

  FelixVersion version_;
  std::string file_, origin_;
  std::vector<Event> events_;
  std::optional<Error> error_;  // the first
  int64_t revision_ = 1, uids_ = 0;
  std::map<std::string, Stored> stored_;  // by key
};

}  // namespace

std::string host_facts(const ScenarioNode& node) {
  json facts = json::parse(scene_facts(node.number, node.ip, node.ip6, node.kernel_lacks));
  if (node.facts.empty()) return facts.dump();
  const json own = json::parse(node.facts);
  for (const char* key : {"interfaces", "routes"})
    if (own.contains(key)) facts[key] = own[key];
  if (own.contains("sysctls")) facts["sysctls"].update(own["sysctls"]);
  return facts.dump();
}

namespace {

Result<std::vector<Event>> write_events(const Scenario& scenario, FelixVersion version) {
  EventWriter writer(version, scenario.file);
  std::map<std::string, const ScenarioNode*> nodes;
  for (const ScenarioNode& node : scenario.nodes) nodes.emplace(node.name, &node);
  for (const ScenarioNode& node : scenario.nodes) {
    writer.add(HostEvent{node.name, "{\"facts\":" + host_facts(node) + "}"});
    for (const HostAction& action : node.host) writer.host(action, nodes);
  }
  for (size_t number = 0; number < scenario.steps.size(); ++number) {
    const Step& step = scenario.steps[number];
    for (const HostAction& action : step.host_before) writer.host(action, nodes);
    if (number == 0) writer.initialise_datastore();
    for (const DatastoreChange& change : step.datastore) writer.change(change);
    for (const HostAction& action : step.host) writer.host(action, nodes);
    if (number == 0)
      for (const ScenarioNode& node : scenario.nodes) writer.start(node);
    writer.add(StepEvent{static_cast<int>(number), step.name});
  }
  return writer.take();
}

}  // namespace

Result<std::vector<Event>> to_events(const Scenario& scenario, FelixVersion version) {
  try {
    return write_events(scenario, version);
  } catch (const json::exception& e) {
    return invalid(
        fmt::format("{}: a resource is not as calicoctl takes it: {}", scenario.file, e.what()),
        "compare it with `calicoctl get -o yaml` of one of its kind");
  }
}

std::vector<ScenarioPod> pods_after(const Scenario& scenario, size_t step) {
  std::map<std::string, ScenarioPod> pods;
  const auto run = [&pods](const std::vector<HostAction>& actions) {
    for (const HostAction& action : actions) {
      const json parsed = json::parse(action.json);
      if (const auto removed = parsed.find("remove-workload"); removed != parsed.end())
        pods.erase(removed->at("pod").get<std::string>());
      const auto added = parsed.find("workload");
      if (added == parsed.end()) continue;
      ScenarioPod pod{added->at("pod"), action.node, added->at("iface"), {}};
      for (const json& ip : added->at("ips")) pod.addresses.push_back(ip);
      pods[pod.name] = std::move(pod);
    }
  };
  for (const ScenarioNode& node : scenario.nodes) run(node.host);
  for (size_t i = 0; i <= step && i < scenario.steps.size(); ++i) {
    run(scenario.steps[i].host_before);
    run(scenario.steps[i].host);
  }
  std::vector<ScenarioPod> result;
  for (auto& [name, pod] : pods) result.push_back(std::move(pod));
  return result;
}

}  // namespace felixsim
