// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/input.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "felixsim/near_name.h"
#include "replay/capture/capture.h"
#include "replay/capture/json_record.h"
#include "replay/scenario/scenario.h"
#include "sim/cli/command.h"
#include "sim/cli/file.h"
#include "sim/cli/folded_events.h"
#include "sim/cli/folder.h"
#include "sim/cli/moment_in_events.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/nodes_to_fly.h"
#include "sim/engine/assumed_host.h"
#include "sim/report/felix_state.h"

namespace felixsim::cli {
namespace {

namespace fs = std::filesystem;

Result<std::vector<Event>> drain(EventSource& source) {
  std::vector<Event> events;
  while (true) {
    auto event = source.next();
    if (!event) return forward(event);
    if (!*event) return events;
    events.push_back(std::move(**event));
  }
}

Result<std::vector<Event>> read_capture(const std::string& format, const std::string& path) {
  auto source = open_capture(format, path);
  if (!source) return forward(source);
  return drain(**source);
}

Result<std::vector<std::string>> manifests_below(const std::string& path) {
  return files_below(path, {".yaml", ".yml", ".json"});
}

Result<std::vector<Event>> read_manifest_folder(const std::string& path) {
  const auto files = manifests_below(path);
  if (!files) return tl::unexpected(files.error());
  if (files->empty())
    return fail(ErrorCode::not_found, fmt::format("{}: holds no manifests (*.yaml, *.json)", path),
                "name an event log, a scenario, a recorded case or a capture");
  std::vector<Event> events;
  for (const auto& file : *files) {
    auto more = read_capture("kubectl", file);
    if (!more) return more;
    std::move(more->begin(), more->end(), std::back_inserter(events));
  }
  return events;
}

// A scenario names its steps at the top level; a manifest names its apiVersion.
bool looks_like_scenario(const std::string& text) {
  return text.rfind("steps:", 0) == 0 || text.find("\nsteps:") != std::string::npos;
}

Result<std::vector<Event>> read_yaml(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  if (!looks_like_scenario(*text)) return read_capture("kubectl", path);
  auto scenario = load_scenario(*text, path);
  if (!scenario) return forward(scenario);
  return to_events(*scenario);
}

// JSON is a capture in lines, an etcd watch, what kubectl watches or lists: its first bytes tell.
enum class JsonInput : uint8_t { none, empty, etcd_watch, manifests, kubectl_watch, lines };

Result<JsonInput> json_input(const std::string& path) {
  const auto read = read_head(path, 4096);
  if (!read) return tl::unexpected(read.error());
  const std::string& head = *read;
  const size_t first = head.find_first_not_of(" \t\r\n");
  if (first == head.npos) return JsonInput::empty;
  if (head[first] != '{' && head[first] != '[') return JsonInput::none;
  const auto has = [&](const char* key) { return head.find(key) != head.npos; };
  if (has("\"Header\"") || has("\"Events\"")) return JsonInput::etcd_watch;
  if (head.find("\"apiVersion\"") >= head.find("\"key\"")) return JsonInput::lines;
  return has("\"object\"") ? JsonInput::kubectl_watch : JsonInput::manifests;
}

Result<std::vector<Event>> read_json(const std::string& path) {
  constexpr const char* what_to_give =
      "name an event log, a scenario or manifests (*.yaml), a recorded case or a capture in JSON";
  const auto input = json_input(path);
  if (!input) return tl::unexpected(input.error());
  switch (*input) {
    case JsonInput::empty:
      return invalid(path + ": is empty", what_to_give);
    case JsonInput::none:
      return invalid(path + ": is no event log, and no JSON either", what_to_give);
    case JsonInput::etcd_watch:
      return read_capture("etcd-watch", path);
    case JsonInput::manifests:
    case JsonInput::kubectl_watch:
      return read_capture("kubectl", path);
    case JsonInput::lines:
      return read_capture("jsonl", path);
  }
  return invalid(path + ": cannot be read", what_to_give);
}

Result<std::vector<Event>> read_events(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error))
    return fs::exists(path + "/recording.json", error) ? read_capture("recording", path)
                                                       : read_manifest_folder(path);
  if (path == "-" && !fs::exists(path, error))
    return fail(ErrorCode::unsupported, "standard input is not read here, but by import",
                "felixsim import --from FORMAT - --log LOG, then name LOG");
  if (!fs::exists(path, error))
    return fail(ErrorCode::not_found, fmt::format("{}: there is no such file", path),
                "name an event log, a scenario, a recorded case or a capture");
  if (!fs::is_regular_file(path, error))
    return fail(ErrorCode::unsupported, path + ": a pipe or device, not a file",
                "it is read more than once: write it to a file first");
  const auto extension = fs::path(path).extension();
  return extension == ".yaml" || extension == ".yml" ? read_yaml(path) : read_json(path);
}

