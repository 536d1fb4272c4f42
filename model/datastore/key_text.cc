// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/key_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace felixsim {
namespace {

using Parts = std::vector<std::string_view>;

struct Kind {
  std::string_view kind, plural;
  bool namespaced;
};

// libcalico-go/lib/backend/model/resource.go init(), namespace/resource.go IsNamespaced. Ordered by
// plural.
constexpr std::array kinds{
    Kind{"BGPConfiguration", "bgpconfigurations", false},
    Kind{"BGPFilter", "bgpfilters", false},
    Kind{"BGPPeer", "bgppeers", false},
    Kind{"BlockAffinity", "blockaffinities", false},
    Kind{"CalicoNodeStatus", "caliconodestatuses", false},
    Kind{"ClusterInformation", "clusterinformations", false},
    Kind{"FelixConfiguration", "felixconfigurations", false},
    Kind{"GlobalNetworkPolicy", "globalnetworkpolicies", false},
    Kind{"GlobalNetworkSet", "globalnetworksets", false},
    Kind{"HostEndpoint", "hostendpoints", false},
    Kind{"IPAMConfig", "ipamconfigs", false},
    Kind{"IPAMConfiguration", "ipamconfigurations", false},
    Kind{"IPPool", "ippools", false},
    Kind{"IPReservation", "ipreservations", false},
    Kind{"KubeControllersConfiguration", "kubecontrollersconfigurations", false},
    Kind{"KubernetesClusterNetworkPolicy", "kubernetesclusternetworkpolicies", false},
    Kind{"KubernetesEndpointSlice", "kubernetesendpointslices", true},
    Kind{"KubernetesNetworkPolicy", "kubernetesnetworkpolicies", true},
    Kind{"KubernetesService", "kubernetesservice", true},
    Kind{"LiveMigration", "livemigrations", true},
    Kind{"NetworkPolicy", "networkpolicies", true},
    Kind{"NetworkSet", "networksets", true},
    Kind{"Node", "nodes", false},
    Kind{"Profile", "profiles", false},
    Kind{"StagedGlobalNetworkPolicy", "stagedglobalnetworkpolicies", false},
    Kind{"StagedKubernetesNetworkPolicy", "stagedkubernetesnetworkpolicies", true},
    Kind{"StagedNetworkPolicy", "stagednetworkpolicies", true},
    Kind{"Tier", "tiers", false},
    Kind{"WorkloadEndpoint", "workloadendpoints", true},
};

const Kind* kind_by_plural(std::string_view plural) {
  const auto* at = std::lower_bound(
      kinds.begin(), kinds.end(), plural,
      [](const Kind& kind, std::string_view wanted) { return kind.plural < wanted; });
  return at != kinds.end() && at->plural == plural ? at : nullptr;
}

const Kind* kind_by_name(std::string_view name) {
  const auto* at =
      std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return kind.kind == name; });
  return at != kinds.end() ? at : nullptr;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

Symbol unescaped(std::string_view name) {
  if (name.find('%') == std::string_view::npos) return Symbol(name);
  std::string text(name);
  replace_all(text, "%2f", "/");
  replace_all(text, "%25", "%");
  return Symbol(text);
}

std::string joined(const Parts& parts, size_t from) {
  std::string text;
  for (size_t i = from; i < parts.size(); ++i) {
    if (i > from) text.push_back('/');
    text.append(parts[i]);
  }
  return text;
}

ParsedKey felix(Key key) { return ParsedKey{ParsedKey::Kind::felix, std::move(key)}; }
ParsedKey other() { return ParsedKey{ParsedKey::Kind::other, {}}; }
ParsedKey unknown() { return {}; }

// "10.0.0.0-16" or "fd00::-64": the first dash stands for the slash.
std::optional<Cidr> parse_key_cidr(std::string_view part) {
  std::string text(part);
  if (const size_t dash = text.find('-'); dash != std::string::npos) text[dash] = '/';
  return Cidr::parse(text);
}

