// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/dataplane_config.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "model/config/config.h"
#include "model/config/derived.h"
#include "model/dataplane/interfaces.h"

namespace felixsim {

namespace {

constexpr int default_mtu_bytes = 1460;  // the smallest of common cloud providers
constexpr int ipip_overhead = 20, vxlan_overhead = 50, vxlan_v6_overhead = 70;
constexpr int wireguard_overhead = 60, wireguard_v6_overhead = 80;
constexpr int aks_overhead = 100;  // Azure's network fragments below the MTU that hosts see
constexpr char kube_ipvs_interface[] = "kube-ipvs0";

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool has_kubernetes_chains(const KernelState& host, IptBackend backend) {
  for (IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    auto tables = host.iptables.find({family, backend});
    if (tables == host.iptables.end()) continue;
    auto mangle = tables->second.find("mangle");
    if (mangle == tables->second.end()) continue;
    for (const char* name : {"KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY"}) {
      if (mangle->second.contains(name)) return true;
    }
  }
  return false;
}

size_t count_rules(const KernelState& host, IptBackend backend) {
  size_t count = 0;
  for (IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    auto tables = host.iptables.find({family, backend});
    if (tables == host.iptables.end()) continue;
    for (const auto& [table, chains] : tables->second) {
      for (const auto& [name, chain] : chains) count += chain.rules.size();
    }
  }
  return count;
}

bool follows_kube_proxy(const Config& config) {
  return config.knows("NFTablesMode") && config.text("NFTablesMode") == "Auto";
}

rules::Dialect choose_dialect(const Config& config, const KernelState& host) {
  const bool nft =
      nftables_enabled(config) || (follows_kube_proxy(config) && kube_proxy_uses_nftables(host));
  return nft ? rules::Dialect::nft : rules::Dialect::iptables;
}

void derive_routes(const Config& config, DataplaneConfig& out) {
  out.route_sync_disabled = config.boolean("RouteSyncDisabled");
  out.remove_external_routes = config.boolean("RemoveExternalRoutes");
  out.program_cluster_routes = program_cluster_routes(config);
  out.device_route_protocol = static_cast<int>(config.integer("DeviceRouteProtocol"));
  out.device_route_source = config.address("DeviceRouteSourceAddress");
  out.device_route_source_v6 = config.address("DeviceRouteSourceAddressIPv6");
  out.route_priority = out.route_priority_v6 = 0;
  if (config.knows("IPv4NormalRoutePriority")) {
    out.route_priority = static_cast<uint32_t>(config.integer("IPv4NormalRoutePriority"));
    out.route_priority_v6 = static_cast<uint32_t>(config.integer("IPv6NormalRoutePriority"));
    out.elevated_route_priority =
        static_cast<uint32_t>(config.integer("IPv4ElevatedRoutePriority"));
    out.migration_settling_time = config.duration("LiveMigrationRouteConvergenceTime").count;
  }
}

// ConfigureDefaultMTUs: what is not set follows from the host's MTU.
void derive_mtus(const Config& config, const KernelState& host, DataplaneConfig& out) {
  if (const auto& pattern = config.regexp("MTUIfacePattern")) {
    out.mtu_interface = [regexp = *pattern](const std::string& name) {
      return matches(regexp, name);
    };
  } else {
    out.mtu_interface = [](const std::string&) { return false; };
  }
  out.host_mtu_bytes = find_host_mtu(host, out.mtu_interface);
  auto set_or = [&](std::string_view name, int overhead) {
    int set = static_cast<int>(config.integer(name));
    return set != 0 ? set : out.host_mtu_bytes - overhead;
  };
  out.ipip_mtu_bytes = set_or("IpInIpMtu", ipip_overhead);
  out.vxlan_mtu_bytes = set_or("VXLANMTU", vxlan_overhead);
  out.vxlan_mtu_v6_bytes = set_or("VXLANMTUV6", vxlan_v6_overhead);
  out.vxlan_vni = static_cast<int>(config.integer("VXLANVNI"));
  const bool on_aks =
      kubernetes_provider(config) == "AKS" && config.boolean("WireguardHostEncryptionEnabled");
  const int cloud = on_aks ? aks_overhead : 0;
  out.wireguard.mtu_bytes = set_or("WireguardMTU", wireguard_overhead + cloud);
  out.wireguard.mtu_v6_bytes = set_or("WireguardMTUV6", wireguard_v6_overhead + cloud);
}

// The smallest routing tables that Felix may use, at most `count`: idalloc.IndexAllocator, with the
// kernel's own tables left out.
std::vector<int64_t> claim_tables(const std::vector<IndexRange>& ranges, size_t count) {
  constexpr int64_t first_reserved = 253, last_reserved = 255;
  std::vector<int64_t> claimed;
  int64_t next = std::numeric_limits<int64_t>::min();
  while (claimed.size() < count) {
    std::optional<int64_t> best;
    for (const IndexRange& range : ranges) {
      int64_t candidate = std::max(range.first, next);
      if (candidate >= first_reserved && candidate <= last_reserved) candidate = last_reserved + 1;
      if (candidate <= range.last && (!best || candidate < *best)) best = candidate;
    }
    if (!best) return claimed;
    claimed.push_back(*best);
    next = *best + 1;
  }
  return claimed;
}

// driver.go StartDataplaneDriver: each IP version claims a table, and both use the first.
void derive_wireguard(const Config& config, WireguardSettings& out) {
  const std::vector<int64_t> tables = claim_tables(route_table_indices(config), 2);
  out.enabled = !tables.empty() && config.boolean("WireguardEnabled");
  out.enabled_v6 = tables.size() > 1 && config.boolean("WireguardEnabledV6");
  out.table = tables.empty() ? 0 : static_cast<int>(tables.front());
  out.rule_priority = static_cast<uint32_t>(config.integer("WireguardRoutingRulePriority"));
  out.keepalive_seconds =
      static_cast<int>(config.duration("WireguardPersistentKeepAlive").count / second);
  out.threaded = config.boolean("WireguardThreadingEnabled");
}

void derive_timers(const Config& config, DataplaneConfig& out) {
  out.table_refresh_interval = table_refresh_interval(config).count;
  out.post_write_interval = config.duration("IptablesPostWriteCheckIntervalSecs").count;
  out.lock_probe_interval = config.duration("IptablesLockProbeIntervalMillis").count;
  out.ip_sets_refresh_interval = config.duration("IpsetsRefreshInterval").count;
  out.route_refresh_interval = config.duration("RouteRefreshInterval").count;
}

}  // namespace

int find_host_mtu(const KernelState& host, const std::function<bool(const std::string&)>& matches) {
  int smallest = 0;
  for (const auto& [name, link] : host.links) {
    if (!is_oper_up(link) || !matches(name)) continue;
    if (smallest == 0 || link.mtu_bytes < smallest) smallest = link.mtu_bytes;
  }
  return smallest == 0 ? default_mtu_bytes : smallest;
}

bool kube_proxy_uses_nftables(const KernelState& host) {
  for (const char* family : {"ip", "ip6"}) {
    auto table = host.nft.find({family, "kube-proxy"});
    if (table != host.nft.end() && !table->second.chains.empty()) return true;
  }
  return false;
}

IptBackend detect_iptables_backend(const std::string& specified, const KernelState& host) {
  std::string wanted = lower(specified);
  if (wanted != "auto") return wanted == "nft" ? IptBackend::nft : IptBackend::legacy;
  if (has_kubernetes_chains(host, IptBackend::nft)) return IptBackend::nft;
  if (has_kubernetes_chains(host, IptBackend::legacy)) return IptBackend::legacy;
  return count_rules(host, IptBackend::legacy) >= count_rules(host, IptBackend::nft)
             ? IptBackend::legacy
             : IptBackend::nft;
}

Result<DataplaneConfig> derive_dataplane_config(const Config& config,
                                                const msg::Encapsulation& encapsulation,
                                                Symbol hostname, const KernelState& host) {
  DataplaneConfig out;
  auto rules =
      rules::derive_rules_config(config, encapsulation, host.links.contains(kube_ipvs_interface),
                                 choose_dialect(config, host));
  if (!rules) return forward(rules);
  out.rules = std::move(*rules);
  out.hostname = hostname;
  out.ipv6_enabled = config.boolean("Ipv6Support");
  if (follows_kube_proxy(config)) out.kube_proxy_nftables = kube_proxy_uses_nftables(host);
  out.iptables_backend = detect_iptables_backend(config.text("IptablesBackend"), host);
  out.append_hooks = lower(config.text("ChainInsertMode")) == "append";
  out.arp_suppression = out.rules.felix.arp_suppression;
  out.status_files = !config.text("EndpointStatusPathPrefix").empty();
  out.floating_ips = lower(config.text("FloatingIPs")) == "enabled";
  out.ip_forwarding = !config.knows("IPForwarding") || config.text("IPForwarding") == "Enabled";
  out.max_ip_set_size = config.integer("MaxIpsetSize");
  for (const std::string& text : config.strings("ExternalNodesCIDRList")) {
    if (auto cidr = Cidr::parse_cidr_or_ip(text)) out.external_node_cidrs.push_back(*cidr);
  }
  out.interface_excluded = [excludes =
                                config.regexps("InterfaceExclude")](const std::string& name) {
    return std::any_of(excludes.begin(), excludes.end(),
                       [&](const Regexp& regexp) { return matches(regexp, name); });
  };
  derive_routes(config, out);
  derive_mtus(config, host, out);
  derive_wireguard(config, out.wireguard);
  derive_timers(config, out);
  out.clean_up_ipip = !config.optional_boolean("IpInIpEnabled").has_value();
  return out;
}

}  // namespace felixsim
