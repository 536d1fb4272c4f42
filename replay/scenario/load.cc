// SPDX-License-Identifier: Apache-2.0
// From YAML text to a Scenario. One class walks the tree; what repeats in steps is read by
// step_reader.cc, resources by resource_check.cc, comforts by cluster.cc.
#include <optional>

#include "felixsim/ip.h"
#include "replay/scenario/cluster.h"
#include "replay/scenario/reader.h"
#include "replay/scenario/resources.h"
#include "replay/scenario/scenario.h"
#include "replay/scenario/scene.h"
#include "replay/scenario/step_reader.h"

namespace felixsim {
namespace scenario {
namespace {

constexpr int most_scene_nodes = 250;  // more do not fit into the scene's /24 beside its gateway

std::string stem(const std::string& file) {
  const size_t slash = file.rfind('/');
  const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
  return name.substr(0, name.rfind('.'));
}

class Loader {
 public:
  explicit Loader(const std::string& file) : reader_(file) { result_.file = file; }

  Result<Scenario> load(std::string_view text) {
    auto root = parse(text);
    if (!root) return forward(root);
    if (auto ok = top(**root); !ok) return forward(ok);
    return std::move(result_);
  }

  Result<std::vector<ScenarioNode>> load_nodes(std::string_view text) {
    auto root = parse(text);
    if (!root) return forward(root);
    if (auto ok = reader_.any_map(**root, "scenario"); !ok) return forward(ok);
    if (auto ok = all_nodes(**root); !ok) return forward(ok);
    return std::move(result_.nodes);
  }

 private:
  Result<yaml::NodePtr> parse(std::string_view text) const {
    auto documents = yaml::parse(text, reader_.file());
    if (!documents) return forward(documents);
    if (documents->size() != 1)
      return reader_.error({}, fmt::format("{} YAML documents, not one", documents->size()),
                           "write one scenario a file");
    return documents->front();
  }

  Status top(const Node& root) {
    constexpr std::string_view keys[] = {"name",    "description", "templates",
                                         "cluster", "nodes",       "steps"};
    if (auto ok = reader_.map(root, "scenario", keys); !ok) return ok;
    result_.name = stem(reader_.file());
    if (auto ok = optional_text(root, "name", result_.name); !ok) return ok;
    if (auto ok = optional_text(root, "description", result_.description); !ok) return ok;
    const Node* steps_node = root.find("steps");
    if (auto ok = all_nodes(root); !ok) return ok;
    if (steps_node == nullptr)
      return reader_.error(root.place, "scenario without steps", "add `steps:`");
    if (auto ok = open_cluster(root.find("cluster"), *steps_node); !ok) return ok;
    return steps(*steps_node);
  }

  Status optional_text(const Node& map, const char* key, std::string& out) const {
    const Node* node = map.find(key);
    if (node == nullptr || node->kind == Node::Kind::null) return {};
    auto text = reader_.text(*node, key);
    if (!text) return forward(text);
    out = std::move(*text);
    return {};
  }

  Status all_nodes(const Node& root) {
    const Node* node = root.find("nodes");
    if (node != nullptr) return nodes(*node);
    return reader_.error(root.place, "scenario without nodes", "add `nodes: {node-a: {}}`");
  }

  // {name: {...}} or [name, ...].
  Status nodes(const Node& node) {
    if (node.kind == Node::Kind::list) {
      for (const auto& item : node.items) {
        auto name = reader_.text(*item, "node name");
        if (!name) return forward(name);
        if (auto ok = add_node(*name, Node{}, item->place); !ok) return ok;
      }
    } else {
      if (auto ok = reader_.any_map(node, "nodes"); !ok) return ok;
      for (const auto& [name, name_place, value] : node.members)
        if (auto ok = add_node(name, *value, name_place); !ok) return ok;
    }
    if (result_.nodes.empty())
      return reader_.error(node.place, "scenario without nodes", "add `nodes: {node-a: {}}`");
    return {};
  }

  Status add_node(const std::string& name, const Node& node, Place place) {
    constexpr std::string_view keys[] = {"ip",   "ip6",    "env",  "felix_cfg",
                                         "host", "kernel", "facts"};
    for (const ScenarioNode& other : result_.nodes)
      if (other.name == name)
        return reader_.error(place, fmt::format("node '{}' is there twice", name), "remove one");
    ScenarioNode result;
    result.name = name;
    result.place = place;
    result.number = static_cast<int>(result_.nodes.size()) + 1;
    const std::string what = fmt::format("node '{}'", name);
    const bool empty = node.kind == Node::Kind::null;
    if (!empty)
      if (auto ok = reader_.map(node, what, keys); !ok) return ok;
    if (result.number > most_scene_nodes && node.find("ip") == nullptr)
      return reader_.error(place, fmt::format("more than {} nodes without `ip`", most_scene_nodes),
                           "give the node an `ip: ADDRESS/LENGTH`");
    result.environment = scene_environment(name);
    if (auto ok = node_address(node, "ip", scene_ip(result.number), result.ip); !ok) return ok;
    if (auto ok = node_address(node, "ip6", scene_ip6(result.number), result.ip6); !ok) return ok;
    if (auto ok = node_felix(node, what, result); !ok) return ok;
    if (auto ok = node_host(node, what, result); !ok) return ok;
    result_.nodes.push_back(std::move(result));
    return {};
  }