std::string key_cidr(const Cidr& cidr) {
  std::string text = cidr.str();
  std::replace(text.begin(), text.end(), '/', '-');
  return text;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// model/policy.go parseLegacyPolicyName: the kind is guessed from hints in the name.
ParsedKey legacy_policy(std::string_view tier, std::string_view text) {
  const Symbol whole = unescaped(text);
  std::string_view name = whole.view();
  std::string_view ns;
  std::string_view kind;
  if (const size_t slash = name.find('/'); slash != std::string_view::npos) {
    ns = name.substr(0, slash);
    name.remove_prefix(slash + 1);
    kind = take_prefix(name, "knp.default.")          ? "KubernetesNetworkPolicy"
           : take_prefix(name, "staged:knp.default.") ? "StagedKubernetesNetworkPolicy"
           : take_prefix(name, "staged:")             ? "StagedNetworkPolicy"
                                                      : "NetworkPolicy";
  } else {
    kind = take_prefix(name, "staged:") ? "StagedGlobalNetworkPolicy"
           : take_prefix(name, "kcnp.") ? "KubernetesClusterNetworkPolicy"
                                        : "GlobalNetworkPolicy";
  }
  ParsedKey parsed = felix(PolicyKey{Symbol(kind), Symbol(ns), Symbol(name)});
  parsed.legacy_tier = unescaped(tier);
  return parsed;
}

// calico/v1/host/<host>/...
ParsedKey parse_host_key(const Parts& parts) {
  if (parts.size() < 5) return unknown();
  const Symbol host = unescaped(parts[3]);
  const std::string_view what = parts[4];
  const bool alone = parts.size() == 5;
  if (what == "workload" && parts.size() == 9 && parts[7] == "endpoint") {
    return felix(
        WorkloadEndpointKey{host, unescaped(parts[5]), unescaped(parts[6]), unescaped(parts[8])});
  }
  if (what == "endpoint" && parts.size() == 6) {
    return felix(HostEndpointKey{host, unescaped(parts[5])});
  }
  if (what == "config") return felix(HostConfigKey{host, Symbol(joined(parts, 5))});
  if (what == "metadata" && alone) return other();
  if (what == "bird_ip" && alone) return felix(HostIpKey{host});
  if (what == "wireguard" && alone) return felix(WireguardKey{host});
  return unknown();
}

// calico/v1/policy/...
ParsedKey parse_policy_key(const Parts& parts) {
  if (parts.size() < 5) return unknown();
  if (parts[3] == "tier") {
    if (parts.size() == 6 && parts[5] == "metadata") return felix(TierKey{unescaped(parts[4])});
    if (parts.size() == 7 && parts[5] == "policy") return legacy_policy(parts[4], parts[6]);
    return unknown();
  }
  if (parts[3] == "profile") {
    // Felix indexes past the end where the last part is missing; nobody writes such a key.
    if (parts.size() < 6) return unknown();
    if (parts[5] == "rules") return felix(ProfileRulesKey{unescaped(parts[4])});
    if (parts[5] == "labels") return felix(ProfileLabelsKey{unescaped(parts[4])});
    return unknown();
  }
  if (parts.size() != 6) return unknown();
  return felix(PolicyKey{unescaped(parts[3]), unescaped(parts[4]), unescaped(parts[5])});
}

// calico/v1/ipam/v4/pool/<cidr>
ParsedKey parse_pool_key(const Parts& parts) {
  if (parts.size() != 6 || parts[3].size() != 2 || parts[3][0] != 'v' || parts[4] != "pool") {
    return unknown();
  }
  const auto cidr = parse_key_cidr(parts[5]);
  return cidr ? felix(IpPoolKey{*cidr}) : unknown();
}

ParsedKey parse_v1_key(const Parts& parts, bool leading_slash) {
  const std::string_view what = parts[2];
  if (what == "ipam") return parse_pool_key(parts);
  if (what == "config") return felix(GlobalConfigKey{Symbol(joined(parts, 3))});
  if (what == "host") return parse_host_key(parts);
  if (what == "netset") {
    return parts.size() == 4 ? felix(NetworkSetKey{unescaped(parts[3])}) : unknown();
  }
  if (what == "Ready") {
    return parts.size() == 3 && leading_slash ? felix(ReadyFlagKey{}) : unknown();
  }
  if (what == "policy") return parse_policy_key(parts);
  return unknown();
}

// calico/ipam/v2/...
ParsedKey parse_ipam_key(const Parts& parts) {
  if (parts.size() < 5 || parts[2] != "v2") return unknown();
  if (parts[3] == "assignment") {
    const bool block = parts.size() == 7 && parts[4].size() == 4 && parts[4].starts_with("ipv") &&
                       parts[5] == "block";
    const auto cidr = block ? parse_key_cidr(parts[6]) : std::nullopt;
    return cidr ? felix(BlockKey{*cidr}) : unknown();
  }
  if (parts[3] == "handle") return parts.size() == 5 ? other() : unknown();
  return parts[3] == "host" ? other() : unknown();
}

// calico/resources/v3/projectcalico.org/<plural>/[namespace/]<name>
ParsedKey parse_resource_key(const Parts& parts, bool leading_slash) {
  const bool shape = (parts.size() == 6 || parts.size() == 7) && leading_slash &&
                     parts[2] == "v3" && parts[3] == "projectcalico.org";
  if (!shape) return unknown();
  const Kind* kind = kind_by_plural(unescaped(parts[4]).view());
  if (kind == nullptr || kind->namespaced != (parts.size() == 7)) return unknown();
  const Symbol ns = kind->namespaced ? unescaped(parts[5]) : Symbol();
  return felix(ResourceKey{Symbol(kind->kind), ns, unescaped(parts.back())});
}

struct KeyPrinter {
  std::string operator()(const WorkloadEndpointKey& k) const {
    return fmt::format("/calico/v1/host/{}/workload/{}/{}/endpoint/{}", k.host.view(),
                       escaped_name(k.orchestrator), escaped_name(k.workload),
                       escaped_name(k.endpoint));
  }
  std::string operator()(const HostEndpointKey& k) const {
    return fmt::format("/calico/v1/host/{}/endpoint/{}", k.host.view(), escaped_name(k.endpoint));
  }
  std::string operator()(const PolicyKey& k) const {
    return fmt::format("/calico/v1/policy/{}/{}/{}", k.kind.view(), k.ns.view(), k.name.view());
  }
  std::string operator()(const TierKey& k) const {
    return fmt::format("/calico/v1/policy/tier/{}/metadata", k.name.view());
  }
  std::string operator()(const ProfileRulesKey& k) const {
    return fmt::format("/calico/v1/policy/profile/{}/rules", escaped_name(k.name));
  }
  std::string operator()(const ProfileLabelsKey& k) const {
    return fmt::format("/calico/v1/policy/profile/{}/labels", escaped_name(k.name));
  }
  std::string operator()(const NetworkSetKey& k) const {
    return "/calico/v1/netset/" + escaped_name(k.name);
  }
  std::string operator()(const IpPoolKey& k) const {
    return fmt::format("/calico/v1/ipam/v{}/pool/{}", int(k.cidr.address.family), key_cidr(k.cidr));
  }
  std::string operator()(const BlockKey& k) const {
    return fmt::format("/calico/ipam/v2/assignment/ipv{}/block/{}", int(k.cidr.address.family),
                       key_cidr(k.cidr));
  }
  std::string operator()(const HostIpKey& k) const {
    return fmt::format("/calico/v1/host/{}/bird_ip", k.host.view());
  }
  std::string operator()(const HostConfigKey& k) const {
    return fmt::format("/calico/v1/host/{}/config/{}", k.host.view(), k.name.view());
  }
  std::string operator()(const GlobalConfigKey& k) const {
    return "/calico/v1/config/" + k.name.str();
  }
  std::string operator()(const ReadyFlagKey&) const { return "/calico/v1/Ready"; }
  std::string operator()(const WireguardKey& k) const {
    return fmt::format("/calico/v1/host/{}/wireguard", k.node.view());
  }
  std::string operator()(const ResourceKey& k) const {
    const Kind* kind = kind_by_name(k.kind.view());
    const std::string_view plural = kind != nullptr ? kind->plural : k.kind.view();
    if (kind != nullptr && kind->namespaced) {
      return fmt::format("/calico/resources/v3/projectcalico.org/{}/{}/{}", plural, k.ns.view(),
                         k.name.view());
    }
    return fmt::format("/calico/resources/v3/projectcalico.org/{}/{}", plural, k.name.view());
  }
};

std::string named(std::string_view kind, Symbol ns, Symbol name) {
  return ns.empty() ? fmt::format("{} '{}'", kind, name.view())
                    : fmt::format("{} '{}/{}'", kind, ns.view(), name.view());
}

struct KeyDescriber {
  std::string operator()(const WorkloadEndpointKey& k) const {
    return fmt::format("WorkloadEndpoint '{}' of {}", k.workload.view(), k.host.view());
  }
  std::string operator()(const HostEndpointKey& k) const {
    return fmt::format("HostEndpoint '{}' of {}", k.endpoint.view(), k.host.view());
  }
  std::string operator()(const PolicyKey& k) const { return named(k.kind.view(), k.ns, k.name); }
  std::string operator()(const TierKey& k) const { return named("Tier", {}, k.name); }
  std::string operator()(const ProfileRulesKey& k) const {
    return "rules of " + named("Profile", {}, k.name);
  }
  std::string operator()(const ProfileLabelsKey& k) const {
    return "labels of " + named("Profile", {}, k.name);
  }
  std::string operator()(const NetworkSetKey& k) const { return named("NetworkSet", {}, k.name); }
  std::string operator()(const IpPoolKey& k) const {
    return fmt::format("IPPool '{}'", k.cidr.str());
  }
  std::string operator()(const BlockKey& k) const {
    return fmt::format("IPAM block '{}'", k.cidr.str());
  }
  std::string operator()(const HostIpKey& k) const { return "address of node " + k.host.str(); }
  std::string operator()(const HostConfigKey& k) const {
    return fmt::format("configuration '{}' of node {}", k.name.view(), k.host.view());
  }
  std::string operator()(const GlobalConfigKey& k) const {
    return fmt::format("configuration '{}'", k.name.view());
  }
  std::string operator()(const ReadyFlagKey&) const { return "the ready flag"; }
  std::string operator()(const WireguardKey& k) const { return "wireguard of " + k.node.str(); }
  std::string operator()(const ResourceKey& k) const { return named(k.kind.view(), k.ns, k.name); }
};

}  // namespace

