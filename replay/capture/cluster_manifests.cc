// SPDX-License-Identifier: Apache-2.0
// Pods are completed to what the API server and the scheduler would make of them, and converted by
// the same code as a cluster's own (model/datastore/resources.h).
#include "replay/capture/cluster_manifests.h"

#include <fmt/format.h>

#include "model/datastore/resources.h"
#include "replay/capture/capture.h"
#include "replay/capture/kubernetes_kinds.h"
#include "replay/capture/manifest.h"
#include "replay/capture/record_reader.h"
#include "replay/scenario/kubernetes_policy.h"

namespace felixsim {
namespace {

bool is_workload(std::string_view kind) {
  for (const std::string_view known : {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet",
                                       "ReplicationController", "Job", "CronJob"})
    if (kind == known) return true;
  return false;
}

std::string name_of(const yaml::Node& object) { return text_at(object, {"metadata", "name"}); }
std::string namespace_of(const yaml::Node& object) {
  const std::string ns = text_at(object, {"metadata", "namespace"});
  return ns.empty() ? "default" : ns;
}

bool has_all_labels(const yaml::Node& pod, const yaml::Node* labels) {
  if (labels == nullptr || labels->kind != yaml::Node::Kind::map || labels->members.empty())
    return false;
  return std::all_of(labels->members.begin(), labels->members.end(), [&](const auto& label) {
    const auto* own = find_at(pod, {"metadata", "labels", label.key});
    return own != nullptr && own->text == label.value->text;
  });
}

// Other YAML and JSON that lies in such folders: values of charts, notes of tools.
bool is_no_manifest(const yaml::Node& document) {
  return document.kind == yaml::Node::Kind::map && document.find("kind") == nullptr &&
         document.find("apiVersion") == nullptr;
}

constexpr const char* helm_help = " (a template: give what `helm template` prints)";
bool is_template(const std::string& text) { return text.find("{{") != std::string::npos; }

std::string told(const Error& error) {
  return error.help.empty() ? error.message : fmt::format("{} ({})", error.message, error.help);
}

// The objects of a text that is nothing else than JSON objects in a row, each with its line.
std::vector<std::pair<std::string, int64_t>> json_objects(const std::string& text,
                                                          const std::string& file) {
  std::vector<std::pair<std::string, int64_t>> out;
  auto reader = RecordReader::from_text(text, file);
  for (;;) {
    const auto record = reader.next_object();
    if (!record) return {};
    if (!*record) return out;
    out.emplace_back((*record)->text, (*record)->line);
  }
}

class Reader {
 public:
  ClusterManifests run(const std::vector<std::string>& files) {
    if (auto initial = store_calico_resources({}, "")) {
      initial_ = initial->size();
      out_.events = std::move(*initial);
    }
    for (const auto& file : files) read(file);
    for (const auto& workload : workloads_) add_workload(workload);
    choose_family();
    for (auto& pod : pods_) add_pod(pod);
    for (const auto& ns : needed_namespaces_)
      if (!namespaces_.contains(ns)) add_unknown_namespace(ns);
    return std::move(out_);
  }

 private:
  struct Object {
    std::string place, kind;
    yaml::NodePtr node;
  };

  void refuse(const std::string& place, const std::string& kind, const std::string& name,
              const std::string& why) {
    out_.unusable.push_back(fmt::format("{}: {} '{}': {}", place, kind, name, why));
  }

  void read(const std::string& file) {
    auto text = read_text(file, max_manifest_bytes);
    if (!text) return out_.unusable.push_back(told(text.error()));
    auto documents = yaml::parse(*text, file);
    if (documents) return add_documents(*documents, file, 1);
    // Several JSON objects in a row are no YAML: one at a time.
    const auto objects = json_objects(*text, file);
    if (objects.empty())
      return out_.unusable.push_back(is_template(*text) ? documents.error().message + helm_help
                                                        : told(documents.error()));
    for (const auto& [object, line] : objects) {
      auto parsed = yaml::parse(object, fmt::format("{} (object at line {})", file, line));
      if (parsed)
        add_documents(*parsed, file, line);
      else
        out_.unusable.push_back(told(parsed.error()));
    }
  }

  // `line`: that of the file on which the documents' text begins.
  void add_documents(const std::vector<yaml::NodePtr>& documents, const std::string& file,
                     int64_t line) {
    for (const auto& document : documents) {
      if (is_no_manifest(*document)) continue;
      auto items = manifest_items(document, file);
      if (!items) {
        out_.unusable.push_back(told(items.error()));
        continue;
      }
      for (const auto& item : *items) add(item, file, line);
    }
  }

