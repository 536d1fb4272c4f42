// SPDX-License-Identifier: Apache-2.0
#include "felixsim/check.h"
#include "felixsim/ip.h"
#include "felixsim/near_name.h"
#include "replay/scenario/kubernetes_policy.h"
#include "replay/scenario/resources.h"

namespace felixsim::scenario {
namespace {

using Words = std::vector<std::string_view>;

const Words policy_keys = {"order",
                           "selector",
                           "serviceAccountSelector",
                           "ingress",
                           "egress",
                           "types",
                           "tier",
                           "doNotTrack",
                           "preDNAT",
                           "applyOnForward",
                           "namespaceSelector",
                           "performanceHints",
                           "stagedAction"};
const Words rule_keys = {"action",  "ipVersion", "protocol",    "icmp", "notProtocol",
                         "notICMP", "source",    "destination", "http", "metadata"};
const Words entity_keys = {"nets",     "selector",       "namespaceSelector", "services",
                           "ports",    "domains",        "notNets",           "notSelector",
                           "notPorts", "serviceAccounts"};
const Words action_words = {"Allow", "Deny", "Log", "Pass"};
const Words type_words = {"Ingress", "Egress"};
const Words encap_words = {"Always", "CrossSubnet", "Never"};

struct Kind {
  std::string_view name;
  Words spec_keys;  // empty: not checked
};

const Kind kinds[] = {
    {"Node",
     {"bgp", "ipv4VXLANTunnelAddr", "ipv6VXLANTunnelAddr", "vxlanTunnelMACAddr",
      "vxlanTunnelMACAddrV6", "orchRefs", "wireguard", "addresses"}},
    {"IPPool",
     {"cidr", "blockSize", "ipipMode", "vxlanMode", "natOutgoing", "nodeSelector", "allowedUses",
      "assignmentMode", "disabled", "disableBGPExport", "namespaceSelector", "ipip",
      "nat-outgoing"}},
    {"Profile", {"ingress", "egress", "labelsToApply"}},
    {"WorkloadEndpoint",
     {"orchestrator", "workload", "node", "containerID", "pod", "endpoint", "serviceAccountName",
      "ipNetworks", "ipNATs", "ipv4Gateway", "ipv6Gateway", "profiles", "interfaceName", "mac",
      "ports", "allowSpoofedSourcePrefixes", "qosControls", "type"}},
    {"HostEndpoint", {"node", "interfaceName", "expectedIPs", "profiles", "ports"}},
    {"GlobalNetworkPolicy", policy_keys},
    {"NetworkPolicy", policy_keys},
    {"StagedGlobalNetworkPolicy", policy_keys},
    {"StagedNetworkPolicy", policy_keys},
    {"StagedKubernetesNetworkPolicy", {}},
    {"GlobalNetworkSet", {"nets"}},
    {"NetworkSet", {"nets"}},
    {"Tier", {"order", "defaultAction"}},
    {"BGPConfiguration", {}},
    {"BGPPeer", {}},
    {"BGPFilter", {}},
    {"ClusterInformation", {}},
    {"FelixConfiguration", {}},
    {"IPAMConfig", {}},
    {"IPReservation", {}},
    {"KubeControllersConfiguration", {}},
    {"CalicoNodeStatus", {}},
};

class ResourceCheck {
 public:
  ResourceCheck(const Reader& reader, std::string label)
      : reader_(reader), label_(std::move(label)) {}

  Status spec(const Kind& kind, const Node& spec) const {
    if (spec.kind == Node::Kind::null) return {};
    const std::string what = label_ + " spec";
    if (auto ok = kind.spec_keys.empty() ? reader_.any_map(spec, what)
                                         : reader_.map(spec, what, kind.spec_keys);
        !ok)
      return ok;
    for (const auto& [key, key_place, value] : spec.members) {
      Status ok;
      if (key == "ingress" || key == "egress")
        ok = rules(*value, key);
      else if (key == "types")
        ok = words(*value, key, type_words);
      else if (key == "ipipMode" || key == "vxlanMode")
        ok = word(*value, key, encap_words);
      else if (key == "defaultAction")
        ok = word(*value, key, action_words);
      else if (key == "ports")
        ok = ports(*value);
      else if (key == "cidr")
        ok = cidr(*value, key);
      else if (key == "nets" || key == "ipNetworks")
        ok = cidrs(*value, key);
      if (!ok) return ok;
    }
    return {};
  }

 private:
  Status word(const Node& node, const std::string& key, const Words& known) const {
    auto ok = reader_.one_of(node, key, known);
    if (ok) return {};
    // The label goes between the place and the fact.
    const std::string place = yaml::at(reader_.file(), node.place) + ": ";
    ok.error().message.insert(place.size(), label_ + ": ");
    return forward(ok);
  }

  Status words(const Node& node, const std::string& key, const Words& known) const {
    if (auto ok = reader_.list(node, label_ + " " + key); !ok) return ok;
    for (const auto& item : node.items)
      if (auto ok = word(*item, key, known); !ok) return ok;
    return {};
  }

  Status cidr(const Node& node, const std::string& key) const {
    const auto text = reader_.text(node, label_ + " " + key);
    if (!text) return tl::unexpected(text.error());
    if (Cidr::parse_cidr_or_ip(*text)) return {};
    return reader_.error(node.place, fmt::format("{}: {} '{}' is no network", label_, key, *text),
                         "write one such as 10.244.0.0/16");
  }

