// SPDX-License-Identifier: Apache-2.0
// Datastore values as Felix computes on them: libcalico-go/lib/backend/model (the "v1" model), plus
// the few v3 and Kubernetes kinds that reach the calc graph unconverted. Valid by construction:
// text was parsed at the edge. Shared by pointer (ValuePtr) between the datastore view and every
// node's graph.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "felixsim/ip.h"
#include "felixsim/keys.h"
#include "felixsim/symbol.h"

namespace felixsim {

// Labels sorted by key, each key once. Equal maps may be shared; null means no labels.
using LabelMap = std::vector<std::pair<Symbol, Symbol>>;
using Labels = std::shared_ptr<const LabelMap>;
using StringMap = std::map<std::string, std::string>;  // annotations and raw configuration

// numorstring.Protocol: a number 0-255, or a name as given (matching of names is case-insensitive
// in Felix).
struct Protocol {
  Symbol name;  // empty: `number` holds
  uint8_t number = 0;
  bool is_empty_text = false;  // written as ""; Felix keeps that, and its validator refuses it
  auto operator<=>(const Protocol&) const = default;
};

// numorstring.Port: a range (first == last for one port), or a name.
struct Port {
  uint16_t first = 0, last = 0;
  Symbol name;  // empty: the numbers hold
  auto operator<=>(const Port&) const = default;
};

// Felix looks at `exact` first (felix/calc/rule_convert.go).
struct HttpPath {
  std::string exact, prefix;
  auto operator<=>(const HttpPath&) const = default;
};
struct HttpMatch {
  std::vector<std::string> methods;
  std::vector<HttpPath> paths;
  auto operator<=>(const HttpMatch&) const = default;
};

// One side of a rule, as model.Rule has it for Src and Dst.
struct RuleSide {
  std::vector<Cidr> nets,
      not_nets;                   // nets, then the single net appended last (model.Rule.AllSrcNets)
  Symbol selector, not_selector;  // combined selectors: namespaces and service accounts folded in
  std::vector<Port> ports, not_ports;
  Symbol service, service_namespace;
  Symbol original_selector, original_namespace_selector, original_not_selector;
  std::vector<Symbol> original_service_account_names;
  Symbol original_service_account_selector;
  bool operator==(const RuleSide&) const = default;
};

struct Rule {
  Symbol action;  // "", "allow", "deny", "log", "next-tier", "pass"; as stored
  std::optional<int64_t> ip_version;
  std::optional<Protocol> protocol, not_protocol;
  std::optional<int64_t> icmp_type, icmp_code, not_icmp_type, not_icmp_code;
  RuleSide source, destination;
  std::optional<HttpMatch> http;
  std::optional<StringMap> annotations;  // metadata.annotations
  bool operator==(const Rule&) const = default;
};

struct Policy {
  Symbol ns, tier;
  std::optional<double> order;
  std::vector<Rule> inbound, outbound;
  Symbol selector;
  bool do_not_track = false, pre_dnat = false, apply_on_forward = false;
  std::vector<std::string> types;
  std::vector<std::string> performance_hints;
  StringMap annotations;
  std::optional<std::string> staged_action;
  bool has_empty_lists = false;  // a list is there and empty: see ActiveRulesCalculator
  bool operator==(const Policy&) const = default;
};

struct Tier {
  std::optional<double> order;
  Symbol default_action;
};

struct ProfileRules {
  std::vector<Rule> inbound, outbound;
  bool has_empty_lists = false;  // as in Policy
  bool operator==(const ProfileRules&) const = default;
};
struct ProfileLabels {
  Labels labels;
};

struct EndpointPort {
  Symbol name;
  Protocol protocol;
  uint16_t port = 0;
};
struct IpNat {
  Ip internal, external;
};
struct QosControls {
  int64_t ingress_bandwidth = 0, egress_bandwidth = 0, ingress_burst = 0, egress_burst = 0;
  int64_t ingress_packet_rate = 0, egress_packet_rate = 0, ingress_max_connections = 0,
          egress_max_connections = 0;
  int64_t ingress_peakrate = 0, egress_peakrate = 0, ingress_minburst = 0, egress_minburst = 0;
  int64_t ingress_packet_burst = 0, egress_packet_burst = 0;
  std::optional<int> dscp;
  Symbol dscp_name;  // "EF", "AF11": how `dscp` was written; empty when it was a number
  auto operator<=>(const QosControls&) const = default;
};

struct WorkloadEndpoint {
  Symbol state, name, generate_name;  // name is the host-side interface
  Symbol mac;                         // of 6, 8 or 20 bytes, as Go prints it; empty: none
  std::vector<Symbol> profile_ids;
  std::vector<Cidr> ipv4_nets, ipv6_nets;
  std::vector<IpNat> ipv4_nat, ipv6_nat;
  std::optional<Ip> ipv4_gateway, ipv6_gateway;
  Labels labels;
  std::vector<EndpointPort> ports;
  std::vector<Cidr> allow_spoofed_source_prefixes;
  StringMap annotations;
  std::optional<QosControls> qos;
};

struct HostEndpoint {
  Symbol name;  // interface; "*" is any, "" is by expected address
  std::vector<Ip> expected_ipv4, expected_ipv6;
  Labels labels;
  std::vector<Symbol> profile_ids;
  std::vector<EndpointPort> ports;
  std::optional<QosControls> qos;
};

struct NetworkSet {
  std::vector<Cidr> nets;
  Labels labels;
  std::vector<Symbol> profile_ids;
};

enum class EncapMode : uint8_t { undefined, never, always, cross_subnet };

struct IpPool {
  Cidr cidr;
  Symbol ipip_interface;
  EncapMode ipip_mode = EncapMode::undefined, vxlan_mode = EncapMode::undefined;
  bool masquerade = false, ipam = false, disabled = false, disable_bgp_export = false;
  Symbol assignment_mode;
  std::vector<Symbol> allowed_uses;
};

struct BlockAttribute {
  std::optional<std::string> handle_id;
  StringMap active_owner;  // JSON key "secondary"
};
struct AllocationBlock {
  Cidr cidr;
  std::optional<std::string> affinity;          // "host:<node>"
  std::vector<std::optional<int>> allocations;  // ordinal -> index into attributes
  std::vector<BlockAttribute> attributes;
  uint64_t sequence_number = 0;
  bool deleted = false;
};

// A bare text value: configuration parameters, host IPs that do not parse.
struct RawText {
  std::string text;
};
struct HostIp {
  std::optional<Ip>
      ip;  // unset: the stored text is no address; Felix passes it on with an empty address
};
struct ReadyFlag {
  bool ready = false;
};
struct Wireguard {
  std::optional<Ip> interface_ipv4, interface_ipv6;
  std::string public_key, public_key_v6;
};

// v3 Node, the parts that Felix reads. Prefixes keep host bits.
struct NodeAddress {
  std::string address;  // as written: an address or a prefix
  std::string type;     // InternalIP, ExternalIP, CalicoNodeIP
};
struct Node {
  Labels labels;
  std::optional<std::string> bgp_ipv4_address, bgp_ipv6_address, bgp_as_number,
      bgp_ipv4_ipip_tunnel_address;
  bool has_bgp = false;
  std::string ipv4_vxlan_tunnel_address, ipv6_vxlan_tunnel_address, vxlan_tunnel_mac,
      vxlan_tunnel_mac_v6;
  std::string wireguard_ipv4, wireguard_ipv6, wireguard_public_key, wireguard_public_key_v6;
  std::vector<NodeAddress> addresses;
  std::string refused;  // why the validator of v3 resources refuses it; empty if it does not
};

// v3 Profile as the calc graph reads it (labels only; the rules come by ProfileRulesKey).
struct Profile {
  Labels labels_to_apply;
  std::string refused;  // why the validator of v3 resources refuses it; empty if it does not
};

struct ServicePort {
  std::string name, protocol;
  int port = 0, node_port = 0;
};
struct Service {
  std::string type, cluster_ip, load_balancer_ip;
  std::vector<std::string> cluster_ips, external_ips;
  std::vector<std::string> load_balancer_ingress_ips;
  std::vector<ServicePort> ports;
  std::string refused;  // why the validator of v3 resources refuses it; empty if it does not
};

struct EndpointSlicePort {
  std::optional<std::string> name, protocol;
  std::optional<int> port;
};
struct EndpointSlice {
  std::string address_type;
  Labels labels;  // the service name is label kubernetes.io/service-name
  std::vector<std::vector<std::string>> endpoint_addresses;
  std::vector<EndpointSlicePort> ports;
  std::string refused;  // why the validator of v3 resources refuses it; empty if it does not
};

struct BgpConfiguration {
  std::vector<std::string> service_cluster_cidrs, service_external_cidrs,
      service_load_balancer_cidrs;
  std::string local_workload_peering_ip_v4, local_workload_peering_ip_v6;
  std::string refused;  // why the validator of v3 resources refuses it; empty if it does not
};

// FelixConfiguration with a nodeSelector: passed whole to the config batcher.
struct FelixConfiguration {
  Symbol node_selector;
  std::string creation_timestamp;  // RFC 3339
  StringMap config;                // parameter name -> raw text
  std::string refused;  // why the validator of v3 resources refuses it; empty if it does not
  std::string panic;    // with what words Felix ends over it, instead; empty if it does not
};

// Which workload (endpoint empty) or workload endpoint a migration speaks of. Felix ignores the
// host of a k8s one.
struct MigrationOwner {
  Symbol host, orchestrator, workload, endpoint;
  auto operator<=>(const MigrationOwner&) const = default;
};
struct LiveMigration {
  std::string uid;
  std::optional<MigrationOwner> source, target;
  Symbol target_selector;  // empty: none
  std::string refused;     // why the validator of v3 resources refuses it; empty if it does not
};

// v3 BGPPeer: which local workloads speak BGP to this node.
struct BgpPeer {
  Symbol node, node_selector, local_workload_selector;
  std::string refused;  // why the validator of v3 resources refuses it; empty if it does not
};

// A v3 resource that Felix's calc graph is sent but ignores, or whose value it never looks at.
struct UnreadResource {
  std::string refused;  // why the validator refuses its metadata; of the rest nothing is known
};

// Felix ends over this resource: its syncer or its validator does what Go panics of. The key is
// that of the resource, whatever Felix would make of it.
struct FelixPanic {
  std::string why;  // in Go's words
};

using Value =
    std::variant<WorkloadEndpoint, HostEndpoint, Policy, Tier, ProfileRules, ProfileLabels,
                 NetworkSet, IpPool, AllocationBlock, RawText, HostIp, ReadyFlag, Wireguard, Node,
                 Profile, Service, EndpointSlice, BgpConfiguration, FelixConfiguration,
                 LiveMigration, BgpPeer, UnreadResource, FelixPanic>;
using ValuePtr = std::shared_ptr<const Value>;

// One change of the datastore as the calc graph sees it. A null value is a delete.
struct Update {
  Key key;
  ValuePtr value;
};

}  // namespace felixsim
