// SPDX-License-Identifier: Apache-2.0
// Messages from the calc graph to the dataplane, named as in felix/proto/felixbackend.proto. Order
// within a flush is that of felix/calc/event_sequencer.go. What is large is shared by pointer, so
// that many nodes can hold the same policy.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "felixsim/ip.h"
#include "felixsim/keys.h"
#include "felixsim/resource.h"
#include "felixsim/symbol.h"

namespace felixsim::msg {

using PolicyId = PolicyKey;
struct WorkloadEndpointId {
  Symbol orchestrator, workload, endpoint;
  auto operator<=>(const WorkloadEndpointId&) const = default;
};

struct InSync {};
struct DatastoreNotReady {};  // Felix's only message that is not in the proto

struct ConfigUpdate {
  StringMap config;  // merged raw values, by canonical name
  std::map<uint32_t, std::pair<std::string, StringMap>>
      sources;  // source number -> (name, raw values)
};

enum class IpSetType : uint8_t { ip, ip_and_port, net };

// One member, whatever the type: `net` members keep their prefix, `ip` members are /32 or /128.
struct IpSetMember {
  Cidr cidr;
  uint8_t protocol = 0;  // ip_and_port only: 6, 17 or 132
  uint16_t port = 0;     // ip_and_port only
  auto operator<=>(const IpSetMember&) const = default;
};
// Text as in the proto: "10.0.0.1", "10.0.0.1,tcp:80" or "10.0.0.0/24".
std::string member_text(IpSetType type, const IpSetMember& member);

// Sorted members, shared: the nodes of a cluster are told the same ones.
class IpSetMembers {
 public:
  IpSetMembers() = default;
  explicit IpSetMembers(std::vector<IpSetMember> sorted)
      : list_(std::make_shared<const std::vector<IpSetMember>>(std::move(sorted))) {}
  const std::vector<IpSetMember>& list() const {
    static const std::vector<IpSetMember> none;
    return list_ ? *list_ : none;
  }
  auto begin() const { return list().begin(); }
  auto end() const { return list().end(); }
  size_t size() const { return list().size(); }
  bool empty() const { return list().empty(); }

