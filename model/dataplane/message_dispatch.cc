// SPDX-License-Identifier: Apache-2.0
// Which manager hears of which message (the OnUpdate methods of felix/dataplane/linux/*_mgr.go).
#include <variant>

#include "model/dataplane/int_dataplane.h"

namespace felixsim {

namespace {

// Delivers one message to one family.
struct Delivery {
  FamilyDataplane& to;
  std::optional<std::string>& fatal;

  void operator()(const msg::IpSetUpdate& m) {
    to.ip_sets.add_or_replace(m.id.view(), m.type, m.members.list());
  }
  void operator()(const msg::IpSetDeltaUpdate& m) {
    to.ip_sets.add_members(m.id.view(), m.added.list());
    to.ip_sets.remove_members(m.id.view(), m.removed.list());
  }
  void operator()(const msg::IpSetRemove& m) { to.ip_sets.remove(m.id.view()); }

  void operator()(const msg::ActivePolicyUpdate& m) {
    if (auto panic = to.policies->on_policy(m.id, *m.policy)) fatal = panic;
    to.endpoints->on_policy(m.id, *m.policy);
  }
  void operator()(const msg::ActivePolicyRemove& m) {
    to.policies->on_policy_removed(m.id);
    to.endpoints->on_policy_removed(m.id);
  }
  void operator()(const msg::ActiveProfileUpdate& m) {
    if (auto panic = to.policies->on_profile(m.id, *m.profile)) fatal = panic;
  }
  void operator()(const msg::ActiveProfileRemove& m) { to.policies->on_profile_removed(m.id); }

  void operator()(const msg::WorkloadEndpointUpdate& m) {
    to.endpoints->on_workload(m.id, m.endpoint);
    to.floating_ips->on_workload(m.id, m.endpoint.get());
    if (to.dscp) to.dscp->on_workload(m.id, m.endpoint.get());
  }
  void operator()(const msg::WorkloadEndpointRemove& m) {
    to.endpoints->on_workload(m.id, nullptr);
    to.floating_ips->on_workload(m.id, nullptr);
    if (to.dscp) to.dscp->on_workload(m.id, nullptr);
  }
  void operator()(const msg::HostEndpointUpdate& m) {
    to.endpoints->on_host(m.id, m.endpoint);
    if (to.dscp) to.dscp->on_host(m.id, m.endpoint.get());
  }
  void operator()(const msg::HostEndpointRemove& m) {
    to.endpoints->on_host(m.id, nullptr);
    if (to.dscp) to.dscp->on_host(m.id, nullptr);
  }

  bool by_host_ips() const { return to.hosts_ip_set && !to.config.rules.felix.one_tunnel_design; }

  void operator()(const msg::HostMetadataUpdate& m) {
    if (to.family != IpFamily::v4) return;
    if (to.noencap) to.noencap->on_host(m.host, m.ipv4_addr);
    if (to.ipip) to.ipip->on_host(m);
    to.wireguard->on_host(m.host, m.ipv4_addr);
    if (by_host_ips()) to.hosts_ip_set->on_host_ip(m.host, m.ipv4_addr);
  }
  void operator()(const msg::HostMetadataRemove& m) {
    if (to.family != IpFamily::v4) return;
    if (to.noencap) to.noencap->on_host_removed(m.host);
    if (to.ipip) to.ipip->on_host_removed(m);
    to.wireguard->on_host_removed(m.host);
    if (by_host_ips()) to.hosts_ip_set->on_host_ip(m.host, "");
  }
  void operator()(const msg::HostMetadataV6Update& m) {
    if (to.family != IpFamily::v6) return;
    if (to.noencap) to.noencap->on_host(m.host, m.ipv6_addr);
    to.wireguard->on_host(m.host, m.ipv6_addr);
  }
  void operator()(const msg::HostMetadataV6Remove& m) {
    if (to.family != IpFamily::v6) return;
    if (to.noencap) to.noencap->on_host_removed(m.host);
    to.wireguard->on_host_removed(m.host);
  }
  void operator()(const msg::HostMetadataV4V6Update& m) {
    if (to.hosts_ip_set && !by_host_ips()) to.hosts_ip_set->on_host(m);
  }
  void operator()(const msg::HostMetadataV4V6Remove& m) {
    if (to.hosts_ip_set && !by_host_ips()) to.hosts_ip_set->on_host_removed(m);
  }