  void add(const ManifestItem& item, const std::string& file, int64_t line) {
    const std::string& kind = item.kind;
    if (item.api_version == kubernetes_policy_api && kind == "NetworkPolicy")
      if (auto known = check_network_policy_fields(*item.node, file); !known)
        return out_.unusable.push_back(told(known.error()));
    Object object{fmt::format("{}:{}", file, line - 1 + item.node->place.line), kind, item.node};
    if (is_another_copy(item, object)) return;
    if (is_workload(kind)) return workloads_.push_back(std::move(object));
    if (item.api_version == "v1" && kind == "Pod") return add_known_pod(std::move(object));
    if (item.api_version == "v1" && kind == "Namespace") {
      const std::string name = name_of(*item.node);
      namespaces_.insert(name);
      object.node = with_value(item.node, {"metadata", "labels", "kubernetes.io/metadata.name"},
                               text_node(name));
    }
    if (kind == "IPPool") add_pool(*item.node);
    if (item.api_version == "projectcalico.org/v3" && is_known_resource(item.api_version, kind))
      return add_calico(item, file, object.place);
    if (is_known_resource(item.api_version, kind)) return add_converted(object);
    if (has_no_bearing(item.api_version, kind)) return;
    refuse(object.place, kind, name_of(*item.node), why_unknown(item.api_version, kind));
  }

  // The same object again, with other content, as patches and copies of folders have it: what is
  // in force then depends on who applies them. The first counts.
  bool is_another_copy(const ManifestItem& item, const Object& object) {
    const std::string name = name_of(*item.node);
    if (name.empty()) return false;
    const auto [it, first] = seen_.try_emplace(
        {item.api_version + " " + item.kind, namespace_of(*item.node), name}, object);
    if (first || yaml::to_json(*it->second.node) == yaml::to_json(*item.node)) return false;
    refuse(object.place, item.kind, name,
           fmt::format("with other content also at {}, which counts", it->second.place));
    return true;
  }

  // A pool that is switched off, or kept for other uses, gives pods no addresses.
  void add_pool(const yaml::Node& pool) {
    const auto* uses = find_at(pool, {"spec", "allowedUses"});
    const auto* disabled = find_at(pool, {"spec", "disabled"});
    const bool for_others = uses != nullptr && !uses->items.empty() &&
                            std::none_of(uses->items.begin(), uses->items.end(),
                                         [](const auto& use) { return use->text == "Workload"; });
    const auto cidr = Cidr::parse(text_at(pool, {"spec", "cidr"}));
    if (cidr && !for_others && (disabled == nullptr || !disabled->truth))
      out_.pools.push_back(*cidr);
  }

  void add_calico(const ManifestItem& item, const std::string& file, const std::string& place) {
    auto stored = store_calico_resources({item}, file);
    if (!stored) return out_.unusable.push_back(told(stored.error()));
    for (size_t i = initial_; i < stored->size(); ++i) {
      if (auto* change = std::get_if<DatastoreEvent>(&(*stored)[i].body)) change->origin = place;
      out_.events.push_back(std::move((*stored)[i]));
    }
  }

  void add_converted(const Object& object) {
    auto converted =
        convert_resource(yaml::to_json(*completed_object(object.kind, object.node)), false);
    if (!converted)
      return refuse(object.place, object.kind, name_of(*object.node), converted.error().message);
    for (const auto& error : converted->errors)
      refuse(object.place, object.kind, name_of(*object.node), error);
    for (auto& stored : converted->stored) {
      DatastoreEvent change{0, stored.key, std::move(stored.value)};
      change.origin = object.place;
      out_.events.push_back({0, std::nullopt, std::move(change)});
    }
  }

  // A pod of its template, unless the pods themselves are there.
  void add_workload(const Object& workload) {
    const auto& object = *workload.node;
    const auto* found = workload.kind == "CronJob"
                            ? find_at(object, {"spec", "jobTemplate", "spec", "template"})
                            : find_at(object, {"spec", "template"});
    if (found == nullptr || found->kind != yaml::Node::Kind::map)
      return refuse(workload.place, workload.kind, name_of(object), "it has no pod template");
    if (const auto* owners = find_at(object, {"metadata", "ownerReferences"});
        owners != nullptr && !owners->items.empty())
      return;
    const std::string ns = namespace_of(object);
    std::string name = name_of(object);
    if (has_pods(ns, find_at(*found, {"metadata", "labels"}))) return;
    if (pod_names_.contains({ns, name})) name += "-" + workload.kind;
    auto pod = with_value(std::make_shared<yaml::Node>(*found), {"apiVersion"}, text_node("v1"));
    pod = with_value(pod, {"kind"}, text_node("Pod"));
    pod = with_value(pod, {"metadata", "name"}, text_node(name));
    pod = with_value(pod, {"metadata", "namespace"}, text_node(ns));
    add_known_pod({workload.place, "Pod", std::move(pod)});
  }