  Status cidrs(const Node& node, const std::string& key) const {
    if (auto ok = reader_.list(node, label_ + " " + key); !ok) return ok;
    for (const auto& item : node.items)
      if (auto ok = cidr(*item, key); !ok) return ok;
    return {};
  }

  Status ports(const Node& node) const {
    if (auto ok = reader_.list(node, label_ + " ports"); !ok) return ok;
    for (const auto& item : node.items)
      if (auto ok = reader_.any_map(*item, label_ + " port"); !ok) return ok;
    return {};
  }

  Status rules(const Node& node, const std::string& key) const {
    if (auto ok = reader_.list(node, label_ + " " + key); !ok) return ok;
    for (const auto& item : node.items) {
      if (auto ok = reader_.map(*item, label_ + " rule", rule_keys); !ok) return ok;
      const Node* action = item->find("action");
      if (action == nullptr)
        return reader_.error(item->place, label_ + ": rule without action",
                             "add `action: Allow` (or Deny, Log, Pass)");
      if (auto ok = word(*action, "action", action_words); !ok) return ok;
      for (const char* side : {"source", "destination"})
        if (const Node* entity = item->find(side))
          if (auto ok = this->entity(*entity, side); !ok) return ok;
    }
    return {};
  }

  Status entity(const Node& node, const std::string& side) const {
    if (node.kind == Node::Kind::null) return {};
    if (auto ok = reader_.map(node, label_ + " " + side, entity_keys); !ok) return ok;
    for (const char* key : {"nets", "notNets"})
      if (const Node* nets = node.find(key))
        if (auto ok = cidrs(*nets, key); !ok) return ok;
    return {};
  }

  const Reader& reader_;
  std::string label_;
};

const Kind* find_kind(std::string_view name) {
  for (const Kind& kind : kinds)
    if (kind.name == name) return &kind;
  return nullptr;
}

}  // namespace

bool is_namespaced(const std::string& kind) {
  FELIXSIM_CHECK(find_kind(kind) != nullptr);
  for (const char* namespaced : {"WorkloadEndpoint", "NetworkPolicy", "StagedNetworkPolicy",
                                 "StagedKubernetesNetworkPolicy", "NetworkSet"})
    if (kind == namespaced) return true;
  return false;
}

Status check_resource(const Reader& reader, const Node& node) {
  constexpr std::string_view top_keys[] = {"apiVersion", "kind", "metadata", "spec", "status"};
  constexpr std::string_view metadata_keys[] = {
      "name",       "namespace",         "labels",          "annotations",
      "uid",        "creationTimestamp", "resourceVersion", "generateName",
      "generation", "managedFields",     "ownerReferences"};
  if (auto ok = reader.map(node, "resource", top_keys); !ok) return ok;
  const Node* kind_node = node.find("kind");
  if (kind_node == nullptr) return reader.error(node.place, "resource without kind", "add `kind:`");
  const auto kind_text = reader.text(*kind_node, "kind");
  if (!kind_text) return tl::unexpected(kind_text.error());
  const Kind* kind = find_kind(*kind_text);
  if (kind == nullptr) {
    Words names;
    for (const Kind& known : kinds) names.push_back(known.name);
    return reader.error(kind_node->place, fmt::format("unknown kind '{}'", *kind_text),
                        use_one_of(*kind_text, names));
  }
  bool of_kubernetes = false;
  if (const Node* version = node.find("apiVersion"); version != nullptr) {
    constexpr std::string_view known[] = {"projectcalico.org/v3", kubernetes_policy_api};
    const auto word = reader.one_of(*version, "apiVersion", known);
    if (!word) return tl::unexpected(word.error());
    of_kubernetes = *word == kubernetes_policy_api;
    if (of_kubernetes && *kind_text != "NetworkPolicy")
      return reader.error(kind_node->place, fmt::format("a {} of Kubernetes", *kind_text),
                          "of Kubernetes' kinds only NetworkPolicy is taken here");
  }
  const Node* metadata = node.find("metadata");
  const Node* name = nullptr;
  if (metadata != nullptr) {
    if (auto ok = reader.map(*metadata, *kind_text + " metadata", metadata_keys); !ok) return ok;
    name = metadata->find("name");
  }
  if (name == nullptr || !name->is_scalar() || name->kind == Node::Kind::null || name->text.empty())
    return reader.error(node.place, fmt::format("{} without a name", *kind_text),
                        "add `metadata: {name: ...}`");
  if (const Node* ns = metadata->find("namespace"))
    if (auto ok = reader.text(*ns, fmt::format("{} '{}' namespace", *kind_text, name->text)); !ok)
      return forward(ok);
  for (const char* key : {"labels", "annotations"})
    if (const Node* map = metadata->find(key); map != nullptr && map->kind != Node::Kind::null)
      if (auto ok = reader.any_map(*map, fmt::format("{} '{}' {}", *kind_text, name->text, key));
          !ok)
        return ok;
  if (of_kubernetes) return check_network_policy_fields(node, reader.file());
  if (const Node* spec = node.find("spec"))
    return ResourceCheck(reader, fmt::format("{} '{}'", *kind_text, name->text)).spec(*kind, *spec);
  return {};
}

}  // namespace felixsim::scenario