 private:
  std::shared_ptr<const std::vector<IpSetMember>> list_;
};

struct IpSetUpdate {
  Symbol id;
  IpSetType type = IpSetType::net;
  IpSetMembers members;
};
struct IpSetDeltaUpdate {
  Symbol id;
  IpSetMembers added, removed;
};
struct IpSetRemove {
  Symbol id;
};

struct PortRange {
  int32_t first = 0, last = 0;
  auto operator<=>(const PortRange&) const = default;
};
struct IcmpMatch {
  int32_t type = 0;
  std::optional<int32_t> code;
  auto operator<=>(const IcmpMatch&) const = default;
};
struct ServiceAccountMatch {
  std::string selector;
  std::vector<std::string> names;
  auto operator<=>(const ServiceAccountMatch&) const = default;
};

// proto Rule; one RuleMatchSide for what is there twice.
struct RuleMatchSide {
  std::vector<Cidr> net, not_net;
  std::vector<PortRange> ports, not_ports;
  std::vector<Symbol> ip_set_ids, not_ip_set_ids;
  std::vector<Symbol> named_port_ip_set_ids, not_named_port_ip_set_ids;
  std::string original_selector, original_namespace_selector, original_not_selector;
  std::string original_service, original_service_namespace;
  std::optional<ServiceAccountMatch> service_account;
};
struct Rule {
  std::string action;
  uint8_t ip_version = 0;  // 0 any, 4, 6
  std::optional<felixsim::Protocol> protocol, not_protocol;
  std::optional<IcmpMatch> icmp, not_icmp;
  RuleMatchSide source, destination;
  std::vector<Symbol> destination_ip_port_set_ids;  // dst_ip_port_set_ids
  std::optional<HttpMatch> http;
  std::optional<StringMap> annotations;
  std::string rule_id;
};

struct Policy {
  Symbol ns, tier;
  std::vector<Rule> inbound, outbound;
  bool untracked = false, pre_dnat = false;
  std::string original_selector;
  std::vector<std::string> perf_hints;
};
struct Profile {
  std::vector<Rule> inbound, outbound;
};

struct ActivePolicyUpdate {
  PolicyId id;
  std::shared_ptr<const Policy> policy;
};
struct ActivePolicyRemove {
  PolicyId id;
};
struct ActiveProfileUpdate {
  Symbol id;
  std::shared_ptr<const Profile> profile;
};
struct ActiveProfileRemove {
  Symbol id;
};

struct TierInfo {
  Symbol name;
  std::vector<PolicyId> ingress, egress;
  Symbol default_action;
  bool operator==(const TierInfo&) const = default;
};
struct QosPolicy {
  std::string destination;
  int32_t dscp = 0;
  auto operator<=>(const QosPolicy&) const = default;
};
enum class LiveMigrationRole : uint8_t { none, source, target };

struct WorkloadEndpoint {
  Symbol state, name;
  std::string mac;
  std::vector<Symbol> profile_ids;
  std::vector<Cidr> ipv4_nets, ipv6_nets;
  std::vector<TierInfo> tiers;
  std::vector<IpNat> ipv4_nat, ipv6_nat;
  std::vector<Cidr> allow_spoofed_source_prefixes;
  StringMap annotations;
  std::optional<QosControls> qos;
  std::optional<std::string> local_bgp_peer;        // peer name
  std::optional<std::pair<bool, bool>> skip_redir;  // egress, ingress
  std::vector<QosPolicy> qos_policies;
  bool is_istio_ambient = false;
  LiveMigrationRole live_migration_role = LiveMigrationRole::none;
  std::string live_migration_uid, live_migration_vmi_name;
};
struct HostEndpoint {
  Symbol name;
  std::vector<Symbol> profile_ids;
  std::vector<TierInfo> tiers, untracked_tiers, pre_dnat_tiers, forward_tiers;
  std::vector<Ip> expected_ipv4, expected_ipv6;
  std::vector<QosPolicy> qos_policies;
};
struct WorkloadEndpointUpdate {
  WorkloadEndpointId id;
  std::shared_ptr<const WorkloadEndpoint> endpoint;
};
struct WorkloadEndpointRemove {
  WorkloadEndpointId id;
};
struct HostEndpointUpdate {
  Symbol id;
  std::shared_ptr<const HostEndpoint> endpoint;
};
struct HostEndpointRemove {
  Symbol id;
};

struct HostMetadataUpdate {
  Symbol host;
  std::string ipv4_addr;
};
struct HostMetadataRemove {
  Symbol host;
};
struct HostMetadataV6Update {
  Symbol host;
  std::string ipv6_addr;
};
struct HostMetadataV6Remove {
  Symbol host;
};
struct HostMetadataV4V6Update {
  Symbol host;
  std::string ipv4_addr, ipv6_addr, as_number;
  Labels labels;
};
struct HostMetadataV4V6Remove {
  Symbol host;
};

struct IpamPool {
  Cidr cidr;
  bool masquerade = false;
  EncapMode ipip_mode = EncapMode::undefined, vxlan_mode = EncapMode::undefined;
  std::vector<Symbol> allowed_uses;
};
struct IpamPoolUpdate {
  std::string id;  // "10.244.0.0-16"
  IpamPool pool;
};
struct IpamPoolRemove {
  std::string id;
};
struct Encapsulation {
  bool ipip_enabled = false, vxlan_enabled = false, vxlan_enabled_v6 = false;
  auto operator<=>(const Encapsulation&) const = default;
};

struct ServiceAccountUpdate {
  Symbol ns, name;
  Labels labels;
};
struct ServiceAccountRemove {
  Symbol ns, name;
};
struct NamespaceUpdate {
  Symbol name;
  Labels labels;
};
struct NamespaceRemove {
  Symbol name;
};

// RouteType bits of the proto.
enum RouteTypes : uint32_t {
  cidr_info = 0,
  remote_workload = 1,
  remote_host = 2,
  local_workload = 4,
  local_host = 8,
  remote_tunnel = 16,
  local_tunnel = 32,
};
enum class IpPoolType : uint8_t { none, no_encap, vxlan, ipip };
struct TunnelType {
  bool ipip = false, vxlan = false, wireguard = false;
  auto operator<=>(const TunnelType&) const = default;
};
struct RouteUpdate {
  Cidr dst;
  uint32_t types = 0;  // RouteTypes
  IpPoolType pool_type = IpPoolType::none;
  Symbol dst_node_name;
  std::optional<Ip> dst_node_ip;
  bool same_subnet = false, nat_outgoing = false, local_workload = false, borrowed = false;
  std::optional<TunnelType> tunnel_type;
  bool operator==(const RouteUpdate&) const = default;
};
struct RouteRemove {
  Cidr dst;
};
struct VtepUpdate {
  Symbol node;
  std::string mac, ipv4_addr, parent_device_ip, mac_v6, ipv6_addr, parent_device_ipv6;
  auto operator<=>(const VtepUpdate&) const = default;
};
struct VtepRemove {
  Symbol node;
};
struct WireguardEndpointUpdate {
  Symbol host;
  std::string public_key, interface_ipv4_addr;
};
struct WireguardEndpointRemove {
  Symbol host;
};
struct WireguardEndpointV6Update {
  Symbol host;
  std::string public_key_v6, interface_ipv6_addr;
};
struct WireguardEndpointV6Remove {
  Symbol host;
};
struct GlobalBgpConfigUpdate {
  BgpConfiguration config;
};
struct ServiceUpdate {
  Symbol ns, name;
  std::string type, load_balancer_ip;
  std::vector<std::string> cluster_ips, external_ips;
  std::vector<felixsim::ServicePort> ports;
};
struct ServiceRemove {
  Symbol ns, name;
};

using Message = std::variant<
    DatastoreNotReady, ConfigUpdate, IpSetUpdate, IpSetDeltaUpdate, ActivePolicyUpdate,
    ActiveProfileUpdate, WorkloadEndpointUpdate, HostEndpointUpdate, WorkloadEndpointRemove,
    HostEndpointRemove, ActiveProfileRemove, ActivePolicyRemove, IpSetRemove, ServiceAccountRemove,
    ServiceAccountUpdate, NamespaceRemove, NamespaceUpdate, RouteRemove, VtepRemove, VtepUpdate,
    RouteUpdate, WireguardEndpointRemove, WireguardEndpointV6Remove, WireguardEndpointUpdate,
    WireguardEndpointV6Update, HostMetadataRemove, HostMetadataUpdate, HostMetadataV6Remove,
    HostMetadataV6Update, HostMetadataV4V6Remove, HostMetadataV4V6Update, IpamPoolRemove,
    IpamPoolUpdate, Encapsulation, GlobalBgpConfigUpdate, ServiceRemove, ServiceUpdate, InSync>;

}  // namespace felixsim::msg
