// SPDX-License-Identifier: Apache-2.0
// Endpoints, nodes, pools, BGP and configuration.
#include <array>

#include "model/datastore/resource_shapes.h"

namespace felixsim {
namespace {

using enum JsonKind;
using enum Presence;

constexpr std::array condition_fields{
    JsonField{"type", text, always},        JsonField{"status", text, always},
    JsonField{"observedGeneration", int64}, JsonField{"lastTransitionTime", time, always},
    JsonField{"reason", text, always},      JsonField{"message", text, always},
};

constexpr std::array tier_spec_fields{
    JsonField{"order", real, given},
    JsonField{"defaultAction", text, given},
};

constexpr std::array tier_status_fields{
    JsonField{"conditions", object, nonzero, true, condition_fields},
};

constexpr std::array ipnat_fields{
    JsonField{"internalIP", text, always},
    JsonField{"externalIP", text, always},
};

constexpr std::array workload_endpoint_port_fields{
    JsonField{"name", text, always},   JsonField{"protocol", protocol, always},
    JsonField{"port", uint16, always}, JsonField{"hostPort", uint16, always},
    JsonField{"hostIP", text, always},
};

constexpr std::array qo_s_controls_fields{
    JsonField{"ingressBandwidth", int64},      JsonField{"ingressBurst", int64},
    JsonField{"ingressPeakrate", int64},       JsonField{"ingressMinburst", int64},
    JsonField{"egressBandwidth", int64},       JsonField{"egressBurst", int64},
    JsonField{"egressPeakrate", int64},        JsonField{"egressMinburst", int64},
    JsonField{"ingressPacketRate", int64},     JsonField{"ingressPacketBurst", int64},
    JsonField{"egressPacketRate", int64},      JsonField{"egressPacketBurst", int64},
    JsonField{"ingressMaxConnections", int64}, JsonField{"egressMaxConnections", int64},
    JsonField{"dscp", protocol, given},
};

constexpr std::array workload_endpoint_spec_fields{
    JsonField{"orchestrator"},
    JsonField{"workload"},
    JsonField{"node"},
    JsonField{"containerID"},
    JsonField{"pod"},
    JsonField{"endpoint"},
    JsonField{"serviceAccountName"},
    JsonField{"ipNetworks", text, nonzero, true},
    JsonField{"ipNATs", object, nonzero, true, ipnat_fields},
    JsonField{"ipv4Gateway"},
    JsonField{"ipv6Gateway"},
    JsonField{"profiles", text, nonzero, true},
    JsonField{"interfaceName"},
    JsonField{"mac"},
    JsonField{"ports", object, nonzero, true, workload_endpoint_port_fields},
    JsonField{"allowSpoofedSourcePrefixes", text, nonzero, true},
    JsonField{"qosControls", object, given, false, qo_s_controls_fields},
};

constexpr std::array endpoint_port_fields{
    JsonField{"name", text, always},
    JsonField{"protocol", protocol, always},
    JsonField{"port", uint16, always},
};

constexpr std::array host_endpoint_spec_fields{
    JsonField{"node"},
    JsonField{"interfaceName"},
    JsonField{"expectedIPs", text, nonzero, true},
    JsonField{"profiles", text, nonzero, true},
    JsonField{"ports", object, nonzero, true, endpoint_port_fields},
};

constexpr std::array network_set_spec_fields{
    JsonField{"nets", text, nonzero, true},
};

constexpr std::array ip_pool_spec_fields{
    JsonField{"cidr", text, always},
    JsonField{"vxlanMode"},
    JsonField{"ipipMode"},
    JsonField{"natOutgoing", flag},
    JsonField{"disabled", flag},
    JsonField{"disableBGPExport", flag},
    JsonField{"blockSize", int64},
    JsonField{"nodeSelector"},
    JsonField{"namespaceSelector"},
    JsonField{"allowedUses", text, nonzero, true},
    JsonField{"assignmentMode", text, given},
};

constexpr std::array ip_pool_status_fields{
    JsonField{"conditions", object, nonzero, true, condition_fields},
};

constexpr std::array node_bgp_spec_fields{
    JsonField{"asNumber", as_number, given},
    JsonField{"ipv4Address"},
    JsonField{"ipv6Address"},
    JsonField{"ipv4IPIPTunnelAddr"},
    JsonField{"routeReflectorClusterID"},
};

constexpr std::array orch_ref_fields{
    JsonField{"nodeName"},
    JsonField{"orchestrator", text, always},
};

constexpr std::array node_wireguard_spec_fields{
    JsonField{"interfaceIPv4Address"},
    JsonField{"interfaceIPv6Address"},
};

constexpr std::array node_address_fields{
    JsonField{"address", text, always},
    JsonField{"type"},
};

constexpr std::array node_interface_fields{
    JsonField{"name"},
    JsonField{"addresses", text, nonzero, true},
};

constexpr std::array node_spec_fields{
    JsonField{"bgp", object, given, false, node_bgp_spec_fields},
    JsonField{"ipv4VXLANTunnelAddr"},
    JsonField{"vxlanTunnelMACAddr"},
    JsonField{"ipv6VXLANTunnelAddr"},
    JsonField{"vxlanTunnelMACAddrV6"},
    JsonField{"orchRefs", object, nonzero, true, orch_ref_fields},
    JsonField{"wireguard", object, given, false, node_wireguard_spec_fields},
    JsonField{"addresses", object, nonzero, true, node_address_fields},
    JsonField{"interfaces", object, nonzero, true, node_interface_fields},
};

constexpr std::array node_status_fields{
    JsonField{"wireguardPublicKey"},
    JsonField{"wireguardPublicKeyV6"},
    JsonField{"podCIDRs", text, nonzero, true},
};

constexpr std::array cluster_information_spec_fields{
    JsonField{"clusterGUID"},   JsonField{"clusterType"},
    JsonField{"calicoVersion"}, JsonField{"datastoreReady", flag, given},
    JsonField{"variant"},
};

constexpr std::array service_load_balancer_ip_block_fields{
    JsonField{"cidr"},
};

constexpr std::array service_external_ip_block_fields{
    JsonField{"cidr"},
};

constexpr std::array service_cluster_ip_block_fields{
    JsonField{"cidr"},
};

constexpr std::array community_fields{
    JsonField{"name"},
    JsonField{"value"},
};

constexpr std::array prefix_advertisement_fields{
    JsonField{"cidr"},
    JsonField{"communities", text, nonzero, true},
};

constexpr std::array secret_key_selector_fields{
    JsonField{"name"},
    JsonField{"key", text, always},
    JsonField{"optional", flag, given},
};

constexpr std::array bgp_password_fields{
    JsonField{"secretKeyRef", object, given, false, secret_key_selector_fields},
};

constexpr std::array bgp_configuration_spec_fields{
    JsonField{"logSeverityScreen"},
    JsonField{"nodeToNodeMeshEnabled", flag, given},
    JsonField{"asNumber", as_number, given},
    JsonField{"serviceLoadBalancerIPs", object, nonzero, true,
              service_load_balancer_ip_block_fields},
    JsonField{"serviceExternalIPs", object, nonzero, true, service_external_ip_block_fields},
    JsonField{"serviceClusterIPs", object, nonzero, true, service_cluster_ip_block_fields},
    JsonField{"serviceLoadBalancerAggregation", text, given},
    JsonField{"communities", object, nonzero, true, community_fields},
    JsonField{"prefixAdvertisements", object, nonzero, true, prefix_advertisement_fields},
    JsonField{"listenPort", uint16},
    JsonField{"nodeMeshPassword", object, given, false, bgp_password_fields},
    JsonField{"nodeMeshMaxRestartTime", duration, given},
    JsonField{"bindMode", text, given},
    JsonField{"ignoredInterfaces", text, nonzero, true},
    JsonField{"localWorkloadPeeringIPV4"},
    JsonField{"localWorkloadPeeringIPV6"},
    JsonField{"programClusterRoutes", text, given},
    JsonField{"ipv4NormalRoutePriority", int64, given},
    JsonField{"ipv6NormalRoutePriority", int64, given},
};

constexpr std::array bgp_peer_spec_fields{
    JsonField{"node"},
    JsonField{"nodeSelector"},
    JsonField{"peerIP"},
    JsonField{"asNumber", as_number},
    JsonField{"localASNumber", as_number, given},
    JsonField{"peerSelector"},
    JsonField{"keepOriginalNextHop", flag},
    JsonField{"nextHopMode", text, given},
    JsonField{"password", object, given, false, bgp_password_fields},
    JsonField{"sourceAddress"},
    JsonField{"maxRestartTime", duration, given},
    JsonField{"keepaliveTime", duration, given},
    JsonField{"numAllowedLocalASNumbers", int32, given},
    JsonField{"ttlSecurity", uint8, given},
    JsonField{"reachableBy"},
    JsonField{"filters", text, nonzero, true},
    JsonField{"localWorkloadSelector"},
    JsonField{"reversePeering", text, given},
};

constexpr std::array workload_identifier_fields{
    JsonField{"hostname"},
    JsonField{"orchestratorID"},
    JsonField{"workloadID"},
};

constexpr std::array workload_endpoint_identifier_fields{
    JsonField{"hostname"},
    JsonField{"orchestratorID"},
    JsonField{"workloadID"},
    JsonField{"endpointID"},
};

constexpr std::array live_migration_source_fields{
    JsonField{"workload", object, given, false, workload_identifier_fields},
    JsonField{"workloadEndpoint", object, given, false, workload_endpoint_identifier_fields},
};

constexpr std::array live_migration_target_fields{
    JsonField{"selector", text, given},
    JsonField{"workloadEndpoint", object, given, false, workload_endpoint_identifier_fields},
};

constexpr std::array live_migration_spec_fields{
    JsonField{"source", object, given, false, live_migration_source_fields},
    JsonField{"target", object, given, false, live_migration_target_fields},
};

constexpr std::array tier{
    JsonField{"spec", object, always, false, tier_spec_fields},
    JsonField{"status", object, always, false, tier_status_fields},
};

constexpr std::array workload_endpoint{
    JsonField{"spec", object, always, false, workload_endpoint_spec_fields},
};

constexpr std::array host_endpoint{
    JsonField{"spec", object, always, false, host_endpoint_spec_fields},
};

constexpr std::array network_set{
    JsonField{"spec", object, always, false, network_set_spec_fields},
};

constexpr std::array ip_pool{
    JsonField{"spec", object, always, false, ip_pool_spec_fields},
    JsonField{"status", object, given, false, ip_pool_status_fields},
};

constexpr std::array node{
    JsonField{"spec", object, always, false, node_spec_fields},
    JsonField{"status", object, always, false, node_status_fields},
};

constexpr std::array cluster_information{
    JsonField{"spec", object, always, false, cluster_information_spec_fields},
};

constexpr std::array bgp_configuration{
    JsonField{"spec", object, always, false, bgp_configuration_spec_fields},
};

constexpr std::array bgp_peer{
    JsonField{"spec", object, always, false, bgp_peer_spec_fields},
};

constexpr std::array live_migration{
    JsonField{"spec", object, always, false, live_migration_spec_fields},
};

struct KindShape {
  std::string_view kind;
  std::span<const JsonField> fields;
};
constexpr std::array shapes{
    KindShape{"Tier", tier},
    KindShape{"WorkloadEndpoint", workload_endpoint},
    KindShape{"HostEndpoint", host_endpoint},
    KindShape{"NetworkSet", network_set},
    KindShape{"IPPool", ip_pool},
    KindShape{"Node", node},
    KindShape{"ClusterInformation", cluster_information},
    KindShape{"BGPConfiguration", bgp_configuration},
    KindShape{"BGPPeer", bgp_peer},
    KindShape{"LiveMigration", live_migration},
    KindShape{"GlobalNetworkSet", network_set},
};

}  // namespace

std::span<const JsonField> resource_shape(std::string_view kind) {
  for (const KindShape& shape : shapes) {
    if (shape.kind == kind) return shape.fields;
  }
  if (kind == "FelixConfiguration") return felix_configuration_shape();
  if (kind == "Profile") return profile_shape();
  const auto policy = policy_shape(kind);
  return policy.empty() ? kubernetes_shape(kind) : policy;
}

void write_resource_members(JsonReader& in, JsonWriter& out, JsonView view, std::string_view kind,
                            const ObjectMeta& meta) {
  static constexpr std::array head{JsonField{"kind"}, JsonField{"apiVersion"}};
  write_shaped_members(in, out, view, head);
  out.name("metadata");
  out.object([&] {
    out.optional("name", meta.name);
    in.object(view, [&](FieldName name, JsonView value) {
      if (name.is("metadata")) write_shaped_members(in, out, value, metadata_shape());
    });
    out.optional("annotations", meta.annotations);
  });
  write_shaped_members(in, out, view, resource_shape(kind));
}

}  // namespace felixsim
