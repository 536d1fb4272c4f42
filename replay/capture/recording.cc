// SPDX-License-Identifier: Apache-2.0
// A recorded case as one list of events: what the datastore saw (events.jsonl), what was done to
// the hosts and when (recording.json), and the nodes' Felix (scenario.yaml). Felix's own reports
// are kept; restarts that Felix asked for itself are outputs and are not events.
#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "replay/capture/capture.h"
#include "replay/capture/json_record.h"
#include "replay/capture/record_reader.h"
#include "replay/scenario/scenario.h"

namespace felixsim {
namespace {

using Json = nlohmann::json;

constexpr size_t max_recording_bytes = 256 << 20;
constexpr std::string_view felix_reports = "/calico/felix/";

// What the recordings' kernel has not (their README, "Kernel").
const std::vector<std::string> recorded_kernel_lacks{"ipip", "wireguard", "dummy", "ip_vs"};

struct RecordedStep {
  StepEvent step;
  SimTime read_at = 0;
};

struct Recording {
  std::vector<ScenarioNode> nodes;
  std::vector<Event> datastore, actions;
  std::vector<RecordedStep> steps;
};

Result<SimTime> read_time(const Json& object, const char* name, const std::string& place) {
  if (!object.contains(name) || !object[name].is_number())
    return invalid(fmt::format("{}: '{}' is missing or no number", place, name));
  const auto time = time_of(object[name].dump());
  if (!time) return invalid(fmt::format("{}: '{}' is no time", place, name));
  return *time;
}

const ScenarioNode* find_node(const std::vector<ScenarioNode>& nodes, const std::string& name) {
  for (const auto& node : nodes)
    if (node.name == name) return &node;
  return nullptr;
}

EventBody start_of(const ScenarioNode& node) {
  ProcessEvent start{node.name, ProcessEvent::Kind::start, {}, node.felix_cfg};
  start.environment.assign(node.environment.begin(), node.environment.end());
  return start;
}

Result<EventBody> read_action(const Json& action, const ScenarioNode& node,
                              const std::string& place) {
  if (!action.contains("felix")) return HostEvent{node.name, action.dump()};
  const Json& verb = action["felix"];
  if (verb == "start") return start_of(node);
  if (verb == "stop") return ProcessEvent{node.name, ProcessEvent::Kind::stop, {}, {}};
  if (verb == "kill") return ProcessEvent{node.name, ProcessEvent::Kind::kill, {}, {}};
  if (verb == "restart") return ProcessEvent{node.name, ProcessEvent::Kind::restart, {}, {}};
  return invalid(fmt::format("{}: unknown felix action {}", place, verb.dump()),
                 "use one of start, stop, restart, kill");
}

Status read_actions(const Json& step, const std::string& place, Recording& recording) {
  if (!step.contains("actions")) return {};
  if (!step["actions"].is_array()) return invalid(place + ": 'actions' is not a list");
  size_t index = 0;
  for (const auto& entry : step["actions"]) {
    const std::string here = fmt::format("{}: actions[{}]", place, index++);
    if (!entry.is_object() || !entry.contains("node") || !entry["node"].is_string() ||
        !entry.contains("action") || !entry["action"].is_object())
      return invalid(here + ": not {t, node, action}");
    auto time = read_time(entry, "t", here);
    if (!time) return forward(time);
    const auto* node = find_node(recording.nodes, entry["node"].get<std::string>());
    if (node == nullptr)
      return invalid(fmt::format("{}: scenario.yaml has no node {}", here, entry["node"].dump()));
    auto body = read_action(entry["action"], *node, here);
    if (!body) return forward(body);
    recording.actions.push_back({0, *time, *std::move(body)});
  }
  return {};
}

Status read_steps(const Json& root, const std::string& file, Recording& recording) {
  if (!root.is_object() || !root.contains("steps") || !root["steps"].is_array())
    return invalid(file + ": no list 'steps'");
  for (const auto& step : root["steps"]) {
    const size_t index = recording.steps.size();
    const std::string place = fmt::format("{}: steps[{}]", file, index);
    if (!step.is_object()) return invalid(place + ": not an object");
    auto read_at = read_time(step, "t_read", place);
    if (!read_at) return forward(read_at);
    const bool named = step.contains("name") && step["name"].is_string();
    const bool numbered = step.contains("step") && step["step"].is_number_unsigned();
    const auto number = numbered ? step["step"].get<uint64_t>() : index;
    if (number != index) return invalid(fmt::format("{}: step {} is out of order", place, number));
    recording.steps.push_back(
        {{static_cast<int>(index), named ? step["name"].get<std::string>() : ""}, *read_at});
    if (auto actions = read_actions(step, place, recording); !actions) return actions;
  }
  return {};
}

Result<Json> read_json(const std::string& path) {
  auto text = read_text(path, max_recording_bytes);
  if (!text) return forward(text);
  if (auto checked = check_json_object(*text, path); !checked) return forward(checked);
  auto json = Json::parse(*text, nullptr, false);
  if (json.is_discarded()) return invalid(path + ": bad JSON");
  return json;
}

Result<Recording> read_folder(const std::string& folder) {
  Recording recording;
  const std::string scenario_file = folder + "/scenario.yaml";
  auto text = read_text(scenario_file, max_recording_bytes);
  if (!text) return forward(text);
  auto nodes = load_scenario_nodes(*text, scenario_file);
  if (!nodes) return forward(nodes);
  recording.nodes = *std::move(nodes);
  auto source = stream_jsonl(folder + "/events.jsonl");
  if (!source) return forward(source);
  for (;;) {
    auto event = (*source)->next();
    if (!event) return forward(event);
    if (!*event) break;
    if (!(*event)->time || !std::holds_alternative<DatastoreEvent>((*event)->body))
      return invalid(fmt::format("{}/events.jsonl: event {} has no time, or is none of etcd's",
                                 folder, recording.datastore.size() + 1));
    recording.datastore.push_back(**std::move(event));
  }
  const std::string recording_file = folder + "/recording.json";
  auto root = read_json(recording_file);
  if (!root) return forward(root);
  if (auto steps = read_steps(*root, recording_file, recording); !steps) return forward(steps);
  return recording;
}

// In step 0 Felix starts last: after the step's host actions and what was put into the datastore
// before Felix's first report.
SimTime start_time(const Recording& recording) {
  const SimTime end =
      recording.steps.empty() ? std::numeric_limits<SimTime>::max() : recording.steps[0].read_at;
  SimTime start = 0;
  for (const auto& action : recording.actions)
    if (*action.time <= end) start = std::max(start, *action.time);
  for (const auto& event : recording.datastore) {
    if (std::get<DatastoreEvent>(event.body).key.starts_with(felix_reports)) break;
    if (*event.time <= end) start = std::max(start, *event.time);
  }
  return start;
}

Event facts_of(ScenarioNode node) {
  if (node.kernel_lacks.empty()) node.kernel_lacks = recorded_kernel_lacks;
  return {0, 0, HostEvent{node.name, "{\"facts\":" + host_facts(node) + "}"}};
}

}  // namespace

Result<std::vector<Event>> import_recording(const std::string& folder) {
  auto recording = read_folder(folder);
  if (!recording) return forward(recording);
  // Each list keeps its own order; of equal times the earlier list comes first.
  std::vector<std::vector<Event>> lists(5);
  for (const auto& node : recording->nodes) lists[0].push_back(facts_of(node));
  const SimTime start = start_time(*recording);
  lists[1] = std::move(recording->datastore);
  lists[2] = std::move(recording->actions);
  for (const auto& node : recording->nodes) lists[3].push_back({0, start, start_of(node)});
  for (const auto& step : recording->steps) lists[4].push_back({0, step.read_at, step.step});
  std::vector<Event> merged;
  std::vector<size_t> at(lists.size());
  for (;;) {
    std::optional<size_t> first;
    for (size_t i = 0; i < lists.size(); ++i)
      if (at[i] < lists[i].size() &&
          (!first || *lists[i][at[i]].time < *lists[*first][at[*first]].time))
        first = i;
    if (!first) return merged;
    merged.push_back(std::move(lists[*first][at[*first]++]));
  }
}

}  // namespace felixsim