  void operator()(const msg::IpamPoolUpdate& m) { to.masq->on_pool(m); }
  void operator()(const msg::IpamPoolRemove& m) { to.masq->on_pool_removed(m); }

  void operator()(const msg::RouteUpdate& m) {
    if (to.noencap) to.noencap->routes().on_route_update(m);
    if (to.vxlan) to.vxlan->routes().on_route_update(m);
    if (to.ipip) to.ipip->on_route(m);
    to.wireguard->on_route(m);
  }
  void operator()(const msg::RouteRemove& m) {
    if (to.noencap) to.noencap->routes().on_route_remove(m);
    if (to.vxlan) to.vxlan->routes().on_route_remove(m);
    if (to.ipip) to.ipip->on_route_removed(m);
    to.wireguard->on_route_removed(m);
  }
  void operator()(const msg::VtepUpdate& m) {
    if (to.vxlan) to.vxlan->on_vtep(m);
  }
  void operator()(const msg::VtepRemove& m) {
    if (to.vxlan) to.vxlan->on_vtep_removed(m);
  }
  void operator()(const msg::GlobalBgpConfigUpdate& m) {
    to.endpoints->on_bgp_config(m.config);
    to.service_loops->on_bgp_config(m.config);
  }

  void operator()(const msg::WireguardEndpointUpdate& m) {
    if (to.family == IpFamily::v4)
      to.wireguard->on_key(m.host, m.public_key, m.interface_ipv4_addr);
  }
  void operator()(const msg::WireguardEndpointRemove& m) {
    if (to.family == IpFamily::v4) to.wireguard->on_key_removed(m.host);
  }
  void operator()(const msg::WireguardEndpointV6Update& m) {
    if (to.family == IpFamily::v6)
      to.wireguard->on_key(m.host, m.public_key_v6, m.interface_ipv6_addr);
  }
  void operator()(const msg::WireguardEndpointV6Remove& m) {
    if (to.family == IpFamily::v6) to.wireguard->on_key_removed(m.host);
  }
  // For policy sync, BPF, or the process around the dataplane.
  void operator()(const msg::InSync&) {}
  void operator()(const msg::DatastoreNotReady&) {}
  void operator()(const msg::ConfigUpdate&) {}
  void operator()(const msg::ServiceAccountUpdate&) {}
  void operator()(const msg::ServiceAccountRemove&) {}
  void operator()(const msg::NamespaceUpdate&) {}
  void operator()(const msg::NamespaceRemove&) {}
  void operator()(const msg::Encapsulation&) {}
  void operator()(const msg::ServiceUpdate&) {}
  void operator()(const msg::ServiceRemove&) {}
};

bool concerns_tunnels(const msg::Message& message, Symbol self) {
  const auto node_of = [&]() -> Symbol {
    if (const auto* vtep = std::get_if<msg::VtepUpdate>(&message)) return vtep->node;
    if (const auto* gone = std::get_if<msg::VtepRemove>(&message)) return gone->node;
    if (const auto* host = std::get_if<msg::HostMetadataUpdate>(&message)) return host->host;
    if (const auto* gone = std::get_if<msg::HostMetadataRemove>(&message)) return gone->host;
    return {};
  };
  return node_of() == self;
}

void note_migration(const msg::Message& message, LiveMigrations& migrations) {
  if (const auto* update = std::get_if<msg::WorkloadEndpointUpdate>(&message))
    migrations.on_workload(update->id, update->endpoint->live_migration_role);
  else if (const auto* gone = std::get_if<msg::WorkloadEndpointRemove>(&message))
    migrations.on_workload_removed(gone->id);
}

}  // namespace

void IntDataplane::dispatch(const msg::Message& message) {
  dirty = true;
  if (std::holds_alternative<msg::InSync>(message)) in_sync = true;
  if (concerns_tunnels(message, config.hostname)) tunnels_dirty = true;
  if (migrations) note_migration(message, *migrations);
  for (FamilyDataplane* family : families()) {
    Delivery delivery{*family, fatal};
    std::visit(delivery, message);
  }
}

}  // namespace felixsim
