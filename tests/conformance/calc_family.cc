// SPDX-License-Identifier: Apache-2.0
// The calc family: streams of datastore updates through the whole calc graph, step by step.
#include "conform.h"
#include "felixsim/check.h"
#include "folded_state.h"
#include "model/calc/calc_graph.h"
#include "model/calc/config_options.h"
#include "model/calc/message_json.h"
#include "model/datastore/key_text.h"
#include "model/datastore/value_text.h"

namespace felixsim::conform {
namespace {

using Difference = std::optional<std::string>;

calc::CalcGraph make_graph(const json& meta, FelixVersion version) {
  const std::string hostname = meta.at("hostname");
  auto config = std::make_shared<Config>(version, ConfigHost{hostname, {}});
  StringMap raw = meta.at("config");
  raw.emplace("FelixHostname", hostname);
  if (auto set = config->set_source(ConfigSource::environment, raw); !set)
    throw std::runtime_error(set.error().message);
  const json& found = meta.at("encapsulation");
  const msg::Encapsulation encapsulation{found.at("ipip"), found.at("vxlan"), found.at("vxlan_v6")};
  auto options = calc::graph_options(std::move(config), Symbol(hostname), encapsulation);
  options.use_node_resource_updates = meta.at("use_node_resource_updates");
  return calc::CalcGraph(std::move(options));
}

// What a step put in, and which of its updates were refused, by index.
struct Input {
  std::vector<Update> updates;
  std::vector<size_t> index_of;  // of each update, in the step
  std::set<size_t> dropped, bad_value, invalid;
};

Input parse_updates(const json& list) {
  Input input;
  for (size_t i = 0; i < list.size(); ++i) {
    const json& item = list[i];
    const ParsedKey key = parse_key(item.at("k").get<std::string>());
    if (key.kind == ParsedKey::Kind::unknown) input.dropped.insert(i);
    if (key.kind != ParsedKey::Kind::felix) continue;
    Update update{key.key, nullptr};
    if (!item.at("v").is_null()) {
      auto value = parse_value(key, item.at("v").get<std::string>());
      if (value)
        update.value = std::move(*value);
      else
        input.bad_value.insert(i);
    }
    input.updates.push_back(std::move(update));
    input.index_of.push_back(i);
  }
  return input;
}

json sorted_lists(json body) {
  for (const char* field : {"members", "added_members", "removed_members"})
    if (body.contains(field)) std::sort(body[field].begin(), body[field].end());
  return body;
}

// {"t", "m"} sorted by name and text.
std::vector<std::pair<std::string, json>> as_multiset(const json& outputs) {
  std::vector<std::pair<std::string, json>> list;
  for (const auto& output : outputs)
    list.emplace_back(output.at("t"), sorted_lists(output.at("m")));
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, a.second.dump()) < std::pair(b.first, b.second.dump());
  });
  return list;
}

// Kinds whose order among each other Felix leaves to chance.
int free_group(const std::string& name) {
  if (name == "WorkloadEndpointUpdate" || name == "HostEndpointUpdate") return 1;
  if (name == "WorkloadEndpointRemove" || name == "HostEndpointRemove") return 2;
  if (name.rfind("Wireguard", 0) == 0) return 3;
  return 0;
}

std::vector<std::string> settled_order(std::vector<std::string> names) {
  for (auto begin = names.begin(); begin != names.end();) {
    const int group = free_group(*begin);
    const auto end = std::find_if(begin, names.end(),
                                  [&](const auto& name) { return free_group(name) != group; });
    if (group != 0) std::sort(begin, end);
    begin = end;
  }
  return names;
}

Difference compare_kinds(const json& kinds, const json& outputs) {
  std::vector<std::string> want, got;
  for (const auto& run : kinds)
    want.insert(want.end(), run.at(1).get<size_t>(), run.at(0).get<std::string>());
  for (const auto& output : outputs) got.push_back(output.at("t"));
  return first_difference(json(settled_order(want)), json(settled_order(got)), "kinds");
}