  // A missing address is the scene's; `none` is none. Without a length it is a /24 or /64.
  Status node_address(const Node& map, const char* key, std::string scene, std::string& out) const {
    out = std::move(scene);
    const Node* node = map.find(key);
    if (node == nullptr) return {};
    auto text = reader_.text(*node, key);
    if (!text) return forward(text);
    out = *text == "none" ? "" : *text;
    if (const auto ip = Ip::parse(out)) out += ip->is_v4() ? "/24" : "/64";
    if (!out.empty() && !IpPrefix::parse(out))
      return reader_.error(node->place, fmt::format("'{}' is no address", *text),
                           "write one such as 172.16.0.1/24");
    return {};
  }

  Status node_felix(const Node& node, const std::string& what, ScenarioNode& out) const {
    if (const Node* env = node.find("env"); env != nullptr && env->kind != Node::Kind::null) {
      if (auto ok = reader_.any_map(*env, what + " env"); !ok) return ok;
      for (const auto& [name, name_place, value] : env->members) {
        auto text = reader_.text(*value, what + " env " + name);
        if (!text) return forward(text);
        out.environment[name] = *text;
      }
    }
    if (const Node* cfg = node.find("felix_cfg"); cfg != nullptr && cfg->kind != Node::Kind::null) {
      auto text = reader_.text(*cfg, what + " felix_cfg");
      if (!text) return forward(text);
      out.felix_cfg = *text;
    }
    return {};
  }

  Status node_host(const Node& node, const std::string& what, ScenarioNode& out) const {
    if (const Node* kernel = node.find("kernel")) {
      constexpr std::string_view keys[] = {"lacks"};
      if (auto ok = reader_.map(*kernel, what + " kernel", keys); !ok) return ok;
      if (const Node* lacks = kernel->find("lacks")) {
        auto words = reader_.texts(*lacks, what + " kernel lacks");
        if (!words) return forward(words);
        out.kernel_lacks = std::move(*words);
      }
    }
    if (const Node* facts = node.find("facts")) {
      constexpr std::string_view keys[] = {"interfaces", "routes", "sysctls"};
      if (auto ok = reader_.map(*facts, what + " facts", keys); !ok) return ok;
      out.facts = yaml::to_json(*facts);
    }
    if (const Node* host = node.find("host"))
      return read_actions(reader_, *host, out.name, out.host);
    return {};
  }

  // The comforts are on when `cluster:` is there, or when any step has `pods:`.
  Status open_cluster(const Node* cluster, const Node& steps_node) {
    bool wanted = cluster != nullptr;
    for (const auto& step : steps_node.items) wanted = wanted || step->find("pods") != nullptr;
    if (!wanted) return {};
    auto options = cluster == nullptr ? Result<ClusterOptions>(default_cluster())
                                      : read_cluster(reader_, *cluster);
    if (!options) return forward(options);
    cluster_.emplace(reader_, std::move(*options), result_.nodes);
    return {};
  }

  Status steps(const Node& node) {
    if (auto ok = reader_.list(node, "steps"); !ok) return ok;
    if (node.items.empty())
      return reader_.error(node.place, "scenario without steps", "add `- name: base`");
    for (const auto& item : node.items)
      if (auto ok = step(*item); !ok) return ok;
    return {};
  }