  void add_known_pod(Object pod) {
    const std::string ns = namespace_of(*pod.node);
    pod_names_.insert({ns, name_of(*pod.node)});
    const auto* labels = find_at(*pod.node, {"metadata", "labels"});
    if (labels != nullptr && labels->kind == yaml::Node::Kind::map)
      for (const auto& label : labels->members)
        pods_by_label_[{ns, label.key, label.value->text}].push_back(pods_.size());
    pods_.push_back(std::move(pod));
  }

  // Whether there is a pod with all these labels; looks among those with the rarest of them.
  bool has_pods(const std::string& ns, const yaml::Node* labels) const {
    if (labels == nullptr || labels->kind != yaml::Node::Kind::map) return false;
    const std::vector<size_t>* fewest = nullptr;
    for (const auto& label : labels->members) {
      const auto found = pods_by_label_.find({ns, label.key, label.value->text});
      if (found == pods_by_label_.end()) return false;
      if (fewest == nullptr || found->second.size() < fewest->size()) fewest = &found->second;
    }
    return fewest != nullptr && std::any_of(fewest->begin(), fewest->end(), [&](size_t pod) {
             return has_all_labels(*pods_[pod].node, labels);
           });
  }

  // A pod without address gets one of the family that the others have.
  void choose_family() {
    bool any = false, any_v4 = false;
    for (const auto& pod : pods_) {
      const std::string ip = text_at(*pod.node, {"status", "podIP"});
      any = any || !ip.empty();
      any_v4 = any_v4 || ip.find('.') != std::string::npos;
    }
    v6_ = any && !any_v4;
  }

  void add_pod(Object& pod) {
    const std::string phase = text_at(*pod.node, {"status", "phase"});
    if (phase == "Succeeded" || phase == "Failed") return;
    if (find_at(*pod.node, {"spec"}) == nullptr)
      return refuse(pod.place, pod.kind, name_of(*pod.node), "it has no spec");
    const auto* host_network = find_at(*pod.node, {"spec", "hostNetwork"});
    if (host_network != nullptr && host_network->truth) return;
    const std::string ns = namespace_of(*pod.node);
    needed_namespaces_.insert(ns);
    if (text_at(*pod.node, {"spec", "nodeName"}).empty())
      pod.node = with_value(pod.node, {"spec", "nodeName"}, text_node("unscheduled"));
    if (text_at(*pod.node, {"status", "podIP"}).empty()) {
      const size_t number = ++unaddressed_;
      const std::string ip =
          v6_ ? fmt::format("100::{:x}:{:x}", number >> 16, number & 0xffff)
              : fmt::format("0.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
      pod.node = with_value(pod.node, {"status"}, text_node(""));
      pod.node = with_value(pod.node, {"status", "phase"}, text_node("Running"));
      pod.node = with_value(pod.node, {"status", "podIP"}, text_node(ip));
      out_.without_address.insert(ns + "/" + name_of(*pod.node));
    }
    add_converted(pod);
  }

  void add_unknown_namespace(const std::string& name) {
    yaml::NodePtr node = std::make_shared<yaml::Node>();
    node = with_value(node, {"apiVersion"}, text_node("v1"));
    node = with_value(node, {"kind"}, text_node("Namespace"));
    node = with_value(node, {"metadata", "name"}, text_node(name));
    node = with_value(node, {"metadata", "labels", "kubernetes.io/metadata.name"}, text_node(name));
    add_converted({"", "Namespace", node});
    out_.unknown_namespaces.insert(name);
  }

  ClusterManifests out_;
  size_t initial_ = 0, unaddressed_ = 0;
  bool v6_ = false;
  std::vector<Object> pods_, workloads_;
  std::set<std::pair<std::string, std::string>> pod_names_;  // with their namespaces
  std::map<std::array<std::string, 3>, std::vector<size_t>>
      pods_by_label_;  // namespace, name, value
  std::set<std::string> namespaces_, needed_namespaces_;
  std::map<std::array<std::string, 3>, Object> seen_;  // by API version and kind, namespace, name
};

}  // namespace

ClusterManifests read_cluster_manifests(const std::vector<std::string>& files) {
  return Reader().run(files);
}

}  // namespace felixsim
