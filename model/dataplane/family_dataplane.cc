// SPDX-License-Identifier: Apache-2.0
// What one IP family consists of, and its static chains (int_dataplane.go NewIntDataplaneDriver,
// setUpIptablesNormal).
#include "felixsim/check.h"
#include "model/dataplane/int_dataplane.h"
#include "model/rules/static_chains.h"

namespace felixsim {

namespace {

constexpr const char* table_names[] = {"mangle", "nat", "filter", "raw"};

RouteTableConfig routes_config(const DataplaneConfig& config, IpFamily family) {
  const bool v4 = family == IpFamily::v4;
  RouteTableConfig routes =
      main_route_table(family, config.device_route_protocol,
                       v4 ? config.device_route_source : config.device_route_source_v6,
                       config.rules.workload_interface_prefixes, config.remove_external_routes);
  if (config.rules.felix.one_route_table) return routes;
  return classic_main_route_table(std::move(routes),
                                  v4 ? config.rules.vxlan_enabled : config.rules.vxlan_enabled_v6);
}

IptablesTableConfig iptables_config(const DataplaneConfig& config, IpFamily family,
                                    const char* name) {
  IptablesTableConfig out;
  out.name = name;
  out.family = family;
  out.backend = config.iptables_backend;
  out.append_hooks = config.append_hooks;
  out.lock_probe_interval = config.lock_probe_interval;
  out.restore_supports_lock = config.rules.features.restore_supports_lock;
  out.timers = {config.table_refresh_interval, config.post_write_interval};
  return out;
}

NftablesTableConfig nft_config(const DataplaneConfig& config, IpFamily family) {
  NftablesTableConfig out;
  out.family = family == IpFamily::v4 ? "ip" : "ip6";
  out.name = "calico";
  out.base_chains = nft_base_chains();
  out.disabled = config.rules.dialect != rules::Dialect::nft;
  out.refresh_interval = config.table_refresh_interval;
  return out;
}

WireguardConfig wireguard_config(const DataplaneConfig& config, IpFamily family) {
  const bool v4 = family == IpFamily::v4;
  const rules::RulesConfig& rules = config.rules;
  const WireguardSettings& settings = config.wireguard;
  WireguardConfig out;
  out.family = family;
  out.hostname = config.hostname;
  out.enabled = v4 ? settings.enabled : settings.enabled_v6;
  out.device = v4 ? rules.wireguard_interface : rules.wireguard_interface_v6;
  out.port = v4 ? rules.wireguard_port : rules.wireguard_port_v6;
  out.mark = rules.marks.wireguard;
  out.rule_priority = settings.rule_priority;
  out.table = settings.table;
  out.mtu_bytes = v4 ? settings.mtu_bytes : settings.mtu_v6_bytes;
  out.keepalive_seconds = settings.keepalive_seconds;
  out.route_protocol = config.device_route_protocol;
  out.encrypts_hosts = rules.wireguard_encrypt_host_traffic;
  out.threaded = settings.threaded;
  out.programs_routes = !config.route_sync_disabled;
  out.classic = !rules.felix.one_route_table;
  return out;
}

rules::Rule jump_to(const rules::Renderer& renderer, std::string_view chain) {
  return renderer.rule().jump(chain);
}

}  // namespace

FamilyDataplane::FamilyDataplane(const DataplaneConfig& config_in, IpFamily family_in,
                                 const SharedParts& shared, const std::string& rp_filter)
    : config(config_in),
      family(family_in),
      renderer{config_in.rules, family_in},
      ip_sets(family_in, config_in.max_ip_set_size, config_in.rules.dialect),
      routes(routes_config(config_in, family_in)),
      link_addresses(family_in, config_in.rules.workload_interface_prefixes),
      host_ips(ip_sets, config_in.rules.workload_interface_prefixes) {
  bool v4 = family == IpFamily::v4;
  const rules::RulesConfig& rules = config.rules;
  for (const char* name : table_names) {
    iptables[name] = std::make_unique<IptablesTable>(iptables_config(config, family, name));
  }
  nft = std::make_unique<NftablesTable>(
      nft_config(config, family),
      [this](const std::string& name) { return ip_sets.nft_declaration(name); });
  if (rules.dialect == rules::Dialect::nft) {
    old_ip_sets.emplace(family, config.max_ip_set_size, rules::Dialect::iptables);
  }
  set_static_chains();

  int protocol = cluster_route_protocol(config.device_route_protocol);
  bool vxlan_on = v4 ? rules.vxlan_enabled : rules.vxlan_enabled_v6;
  bool wireguard_on = v4 ? rules.wireguard_enabled : rules.wireguard_enabled_v6;
  bool encapsulated = vxlan_on || wireguard_on || (v4 && rules.ipip_enabled);
  if (config.program_cluster_routes && !encapsulated) {
    noencap.emplace(family, config.hostname, protocol);
  }
  if (vxlan_on) {
    fdb.emplace(family, vxlan_device(family));
    VxlanManagerConfig vxlan_config{family,
                                    config.hostname,
                                    config.vxlan_vni,
                                    rules.vxlan_port,
                                    v4 ? config.vxlan_mtu_bytes : config.vxlan_mtu_v6_bytes,
                                    protocol,
                                    !rules.felix.one_tunnel_design,
                                    config.external_node_cidrs};
    vxlan.emplace(std::move(vxlan_config), ip_sets, *fdb);
  }
  policies.emplace(renderer, table("raw"), table("mangle"), table("filter"));

  EndpointManagerOutputs outputs;
  outputs.raw = table("raw");
  outputs.mangle = table("mangle");
  outputs.filter = table("filter");
  if (v4 && shared.arp_table) outputs.arp = RuleTable(*shared.arp_table, "filter");
  if (!config.route_sync_disabled) {
    outputs.routes = &routes;
    if (rules.felix.peer_addresses) outputs.link_addresses = &link_addresses;
  }
  outputs.marks = shared.marks;
  outputs.statuses = &shared.statuses;
  outputs.workload_chains = &shared.workload_chains;
  uint32_t priority = v4 ? config.route_priority : config.route_priority_v6;
  endpoints.emplace(EndpointManagerConfig{config.floating_ips, priority,
                                          config.elevated_route_priority, rp_filter},
                    renderer, std::move(outputs));
  floating_ips.emplace(renderer, table("nat"), config.floating_ips);
  masq.emplace(renderer, ip_sets, table("nat"));
  if ((v4 && rules.ipip_enabled) || rules.nat_outgoing_excludes_hosts) {
    hosts_ip_set.emplace(family, ip_sets, config.external_node_cidrs);
  }
  if (rules.felix.egress_dscp) dscp.emplace(renderer, ip_sets, table("mangle"));
  if (v4 && rules.ipip_enabled) {
    ipip.emplace(IpipManagerConfig{config.hostname, config.ipip_mtu_bytes, protocol,
                                   rules.ipip_tunnel_address, config.program_cluster_routes,
                                   !rules.felix.one_tunnel_design});
  }
  wireguard.emplace(wireguard_config(config, family));
  service_loops.emplace(renderer, table("filter"));
}

RuleTable FamilyDataplane::table(const std::string& name) {
  if (config.rules.dialect == rules::Dialect::nft) return RuleTable(*nft, name);
  return RuleTable(*iptables.at(name));
}

void FamilyDataplane::set_static_chains() {
  namespace chain = rules::chain;
  auto hook = [&](RuleTable& table, const char* kernel_chain, std::string_view target) {
    table.set_hook_rules(kernel_chain, {jump_to(renderer, target)});
  };
  RuleTable raw = table("raw"), filter = table("filter"), nat = table("nat"),
            mangle = table("mangle");
  raw.update(rules::static_raw_chains(renderer));
  hook(raw, "PREROUTING", chain::prerouting);
  hook(raw, "OUTPUT", chain::output);
  filter.update(rules::static_filter_chains(renderer));
  hook(filter, "FORWARD", chain::forward);
  hook(filter, "INPUT", chain::input);
  hook(filter, "OUTPUT", chain::output);
  filter.set_appended_rules("FORWARD", rules::static_filter_forward_append_rules(renderer));
  nat.update(rules::static_nat_chains(renderer));
  hook(nat, "PREROUTING", chain::prerouting);
  hook(nat, "OUTPUT", chain::output);
  // Last, after kube-proxy: its masquerading clears a mark that would stay on the packet otherwise.
  nat.set_appended_rules("POSTROUTING", {jump_to(renderer, chain::postrouting)});
  mangle.update(rules::static_mangle_chains(renderer));
  hook(mangle, "PREROUTING", chain::prerouting);
  hook(mangle, "POSTROUTING", chain::postrouting);
}

void FamilyDataplane::sync_devices(Backend& backend) {
  if (vxlan) vxlan->sync_device(backend);
  if (ipip) ipip->sync_device(backend);
}

bool FamilyDataplane::devices_need_sync(const KernelState& kernel) const {
  return (vxlan && vxlan->device_needs_sync(kernel)) || (ipip && ipip->device_needs_sync(kernel));
}

void FamilyDataplane::on_interface(const InterfaceChange& change, SimTime now) {
  endpoints->on_interface(change);
  if (fdb) fdb->on_interface_changed(change);
  routes.on_interface_changed(change, now);
  wireguard->on_interface(change, now);
}

void FamilyDataplane::on_addresses(const AddressChange& change) {
  endpoints->on_addresses(change);
  host_ips.on_addresses(change);
}

void FamilyDataplane::complete(Backend& backend, std::optional<std::string>& fatal) {
  if (noencap) noencap->complete(routes, backend);
  if (vxlan) vxlan->complete(routes, backend);
  if (auto panic = endpoints->complete(backend)) fatal = panic;
  floating_ips->complete();
  masq->complete();
  if (hosts_ip_set) hosts_ip_set->complete();
  if (dscp) dscp->complete();
  if (ipip) ipip->complete(routes, backend);
  service_loops->complete();
}

}  // namespace felixsim