Difference compare_outputs(const json& want_list, const json& got_list) {
  const auto want = as_multiset(want_list), got = as_multiset(got_list);
  for (size_t i = 0; i < std::max(want.size(), got.size()); ++i) {
    if (i >= want.size() || (i < got.size() && got[i].first < want[i].first))
      return fmt::format("unexpected {} {}", got[i].first, got[i].second.dump());
    if (i >= got.size() || want[i].first < got[i].first)
      return fmt::format("missing {} {}", want[i].first, want[i].second.dump());
    if (auto d = first_difference(want[i].second, got[i].second, want[i].first)) return d;
  }
  return std::nullopt;
}

Difference compare_sets(const json& step, const Input& input) {
  const auto want = [&](const char* name) { return json(step.value(name, std::set<size_t>())); };
  if (auto d = first_difference(want("dropped"), json(input.dropped), "dropped")) return d;
  if (auto d = first_difference(want("bad_value"), json(input.bad_value), "bad_value")) return d;
  return first_difference(want("invalid"), json(input.invalid), "invalid");
}

std::optional<calc::SyncStatus> status_of(const json& step) {
  const std::string status = step.value("status", "");
  if (status == "wait") return calc::SyncStatus::wait_for_datastore;
  if (status == "resync") return calc::SyncStatus::resync_in_progress;
  if (status == "in-sync") return calc::SyncStatus::in_sync;
  return std::nullopt;
}

class Stream {
 public:
  Stream(const json& meta, FelixVersion version) : graph_(make_graph(meta, version)) {
    if (meta.contains("order_dependent_steps"))
      order_dependent_ = meta.at("order_dependent_steps").get<std::set<int>>();
  }

  Difference run(const json& step) {
    Input input = parse_updates(step.value("updates", json::array()));
    std::vector<calc::InvalidUpdate> invalid;
    graph_.on_updates(input.updates, &invalid);
    for (const auto& update : invalid) input.invalid.insert(input.index_of[update.index]);
    if (const auto status = status_of(step)) graph_.on_status(*status);
    json outputs = json::array();
    for (const auto& message : graph_.flush())
      outputs.push_back(json::parse(calc::tagged_message_json(message)));
    if (auto d = compare_sets(step, input)) return d;
    return compare(step, outputs);
  }

 private:
  Difference compare(const json& step, const json& outputs) {
    const json want_panic = step.value("panic", json());
    const json got_panic = graph_.panic() ? json(*graph_.panic()) : json();
    if (want_panic != got_panic || !want_panic.is_null())
      return first_difference(want_panic, got_panic, "panic");
    const json want = step.value("outputs", json::array());
    for (const auto& output : want) want_.apply(output.at("t"), output.at("m"));
    for (const auto& output : outputs) got_.apply(output.at("t"), output.at("m"));
    if (order_dependent_.contains(step.at("step").get<int>())) return want_.difference(got_);
    if (auto d = compare_outputs(want, outputs)) return d;
    return compare_kinds(step.value("kinds", json::array()), outputs);
  }

  calc::CalcGraph graph_;
  std::set<int> order_dependent_;
  FoldedState want_, got_;
};

Difference run_stream(const std::filesystem::path& file, FelixVersion version) {
  std::optional<Stream> stream;
  Difference difference;
  for_each_line(file, [&](int, const json& line) {
    if (difference) return;
    if (line.contains("meta")) {
      stream.emplace(line.at("meta"), version);
    } else if (auto d = stream->run(line)) {
      difference = fmt::format("step {}: {}", line.at("step").get<int>(), *d);
    }
  });
  return difference;
}

}  // namespace

void run_family(const Options& options, Report& report) {
  const auto version = options.felix_version == "v3.28" ? FelixVersion::v3_28 : FelixVersion::v3_32;
  for (const auto& file : files_in(options.dir, ".jsonl"))
    report.add(file.stem().string(), run_stream(file, version));
}

}  // namespace felixsim::conform