// The workload's interface of a host action; empty: it is another action.
std::string workload_interface(const std::string& action) {
  if (!action.starts_with("{\"workload\"")) return {};
  return nlohmann::json::parse(action)["workload"].value("iface", "");
}

// A workload's interface is as the node has it, or not there.
Status plug_captured(Cluster& cluster, const std::string& node, const Event& event,
                     const std::map<std::string, std::string>& interfaces,
                     const std::string& name) {
  const auto captured = interfaces.find(name);
  if (captured == interfaces.end()) return {};
  if (auto applied = cluster.apply(event); !applied) return applied;
  const std::string facts = fmt::format("{{\"facts\":{{\"interfaces\":[{}]}}}}", captured->second);
  return cluster.apply({0, std::nullopt, HostEvent{node, facts}});
}

// The node's host and Felix, where no event says anything of them.
// What kubelet leaves where its iptables write, and Felix looks for (environment
// feature_detect_linux.go, hasKubernetesChains).
Event kubelet_hint(const std::string& node, IptBackend backend) {
  return {0, std::nullopt,
          HostEvent{node, fmt::format(R"({{"exec":"iptables-{} -t mangle -N KUBE-IPTABLES-HINT"}})",
                                      backend == IptBackend::nft ? "nft" : "legacy")}};
}

Status assume(Flight& flight, const std::string& node, const FlightRequest& request) {
  const auto& file = request.host;
  AssumedHost assumed = assume_host(flight.cluster->datastore(), node);
  for (auto& event : assumed.events) {
    auto* host = std::get_if<HostEvent>(&event.body);
    if (host && file && !file->facts.empty() && host->action.starts_with("{\"facts\""))
      host->action = file->facts;
    auto* process = std::get_if<ProcessEvent>(&event.body);
    if (process && file) {
      process->environment = file->environment;
      process->felix_cfg = file->felix_cfg;
    }
    if (process && request.iptables)
      if (auto hinted = flight.cluster->apply(kubelet_hint(node, *request.iptables)); !hinted)
        return hinted;
    const std::string iface = host ? workload_interface(host->action) : "";
    auto applied = !iface.empty() && file && file->interfaces
                       ? plug_captured(*flight.cluster, node, event, *file->interfaces, iface)
                       : flight.cluster->apply(event);
    if (!applied) return applied;
  }
  if (file && !file->notes.empty())
    for (const auto& note : file->notes)
      flight.notes.push_back(fmt::format("host {}: {}", node, note));
  else if (file)
    flight.notes.push_back(
        fmt::format("host {}: from the host file; an interface for each workload endpoint", node));
  else
    flight.notes.insert(flight.notes.end(), assumed.notes.begin(), assumed.notes.end());
  flight.cluster->settle();
  return {};
}

// Hosts of the datastore: those that have a Node resource.
std::set<std::string> datastore_nodes(const DatastoreView& datastore) {
  std::set<std::string> names;
  for (const auto& [key, value] : datastore.current())
    if (const auto* resource = std::get_if<ResourceKey>(&key))
      if (resource->kind.view() == "Node") names.insert(resource->name.str());
  return names;
}

}  // namespace

Result<std::vector<std::string>> manifest_files(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error) && fs::exists(path + "/recording.json", error)) return {};
  if (fs::is_directory(path, error)) return manifests_below(path);
  if (!fs::is_regular_file(path, error)) return {};
  const auto extension = fs::path(path).extension();
  bool manifests = false;
  if (extension == ".yaml" || extension == ".yml") {
    const auto text = read_file(path);
    manifests = text && !looks_like_scenario(*text);
  } else {
    const auto input = json_input(path);
    manifests = input && *input == JsonInput::manifests;
  }
  return manifests ? std::vector{path} : std::vector<std::string>();
}

Result<Input> Input::open(const std::string& path) {
  Input input;
  input.path_ = path;
  if (looks_like_event_log(path)) {
    auto log = EventLog::open(path);
    if (!log) return forward(log);
    input.log_ = std::move(*log);
    return input;
  }
  auto events = read_events(path);
  if (!events) return forward(events);
  input.events_ = std::move(*events);
  return input;
}

Input Input::of_events(std::string path, std::vector<Event> events) {
  Input input;
  input.path_ = std::move(path);
  input.events_ = std::move(events);
  return input;
}

Result<std::vector<Event>> Input::events_until(const Moment& moment,
                                               const std::set<std::string>& nodes,
                                               bool every_change) const {
  if (log_) {
    auto last = log_->resolve(moment);
    if (!last) return forward(last);
    if (every_change) return drain(*log_->events(1, *last));
    return folded_events(*log_, *last, nodes);
  }
  auto count = resolve_in(events_, moment);
  if (!count) return forward(count);
  return std::vector<Event>(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(*count));
}

Result<int64_t> Input::position_of(const Moment& moment) const {
  if (log_) return log_->resolve(moment);
  auto count = resolve_in(events_, moment);
  if (!count) return forward(count);
  return static_cast<int64_t>(*count);
}