  Status step(const Node& node) {
    constexpr std::string_view keys[] = {"name",  "host-before", "pods",  "remove-pods",
                                         "apply", "delete",      "put",   "del",
                                         "host",  "probes",      "expect"};
    const std::string label = fmt::format("step {}", result_.steps.size());
    if (auto ok = reader_.map(node, label, keys); !ok) return ok;
    Step result;
    result.place = node.place;
    result.name = fmt::format("step-{}", result_.steps.size());
    if (auto ok = optional_text(node, "name", result.name); !ok) return ok;
    for (const Step& other : result_.steps)
      if (other.name == result.name)
        return reader_.error(node.place, fmt::format("two steps are named '{}'", result.name),
                             "rename one");
    if (const Node* before = node.find("host-before"))
      if (auto ok = read_host_actions(reader_, *before, result_.nodes, result.host_before); !ok)
        return ok;
    if (auto ok = datastore(node, result); !ok) return ok;
    if (const Node* host = node.find("host"))
      if (auto ok = read_host_actions(reader_, *host, result_.nodes, result.host); !ok) return ok;
    if (const Node* probes = node.find("probes"))
      if (auto ok = read_probes(reader_, *probes, result.probes); !ok) return ok;
    if (const Node* expect = node.find("expect"))
      if (auto ok =
              read_expectations(reader_, *expect, result_.nodes, result.expect, result.probes);
          !ok)
        return ok;
    result_.steps.push_back(std::move(result));
    return {};
  }

  // Everything that changes the datastore, and the interfaces of pods, in the order of a step.
  Status datastore(const Node& node, Step& result) {
    StepParts parts;
    if (cluster_ && result_.steps.empty())
      if (auto ok = cluster_->begin(parts); !ok) return ok;
    if (auto ok = pods(node, parts); !ok) return ok;
    if (auto ok = resources(node, "apply", DatastoreChange::Kind::apply, parts.apply); !ok)
      return ok;
    if (auto ok = resources(node, "delete", DatastoreChange::Kind::remove, parts.remove); !ok)
      return ok;
    if (auto ok = raw_keys(node, parts); !ok) return ok;
    if (cluster_) cluster_->finish(parts);
    for (auto* list : {&parts.apply, &parts.remove, &parts.put, &parts.del})
      for (DatastoreChange& change : *list) result.datastore.push_back(std::move(change));
    result.host = std::move(parts.host);
    return {};
  }

  Status pods(const Node& node, StepParts& parts) {
    if (const Node* removed = node.find("remove-pods")) {
      if (!cluster_)
        return reader_.error(removed->place, "`remove-pods` without `pods`", "add pods first");
      if (auto ok = reader_.list(*removed, "remove-pods"); !ok) return ok;
      for (const auto& item : removed->items) {
        auto name = reader_.text(*item, "pod name");
        if (!name) return forward(name);
        if (auto ok = cluster_->remove_pod(*name, item->place, parts); !ok) return ok;
      }
    }
    if (const Node* added = node.find("pods")) {
      if (auto ok = reader_.list(*added, "pods"); !ok) return ok;
      for (const auto& item : added->items) {
        auto line = reader_.text(*item, "pod");
        if (!line) return forward(line);
        if (auto ok = cluster_->add_pod(*line, item->place, parts); !ok) return ok;
      }
    }
    return {};
  }

  Status resources(const Node& step, const char* key, DatastoreChange::Kind kind,
                   std::vector<DatastoreChange>& out) const {
    const Node* list = step.find(key);
    if (list == nullptr) return {};
    if (auto ok = reader_.list(*list, key); !ok) return ok;
    for (const auto& item : list->items) {
      if (auto ok = check_resource(reader_, *item); !ok) return ok;
      out.push_back({kind, "", yaml::to_json(*item), item->place});
    }
    return {};
  }

  Status raw_keys(const Node& step, StepParts& parts) const {
    if (const Node* put = step.find("put")) {
      constexpr std::string_view keys[] = {"key", "value"};
      if (auto ok = reader_.list(*put, "put"); !ok) return ok;
      for (const auto& item : put->items) {
        if (auto ok = reader_.map(*item, "put", keys); !ok) return ok;
        const Node* key = item->find("key");
        const Node* value = item->find("value");
        if (key == nullptr || value == nullptr)
          return reader_.error(item->place, "put without key or value",
                               "write {key: /calico/..., value: ...}");
        auto text = reader_.text(*key, "put key");
        if (!text) return forward(text);
        parts.put.push_back(
            {DatastoreChange::Kind::put, *text, yaml::to_json(*value), item->place});
      }
    }
    if (const Node* del = step.find("del")) {
      if (auto ok = reader_.list(*del, "del"); !ok) return ok;
      for (const auto& item : del->items) {
        auto text = reader_.text(*item, "del key");
        if (!text) return forward(text);
        parts.del.push_back({DatastoreChange::Kind::del, *text, "", item->place});
      }
    }
    return {};
  }

  Reader reader_;
  Scenario result_;
  std::optional<Cluster> cluster_;
};

}  // namespace
}  // namespace scenario

Result<Scenario> load_scenario(std::string_view text, const std::string& file) {
  return scenario::Loader(file).load(text);
}

Result<std::vector<ScenarioNode>> load_scenario_nodes(std::string_view text,
                                                      const std::string& file) {
  return scenario::Loader(file).load_nodes(text);
}

}  // namespace felixsim
