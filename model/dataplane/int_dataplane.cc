// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/int_dataplane.h"

#include <algorithm>

#include "model/dataplane/sysctls.h"

namespace felixsim {

namespace {

constexpr char kube_ipvs_interface[] = "kube-ipvs0";
constexpr SimTime tunnel_check_interval = 10 * second;
constexpr SimTime mtu_check_interval = 30 * second, kube_proxy_check_interval = 15 * second;
constexpr SimTime ip_set_deletion_pause = second / 10;

// The first tick of a ticker after `now`.
std::optional<SimTime> next_tick(SimTime start, SimTime interval, SimTime now) {
  if (interval <= 0) return std::nullopt;
  return start + ((now - start) / interval + 1) * interval;
}

}  // namespace

IntDataplane::IntDataplane(DataplaneConfig config_in, Backend& backend_in)
    : config(std::move(config_in)), backend(backend_in) {
  configure_host(backend, config.ip_forwarding, config.ipv6_enabled);
  if (config.rules.kube_ipvs) {
    marks.emplace(config.rules.marks.endpoint, config.rules.marks.non_cali_endpoint);
  }
  if (config.arp_suppression) {
    NftablesTableConfig arp;
    arp.family = "arp";
    arp.name = "calico-arp";
    arp.base_chains = nft_arp_base_chains();
    arp.refresh_interval = config.table_refresh_interval;
    arp_table = std::make_unique<NftablesTable>(std::move(arp));
    rules::RuleBuilder jump(rules::Dialect::nft, IpFamily::v4);
    RuleTable(*arp_table, "filter")
        .set_hook_rules("OUTPUT", {jump.jump(rules::chain::arp_dispatch)});
  }
  const SharedParts shared{marks ? &*marks : nullptr, arp_table.get(), statuses, workload_chains};
  if (config.migration_settling_time) migrations.emplace(*config.migration_settling_time);
  v4 = std::make_unique<FamilyDataplane>(config, IpFamily::v4, shared,
                                         default_rp_filter(backend.state()));
  if (config.ipv6_enabled) {
    v6 = std::make_unique<FamilyDataplane>(config, IpFamily::v6, shared, "");
  }
  if (!v4->vxlan && backend.state().links.contains(vxlan_device(IpFamily::v4))) {
    backend.apply(LinkRemoveOp{vxlan_device(IpFamily::v4)});
  }
  if (v6 && !v6->vxlan && backend.state().links.contains(vxlan_device(IpFamily::v6))) {
    backend.apply(LinkRemoveOp{vxlan_device(IpFamily::v6)});
  }
  if (!v4->ipip && config.clean_up_ipip) clean_up_ipip_addresses(backend);
  if (!v6 && !config.rules.wireguard_enabled_v6) clean_up_wireguard_v6();
}

// Without IPv6 nobody else does (felix/wireguard/bootstrap.go).
void IntDataplane::clean_up_wireguard_v6() {
  const std::string& device = config.rules.wireguard_interface_v6;
  if (backend.state().links.contains(device)) backend.apply(LinkRemoveOp{device});
  wireguard_keys.push_back({IpFamily::v6, ""});
}

std::vector<FamilyDataplane*> IntDataplane::families() {
  std::vector<FamilyDataplane*> all{v4.get()};
  if (v6) all.push_back(v6.get());
  return all;
}

bool IntDataplane::look_at_interfaces(SimTime now) {
  const uint64_t version = backend.links_version();
  if (version != 0 && version == links_seen) return false;
  links_seen = version;
  InterfaceChanges changes = monitor.look(backend.state(), config.interface_excluded);
  for (const InterfaceChange& change : changes.states) {
    if (change.name == kube_ipvs_interface) {
      bool present = change.state != InterfaceState::not_present;
      if (present != config.rules.kube_ipvs) restart_reason = "kube-proxy mode changed";
      continue;
    }
    for (FamilyDataplane* family : families()) family->on_interface(change, now);
  }
  for (const AddressChange& change : changes.addresses) {
    for (FamilyDataplane* family : families()) family->on_addresses(change);
  }
  if (changes.empty()) return false;
  dirty = true;
  return true;
}

// Only the endpoint manager of IPv4 is told (int_dataplane.go, liveMigrationMonitor.listener).
bool IntDataplane::follow_migrations(SimTime now) {
  if (!migrations) return false;
  const auto changes = migrations->take_changes(now);
  for (const auto& [id, state] : changes) v4->endpoints->on_migration(id, state);
  return !changes.empty();
}

bool IntDataplane::mtu_differs() const {
  return config.mtu_interface &&
         find_host_mtu(backend.state(), config.mtu_interface) != config.host_mtu_bytes;
}

bool IntDataplane::kube_proxy_differs() const {
  return config.kube_proxy_nftables &&
         kube_proxy_uses_nftables(backend.state()) != *config.kube_proxy_nftables;
}

// monitorHostMTU and monitorKubeProxyNftablesMode: both only look now and then.
void IntDataplane::look_at_host(SimTime now) {
  if (!started_at) return;
  const auto ticked = [&](SimTime interval) {
    const SimTime before = (host_seen_at.value_or(*started_at) - *started_at) / interval;
    return (now - *started_at) / interval > before;
  };
  if (ticked(mtu_check_interval) && mtu_differs()) restart_reason = "host MTU changed";
  if (ticked(kube_proxy_check_interval) && kube_proxy_differs())
    restart_reason = "kube-proxy went to nftables, or left it";
  host_seen_at = now;
}

void IntDataplane::sync_tunnels(SimTime now) {
  bool due = tunnels_checked_at && now >= *tunnels_checked_at + tunnel_check_interval;
  if (!tunnels_dirty && !due) return;
  for (FamilyDataplane* family : families()) family->sync_devices(backend);
  // Without a cause the checks keep their rhythm, whenever somebody looks.
  tunnels_checked_at =
      tunnels_dirty ? now : now - (now - *tunnels_checked_at) % tunnel_check_interval;
  tunnels_dirty = false;
}

// Felix makes its tables a moment before it sees the first interface.
void IntDataplane::start_clocks(SimTime now) {
  started_at = now;
  constexpr SimTime moment = second / 1000;
  for (FamilyDataplane* family : families()) {
    for (auto& [name, table] : family->iptables) table->start(now - moment);
    family->nft->start(now - moment);
  }
  if (arp_table) arp_table->start(now - moment);
}

std::optional<SimTime> IntDataplane::next_wake(SimTime after) {
  std::optional<SimTime> at;
  auto consider = [&](std::optional<SimTime> time) {
    if (time && (!at || *time < *at)) at = time;
  };
  for (FamilyDataplane* family : families())
    for (auto& [name, table] : family->iptables) consider(table->next_routine_check(after));
  const SimTime start = started_at.value_or(after);
  for (SimTime interval : {config.ip_sets_refresh_interval, config.route_refresh_interval})
    consider(next_tick(start, interval, std::max(start, after - 1)));
  return at;
}

void IntDataplane::note_touched(SimTime now) {
  SimTime start = started_at.value_or(now);
  if (!ip_sets_refresh_at) {
    ip_sets_refresh_at = next_tick(start, config.ip_sets_refresh_interval, now);
  }
  if (!routes_refresh_at) {
    routes_refresh_at = next_tick(start, config.route_refresh_interval, now);
  }
  for (FamilyDataplane* family : families()) {
    for (auto& [name, table] : family->iptables) table->note_touched(now);
    family->nft->note_touched(now, next_wake(now));
  }
  if (arp_table) arp_table->note_touched(now, next_wake(now));
}

void IntDataplane::refresh_if_due(SimTime now) {
  if (ip_sets_refresh_at && now >= *ip_sets_refresh_at) {
    for (FamilyDataplane* family : families()) {
      family->ip_sets.queue_resync();
      if (family->old_ip_sets) family->old_ip_sets->queue_resync();
    }
    ip_sets_refresh_at.reset();
  }
  if (routes_refresh_at && now >= *routes_refresh_at) {
    for (FamilyDataplane* family : families()) {
      family->routes.queue_resync();
      if (family->fdb) family->fdb->queue_resync();
      family->wireguard->queue_resync();
    }
    routes_refresh_at.reset();
  }
}

// All tables are tried before Felix dies of one: it gives up only after a second of retries.
void IntDataplane::apply_tables(SimTime now, bool woken, ApplyResult& result) {
  auto note = [&](std::optional<std::string> refusal) {
    if (refusal && !result.fatal) result.fatal = std::move(refusal);
  };
  if (arp_table) note(arp_table->apply(backend, now, woken));
  for (const char* name : {"mangle", "nat", "filter", "raw"}) {
    for (FamilyDataplane* family : families()) note(family->iptables.at(name)->apply(backend, now));
  }
  for (FamilyDataplane* family : families()) note(family->nft->apply(backend, now, woken));
  const auto look_again = [&](NftablesTable& table) {
    if (table.has_lost_elements()) table.note_touched(now, next_wake(now + 1));
  };
  if (arp_table) look_again(*arp_table);
  for (FamilyDataplane* family : families()) look_again(*family->nft);
}

void IntDataplane::plan_wake_up(SimTime now, bool sets_left, ApplyResult& result) {
  std::optional<SimTime> at;
  auto consider = [&](std::optional<SimTime> time) {
    if (time && (!at || *time < *at)) at = time;
  };
  if (sets_left) consider(now + ip_set_deletion_pause);
  consider(ip_sets_refresh_at);
  consider(routes_refresh_at);
  if (migrations) consider(migrations->next_end());
  for (FamilyDataplane* family : families()) {
    for (auto& [name, table] : family->iptables) consider(table->next_check());
    consider(family->nft->next_check());
    if (tunnels_checked_at && family->devices_need_sync(backend.state())) {
      consider(*tunnels_checked_at + tunnel_check_interval);
    }
  }
  if (arp_table) consider(arp_table->next_check());
  if (mtu_differs()) consider(next_tick(*started_at, mtu_check_interval, now));
  if (kube_proxy_differs()) consider(next_tick(*started_at, kube_proxy_check_interval, now));
  if (at) result.reschedule_after = std::max<SimTime>(*at - now, 1);
  for (FamilyDataplane* family : families()) {
    const auto end = family->routes.next_grace_end();
    const auto wake = end && !retrying ? next_wake(*end) : end;
    if (!wake) continue;
    const SimTime left = std::max<SimTime>(*wake - now, 1);
    result.grace_ends_after = std::min(left, result.grace_ends_after.value_or(left));
  }
}

void IntDataplane::apply_routes(SimTime now, bool woken, ApplyResult& result) {
  for (FamilyDataplane* family : families()) {
    result.needs_retry |= family->endpoints->needs_retry();
    // Felix v3.28 calls it an error not to know the device under VXLAN.
    if (family->vxlan && !config.rules.felix.one_tunnel_design)
      result.needs_retry |= !family->vxlan->routes().parent_known();
    if (family->fdb) result.needs_retry |= !family->fdb->apply(backend);
    if (config.route_sync_disabled) continue;
    if (config.rules.felix.peer_addresses)
      result.needs_retry |= !family->link_addresses.apply(backend);
    const auto grace_end = family->routes.next_grace_end();
    const auto wake = grace_end ? next_wake(*grace_end) : std::nullopt;
    const bool looks = woken || !grace_end || (wake && *wake <= now);
    result.needs_retry |= !family->routes.apply(backend, now, looks);
  }
}

void IntDataplane::apply_wireguard(SimTime now, ApplyResult& result) {
  result.wireguard_keys = std::exchange(wireguard_keys, {});
  for (FamilyDataplane* family : families()) {
    WireguardManager& wireguard = *family->wireguard;
    result.needs_retry |= !wireguard.apply(backend, now);
    if (auto key = wireguard.take_key_to_publish())
      result.wireguard_keys.push_back({family->family, std::move(*key)});
    if (wireguard.panic()) result.fatal = wireguard.panic();
  }
}

ApplyResult IntDataplane::apply(SimTime now) {
  ApplyResult result;
  const bool first = !started_at;
  if (first) start_clocks(now);
  if (!in_sync || fatal) {
    result.fatal = fatal;
    return result;
  }
  result.applied = true;
  sync_tunnels(now);
  // Felix makes tunnels beside its first programming, and hears of them while it is at it.
  if (!first) look_at_interfaces(now);
  const bool migrated = follow_migrations(now);
  const bool woken = std::exchange(dirty, false) || migrated || retrying;
  for (FamilyDataplane* family : families()) family->resolve();
  std::optional<std::string> render_panic;  // it strikes when the tables are rendered
  for (FamilyDataplane* family : families()) family->complete(backend, render_panic);
  workload_chains.forget();
  refresh_if_due(now);
  for (FamilyDataplane* family : families()) {
    auto refusal = family->ip_sets.apply_updates(backend);
    if (refusal && !result.fatal) result.fatal = refusal;
    if (family->old_ip_sets) family->old_ip_sets->apply_updates(backend);
  }
  if (first) look_at_interfaces(now);
  // Routes are programmed beside the IP sets, which Felix retries for a second before it dies.
  apply_routes(now, woken, result);
  apply_wireguard(now, result);
  fatal = result.fatal;
  if (result.fatal) return result;
  result.fatal = render_panic;
  if (!result.fatal) apply_tables(now, woken, result);
  fatal = result.fatal;
  if (result.fatal) return result;
  bool sets_left = false;
  for (FamilyDataplane* family : families()) {
    sets_left |= family->ip_sets.apply_deletions(backend);
    result.stuck |= family->ip_sets.deletions_fail();
    // What cannot be deleted went with a table that Felix made anew: the next refresh finds out.
    if (family->ip_sets.deletions_fail() && !ip_sets_refresh_at)
      ip_sets_refresh_at = next_tick(*started_at, config.ip_sets_refresh_interval, now);
    if (family->old_ip_sets) sets_left |= family->old_ip_sets->apply_deletions(backend);
  }
  // The files wait until all was in place once (DataplaneInSync).
  retrying = result.needs_retry;
  was_in_place |= !retrying;
  const bool write_files = config.status_files && was_in_place;
  const bool with_content = config.rules.felix.status_file_content;
  auto reports = statuses.apply(backend, write_files, with_content);
  result.statuses.reserve(reports.size());
  for (auto& [id, status] : reports) {
    result.statuses.push_back({std::move(id), std::move(status)});
  }
  plan_wake_up(now, sets_left, result);
  return result;
}

Dataplane::Dataplane(const DataplaneConfig& config, Backend& backend)
    : impl_(std::make_unique<IntDataplane>(config, backend)) {}
Dataplane::~Dataplane() = default;
Dataplane::Dataplane(Dataplane&&) noexcept = default;
Dataplane& Dataplane::operator=(Dataplane&&) noexcept = default;

void Dataplane::on_message(const msg::Message& message) { impl_->dispatch(message); }
bool Dataplane::on_interfaces_changed(SimTime now) {
  impl_->look_at_host(now);
  return impl_->look_at_interfaces(now);
}
ApplyResult Dataplane::apply(SimTime now) { return impl_->apply(now); }
void Dataplane::note_kernel_touched(SimTime now) { impl_->note_touched(now); }
bool Dataplane::needs_apply() const { return impl_->dirty; }
const std::optional<std::string>& Dataplane::restart_reason() const {
  return impl_->restart_reason;
}

}  // namespace felixsim