Result<Event> Input::event_at(int64_t position) const {
  if (log_) {
    auto event = log_->events(position, position)->next();
    if (!event) return forward(event);
    if (*event) return std::move(**event);
  } else if (position >= 1 && position <= static_cast<int64_t>(events_.size())) {
    Event event = events_[static_cast<size_t>(position) - 1];
    event.sequence = position;
    return event;
  }
  return fail(ErrorCode::not_found, fmt::format("there is no event {}", position));
}

Result<HostFile> read_host_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  if (auto checked = check_json_object(*text, path); !checked) return forward(checked);
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  constexpr const char* help =
      R"(a JSON object such as {"facts": {"interfaces": [...]}, "env": {"FELIX_X": "y"}, "felix_cfg": "..."})";
  if (!json.is_object()) return invalid(path + ": is no JSON object", help);
  HostFile host;
  for (const auto& [key, value] : json.items()) {
    if (key == "facts" && value.is_object()) {
      host.facts = nlohmann::json{{"facts", value}}.dump();
    } else if (key == "felix_cfg" && value.is_string()) {
      host.felix_cfg = value.get<std::string>();
    } else if (key == "env" && value.is_object()) {
      for (const auto& [name, setting] : value.items()) {
        if (!setting.is_string())
          return invalid(fmt::format("{}: env.{} is no string", path, name), help);
        host.environment.emplace_back(name, setting.get<std::string>());
      }
    } else {
      return invalid(fmt::format("{}: unknown or mistyped key '{}'", path, key), help);
    }
  }
  return host;
}

namespace {

// Nothing is known of what happened between the last event and the moment.
Status note_if_beyond(const Input& input, const Moment& moment) {
  if (moment.kind != Moment::Kind::time) return {};
  auto end = input.position_of({}), at = input.position_of(moment);
  if (!end) return forward(end);
  if (!at) return forward(at);
  if (*at < *end || *end == 0) return {};
  auto last = input.event_at(*end);
  if (!last) return forward(last);
  if (last->time && *last->time < moment.number)
    print_note("note: {} is after the last event, at {}: what came since is not in the input",
               time_text(moment.number), time_text(*last->time));
  return {};
}

}  // namespace

Result<Flight> fly(const Input& input, const FlightRequest& request) {
  if (auto noted = note_if_beyond(input, request.moment); !noted) return forward(noted);
  ClusterOptions options = request.options;
  const bool every = options.every_change;
  auto events = input.events_until(request.moment, request.nodes, every);
  if (!events) return forward(events);
  options.nodes = nodes_to_fly(*events, request.nodes);
  if (options.nodes != request.nodes)
    events = input.events_until(request.moment, options.nodes, every);
  if (!events) return forward(events);
  Flight flight{std::make_unique<Cluster>(options), {}};
  for (const auto& event : *events)
    if (auto applied = flight.cluster->apply(event); !applied) return forward(applied);
  if (request.moment.kind == Moment::Kind::time)
    flight.cluster->pass_until(request.moment.number);
  else
    flight.cluster->settle();
  std::set<std::string> names =
      request.nodes.empty() ? datastore_nodes(flight.cluster->datastore()) : request.nodes;
  for (const auto& name : names)
    if (!flight.cluster->find(name) && datastore_nodes(flight.cluster->datastore()).contains(name))
      if (auto assumed = assume(flight, name, request); !assumed) return forward(assumed);
  return flight;
}

void print_trouble(const NodeFlight& node) {
  if (node.state != FelixState::running)
    print_note("note: Felix on {}: {}", node.name, felix_state_text(node));
  for (const auto& problem : {wireguard_problem(node), bpf_problem(node)})
    if (!problem.empty()) print_note("note: {}", problem);
}

Result<const NodeFlight*> find_node(const Cluster& cluster, const std::string& name) {
  if (const NodeFlight* node = cluster.find(name)) return node;
  std::vector<std::string> names;
  for (const auto& [known, node] : cluster.nodes()) names.push_back(known);
  const auto more = datastore_nodes(cluster.datastore());
  names.insert(names.end(), more.begin(), more.end());
  return fail(ErrorCode::not_found, fmt::format("there is no node '{}'", name),
              names.empty() ? "no event names a node"
                            : fmt::format("{}the nodes are {}", did_you_mean(name, names),
                                          fmt::join(names, ", ")));
}

Result<FlightRequest> flight_request(const std::string& version, const std::string& at,
                                     const std::string& host) {
  FlightRequest request;
  const auto felix = parse_version(version);
  if (!felix) return tl::unexpected(felix.error());
  auto moment = parse_moment(at);
  if (!moment) return tl::unexpected(std::move(moment.error()).with_context("--at"));
  request.options.version = *felix;
  request.moment = *moment;
  if (host.empty()) return request;
  auto file = read_host_file(host);
  if (!file) return forward(file);
  request.host = std::move(*file);
  return request;
}

}  // namespace felixsim::cli