std::string escaped_name(Symbol name) {
  std::string text = name.str();
  if (text.find_first_of("%/") == std::string::npos) return text;
  replace_all(text, "%", "%25");
  replace_all(text, "/", "%2f");
  return text;
}

ParsedKey parse_key(std::string_view text) {
  const bool leading_slash = text.starts_with('/');
  if (leading_slash) text.remove_prefix(1);
  Parts parts;
  parts.reserve(10);
  for (size_t start = 0;;) {
    const size_t slash = text.find('/', start);
    parts.push_back(text.substr(start, slash == std::string_view::npos ? slash : slash - start));
    if (slash == std::string_view::npos) break;
    start = slash + 1;
  }
  if (parts.size() < 3 || parts[0] != "calico") return unknown();
  if (parts[1] == "v1") return parse_v1_key(parts, leading_slash);
  if (parts[1] == "ipam") return parse_ipam_key(parts);
  if (parts[1] == "resources") return parse_resource_key(parts, leading_slash);
  if (parts[1] == "bgp") return parts.size() >= 5 && parts[2] == "v1" ? other() : unknown();
  if (parts[1] == "felix") return parts.size() >= 7 ? other() : unknown();
  return unknown();
}

std::string key_text(const Key& key) { return std::visit(KeyPrinter{}, key); }

std::string describe(const Key& key) { return std::visit(KeyDescriber{}, key); }

bool is_namespaced_kind(std::string_view kind) {
  const Kind* found = kind_by_name(kind);
  return found != nullptr && found->namespaced;
}

}  // namespace felixsim
