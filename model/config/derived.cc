// SPDX-License-Identifier: Apache-2.0
#include "model/config/derived.h"

#include "model/config/go_text.h"

namespace felixsim {

bool nftables_enabled(const Config& config) {
  return config.knows("NFTablesMode") && config.text("NFTablesMode") == "Enabled";
}

namespace {

std::string_view pick(const Config& config, std::string_view nftables, std::string_view iptables) {
  return nftables_enabled(config) ? nftables : iptables;
}

// One word of ClusterType, or nothing when it names no provider. "" is a provider: none.
std::optional<std::string> provider_of(std::string_view word) {
  const std::string name = go::lower(word);
  if (name.empty()) return "";
  if (name == "ecs") return "EKS";
  for (const char* provider : {"EKS", "GKE", "AKS", "OpenShift", "DockerEnterprise"})
    if (go::lower(provider) == name) return provider;
  return std::nullopt;
}

}  // namespace

const std::string& filter_allow_action(const Config& config) {
  return config.text(pick(config, "NftablesFilterAllowAction", "IptablesFilterAllowAction"));
}
const std::string& mangle_allow_action(const Config& config) {
  return config.text(pick(config, "NftablesMangleAllowAction", "IptablesMangleAllowAction"));
}
const std::string& filter_deny_action(const Config& config) {
  return config.text(pick(config, "NftablesFilterDenyAction", "IptablesFilterDenyAction"));
}
uint32_t mark_mask(const Config& config) {
  return config.mask(pick(config, "NftablesMarkMask", "IptablesMarkMask"));
}
Nanoseconds table_refresh_interval(const Config& config) {
  return config.duration(pick(config, "NftablesRefreshInterval", "IptablesRefreshInterval"));
}

std::vector<std::string> interface_prefixes(const Config& config) {
  std::vector<std::string> prefixes;
  for (const auto prefix : go::split(config.text("InterfacePrefix"), ','))
    prefixes.emplace_back(prefix);
  return prefixes;
}

bool openstack_active(const Config& config) {
  if (go::lower(config.text("ClusterType")).find("openstack") != std::string::npos) return true;
  const std::string& address = config.text("MetadataAddr");
  if (!address.empty() && address != "127.0.0.1") return true;
  const int64_t port = config.integer("MetadataPort");
  if (port != 0 && port != 8775) return true;
  const auto prefixes = interface_prefixes(config);
  return std::find(prefixes.begin(), prefixes.end(), "tap") != prefixes.end();
}

std::string kubernetes_provider(const Config& config) {
  for (const auto word : go::split(config.text("ClusterType"), ','))
    if (auto provider = provider_of(word)) return *provider;
  return "";
}

bool is_leader(const Config& config) { return config.text("Variant") == "Calico"; }

bool flow_logs_enabled(const Config& config) {
  return config.knows("FlowLogsGoldmaneServer") &&
         (!config.text("FlowLogsGoldmaneServer").empty() ||
          config.text("FlowLogsLocalReporter") == "Enabled");
}

bool program_cluster_routes(const Config& config) {
  return config.knows("ProgramClusterRoutes") && config.text("ProgramClusterRoutes") == "Enabled";
}

bool istio_ambient(const Config& config) {
  return config.knows("IstioAmbientMode") && config.text("IstioAmbientMode") == "Enabled";
}

std::vector<IndexRange> route_table_indices(const Config& config) {
  const auto& ranges =
      std::get<Nullable<std::vector<IndexRange>>>(config.value("RouteTableRanges"));
  if (ranges && !ranges->empty()) return *ranges;
  const auto& range = std::get<IndexRange>(config.value("RouteTableRange"));
  if (range != IndexRange{}) return {range};
  return {{1, 250}};
}

uint8_t dscp_value(const Dscp& dscp) { return dscp.number; }

}  // namespace felixsim
