// SPDX-License-Identifier: Apache-2.0
#include "model/rules/rules_config.h"

#include "model/config/config.h"
#include "model/config/derived.h"

namespace felixsim::rules {
namespace {

Verdict deny_verdict(const std::string& action) {
  return action == "REJECT" ? Verdict::reject : Verdict::drop;
}

Verdict allow_verdict(const std::string& action) {
  return action == "RETURN" ? Verdict::return_ : Verdict::accept;
}

Verdict endpoint_to_host_verdict(const std::string& action) {
  if (action == "DROP") return Verdict::drop;
  if (action == "REJECT") return Verdict::reject;
  return action == "ACCEPT" ? Verdict::accept : Verdict::return_;
}

std::optional<Verdict> loop_verdict(const std::string& prevention) {
  if (prevention == "Drop") return Verdict::drop;
  if (prevention == "Reject") return Verdict::reject;
  return std::nullopt;
}

uint16_t port_at(const Config& config, std::string_view name) {
  return static_cast<uint16_t>(config.integer(name));
}

void derive_overlays(RulesConfig& c, const Config& config,
                     const msg::Encapsulation& encapsulation) {
  c.vxlan_enabled = encapsulation.vxlan_enabled;
  c.vxlan_enabled_v6 = encapsulation.vxlan_enabled_v6;
  c.ipip_enabled = encapsulation.ipip_enabled;
  c.vxlan_port = port_at(config, "VXLANPort");
  c.ipip_tunnel_address = config.address("IpInIpTunnelAddr");
  c.vxlan_tunnel_address = config.address("IPv4VXLANTunnelAddr");
  c.vxlan_tunnel_address_v6 = config.address("IPv6VXLANTunnelAddr");
  c.allow_vxlan_from_workloads = config.boolean("AllowVXLANPacketsFromWorkloads");
  c.allow_ipip_from_workloads = config.boolean("AllowIPIPPacketsFromWorkloads");
  c.wireguard_enabled = config.boolean("WireguardEnabled");
  c.wireguard_enabled_v6 = config.boolean("WireguardEnabledV6");
  c.wireguard_interface = config.text("WireguardInterfaceName");
  c.wireguard_interface_v6 = config.text("WireguardInterfaceNameV6");
  c.wireguard_port = port_at(config, "WireguardListeningPort");
  c.wireguard_port_v6 = port_at(config, "WireguardListeningPortV6");
  c.wireguard_encrypt_host_traffic = config.boolean("WireguardHostEncryptionEnabled");
}

void derive_actions(RulesConfig& c, const Config& config) {
  c.log_prefix = config.text("LogPrefix");
  if (config.knows("LogActionRateLimit")) {
    c.log_rate_limit = config.text("LogActionRateLimit");
    c.log_rate_limit_burst = static_cast<uint16_t>(config.integer("LogActionRateLimitBurst"));
  }
  c.endpoint_to_host = endpoint_to_host_verdict(config.text("DefaultEndpointToHostAction"));
  c.filter_allow = allow_verdict(filter_allow_action(config));
  c.mangle_allow = allow_verdict(mangle_allow_action(config));
  c.filter_deny = deny_verdict(filter_deny_action(config));
  c.blocked_cidrs = loop_verdict(config.text("ServiceLoopPrevention"));
  c.failsafe_inbound = config.ports("FailsafeInboundHostPorts");
  c.failsafe_outbound = config.ports("FailsafeOutboundHostPorts");
  c.disable_conntrack_invalid = config.boolean("DisableConntrackInvalidCheck");
}

void derive_nat(RulesConfig& c, const Config& config) {
  const auto& range = std::get<Port>(config.value("NATPortRange"));
  if (range.last > 0) c.nat_port_range = msg::PortRange{range.first, range.last};
  c.nat_outgoing_address = config.address("NATOutgoingAddress");
  c.nat_outgoing_interface_filter = config.text("IptablesNATOutgoingInterfaceFilter");
  c.nat_outgoing_excludes_hosts = config.knows("NATOutgoingExclusions") &&
                                  config.text("NATOutgoingExclusions") == "IPPoolsAndHostIPs";
}

// What Go's strconv.ParseBool takes.
std::optional<bool> parse_flag(std::string_view raw) {
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (raw == yes) return true;
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"})
    if (raw == no) return false;
  return std::nullopt;
}

// felix/environment/feature_detect_linux.go refreshFeaturesLockHeld: overrides by exact name; what
// is unknown or no boolean is ignored.
Features derive_features(const Config& config) {
  Features features;
  const auto& given = std::get<Nullable<StringMap>>(config.value("FeatureDetectOverride"));
  if (!given) return features;
  for (const auto& [name, flag] : {std::pair{"SNATFullyRandom", &Features::snat_fully_random},
                                   {"MASQFullyRandom", &Features::masq_fully_random},
                                   {"NFLogSize", &Features::nflog_size},
                                   {"RestoreSupportsLock", &Features::restore_supports_lock}}) {
    const auto override = given->find(name);
    if (override == given->end()) continue;
    if (const auto value = parse_flag(override->second)) features.*flag = *value;
  }
  return features;
}

// Configuration writes wildcards as iptables does.
std::vector<std::string> forced_track_interfaces(const Config& config) {
  std::vector<std::string> names = config.strings("BPFForceTrackPacketsFromIfaces");
  if (nftables_enabled(config))
    for (auto& name : names)
      if (name.ends_with('+')) name.back() = '*';
  return names;
}

}  // namespace

Result<RulesConfig> derive_rules_config(const Config& config,
                                        const msg::Encapsulation& encapsulation,
                                        bool kube_ipvs0_present, Dialect dialect) {
  RulesConfig c;
  c.felix = facts_of(config.version());
  c.dialect = dialect;
  c.features = derive_features(config);
  c.workload_interface_prefixes = interface_prefixes(config);
  c.kube_ipvs = kube_ipvs_support(config, kube_ipvs0_present);
  auto marks = allocate_mark_bits(config, c.kube_ipvs);
  if (!marks) return forward(marks);
  c.marks = *marks;
  c.kube_node_port_ranges.clear();
  for (const Port& range : config.port_ranges("KubeNodePortRanges"))
    c.kube_node_port_ranges.push_back({range.first, range.last});
  c.openstack = openstack_active(config);
  c.openstack_metadata_ip = Ip::parse(config.text("MetadataAddr"));
  c.openstack_metadata_port = port_at(config, "MetadataPort");
  derive_overlays(c, config, encapsulation);
  derive_actions(c, config);
  derive_nat(c, config);
  c.bpf_enabled = config.boolean("BPFEnabled");
  if (config.knows("BPFForceTrackPacketsFromIfaces"))
    c.bpf_force_track_interfaces = forced_track_interfaces(config);
  c.flow_logs = flow_logs_enabled(config);
  c.istio_ambient = istio_ambient(config);
  if (config.knows("IstioDSCPMark"))
    c.istio_dscp = dscp_value(std::get<Dscp>(config.value("IstioDSCPMark")));
  return c;
}

}  // namespace felixsim::rules
