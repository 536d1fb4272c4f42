// SPDX-License-Identifier: Apache-2.0
// What calicoctl stores. Facts: the recordings of both versions, libcalico-go/lib/clientv3
// (defaults of policies, pools, tiers, endpoints), the `kubebuilder:default` marks of api/.
#include <nlohmann/json.hpp>

#include "replay/scenario/resources.h"

namespace felixsim::scenario {
namespace {

using nlohmann::json;

bool is_policy(const std::string& kind) {
  return kind.size() >= 13 && kind.compare(kind.size() - 13, 13, "NetworkPolicy") == 0;
}

// A string field that YAML read as a number or a boolean becomes text again.
void make_text(json& value) {
  if (value.is_boolean())
    value = value.get<bool>() ? "true" : "false";
  else if (value.is_number())
    value = value.dump();
}

void make_texts(json& object) {
  if (!object.is_object()) return;
  for (auto& [key, value] : object.items()) make_text(value);
}

// Go's omitempty: empty lists and maps, and false where the field is no pointer.
void drop_empty(json& object, bool drop_false) {
  for (auto it = object.begin(); it != object.end();) {
    const bool empty = it->is_null() || ((it->is_array() || it->is_object()) && it->empty()) ||
                       (drop_false && it->is_boolean() && !it->get<bool>());
    it = empty ? object.erase(it) : std::next(it);
  }
}

void set_default(json& object, const char* key, json value) {
  if (!object.contains(key)) object[key] = std::move(value);
}

void complete_rules(json& spec) {
  for (const char* direction : {"ingress", "egress"}) {
    const auto rules = spec.find(direction);
    if (rules == spec.end() || !rules->is_array()) continue;
    for (json& rule : *rules)
      for (const char* side : {"source", "destination"}) {
        if (!rule.contains(side) || rule[side].is_null()) rule[side] = json::object();
        drop_empty(rule[side], false);
      }
  }
}

// clientv3 defaultPolicyTypesField.
json default_types(const json& spec) {
  if (!spec.contains("egress")) return {"Ingress"};
  if (!spec.contains("ingress")) return {"Egress"};
  return {"Ingress", "Egress"};
}

void fill_policy(json& resource, FelixVersion version) {
  json& spec = resource["spec"];
  json& metadata = resource["metadata"];
  set_default(spec, "types", default_types(spec));
  if (version == FelixVersion::v3_28) return;
  set_default(spec, "tier", "default");
  metadata["labels"]["projectcalico.org/tier"] = spec["tier"];
  metadata["annotations"]["projectcalico.org/metadata"] = json({{"name", metadata["name"]}}).dump();
}

void fill_pool(json& spec, FelixVersion version) {
  const bool v6 = spec.value("cidr", "").find(':') != std::string::npos;
  set_default(spec, "blockSize", v6 ? 122 : 26);
  set_default(spec, "ipipMode", "Never");
  set_default(spec, "vxlanMode", "Never");
  set_default(spec, "nodeSelector", "all()");
  set_default(spec, "allowedUses", {"Workload", "Tunnel"});
  if (version != FelixVersion::v3_28) set_default(spec, "assignmentMode", "Automatic");
}

void fill_workload(json& resource) {
  json& spec = resource["spec"];
  json& labels = resource["metadata"]["labels"];
  labels["projectcalico.org/namespace"] = resource["metadata"]["namespace"];
  if (spec.contains("orchestrator"))
    labels["projectcalico.org/orchestrator"] = spec["orchestrator"];
  if (spec.contains("serviceAccountName"))
    labels["projectcalico.org/serviceaccount"] = spec["serviceAccountName"];
  if (const auto ports = spec.find("ports"); ports != spec.end() && ports->is_array())
    for (json& port : *ports) {
      set_default(port, "hostIP", "");
      set_default(port, "hostPort", 0);
    }
}

void fill_felix_configuration(json& spec, FelixVersion version) {
  set_default(spec, "bpfLogLevel", "");
  if (version == FelixVersion::v3_28) return;
  set_default(spec, "bpfConnectTimeLoadBalancing", "TCP");
  set_default(spec, "bpfHostNetworkedNATWithoutCTLB", "Enabled");
  set_default(spec, "floatingIPs", "Disabled");
  set_default(spec, "nftablesMode", "Auto");
}

// The kind as it stands in keys: NetworkPolicy is networkpolicies, CalicoNodeStatus
// caliconodestatuses.
std::string plural(const std::string& kind) {
  std::string word = kind;
  for (char& c : word)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  if (word.back() == 'y') return word.substr(0, word.size() - 1) + "ies";
  return word + (word.back() == 's' ? "es" : "s");
}

}  // namespace

std::string prepare_resource(json& resource, FelixVersion version) {
  const std::string kind = resource.at("kind");
  resource["apiVersion"] = "projectcalico.org/v3";
  json& metadata = resource["metadata"];
  make_text(metadata["name"]);
  std::string name = metadata["name"];
  if (version == FelixVersion::v3_28 && is_policy(kind) && name.rfind("default.", 0) != 0 &&
      name.rfind("knp.default.", 0) != 0)
    metadata["name"] = name = "default." + name;
  std::string key = "/calico/resources/v3/projectcalico.org/" + plural(kind) + "/";
  if (is_namespaced(kind)) {
    set_default(metadata, "namespace", "default");
    make_text(metadata["namespace"]);
    key += metadata["namespace"].get<std::string>() + "/";
  }
  return key + name;
}

// libcalico-go/lib/validator/v3 validateRule: "catch-all CIDR in negation".
std::string refusal(const json& resource) {
  const auto spec = resource.find("spec");
  if (spec == resource.end() || !spec->is_object()) return {};
  for (const char* direction : {"ingress", "egress"}) {
    const auto rules = spec->find(direction);
    if (rules == spec->end() || !rules->is_array()) continue;
    for (const json& rule : *rules)
      for (const char* side : {"source", "destination"}) {
        const auto entity = rule.find(side);
        if (entity == rule.end() || !entity->is_object() || !entity->contains("notNets")) continue;
        for (const json& net : entity->at("notNets"))
          if (net == "0.0.0.0/0" || net == "::/0") return "a negated net covers everything";
      }
  }
  return {};
}

void fill_defaults(json& resource, FelixVersion version) {
  const std::string kind = resource.at("kind");
  if (!resource.contains("spec") || !resource["spec"].is_object())
    resource["spec"] = json::object();
  json& spec = resource["spec"];
  json& metadata = resource["metadata"];
  if (metadata.contains("labels")) make_texts(metadata["labels"]);
  if (metadata.contains("annotations")) make_texts(metadata["annotations"]);
  if (spec.contains("labelsToApply")) make_texts(spec["labelsToApply"]);
  for (const char* field : {"tier", "selector", "node", "pod", "namespaceSelector"})
    if (spec.contains(field)) make_text(spec[field]);

  complete_rules(spec);
  drop_empty(spec, kind == "IPPool" || is_policy(kind));
  if (is_policy(kind)) fill_policy(resource, version);
  if (kind == "IPPool") fill_pool(spec, version);
  if (kind == "WorkloadEndpoint") fill_workload(resource);
  if (kind == "FelixConfiguration") fill_felix_configuration(spec, version);
  if (version != FelixVersion::v3_28 && kind == "BGPConfiguration") {
    set_default(spec, "logSeverityScreen", "Info");
    set_default(spec, "serviceLoadBalancerAggregation", "Enabled");
  }
  if (version != FelixVersion::v3_28 && kind == "Tier") set_default(spec, "defaultAction", "Deny");
  if (kind == "Tier" || kind == "Node") resource["status"] = json::object();
  drop_empty(metadata, false);
}

}  // namespace felixsim::scenario
