// SPDX-License-Identifier: Apache-2.0
#include "model/calc/event_sequencer.h"

#include "felixsim/check.h"

namespace felixsim::calc {
namespace {

using Messages = std::vector<msg::Message>;

template <class Set>
auto sorted(const Set& set) {
  std::vector<typename Set::value_type> values(set.begin(), set.end());
  std::sort(values.begin(), values.end());
  return values;
}

// Keys of a hash map, in order, so that what is emitted does not depend on the hash.
template <class Map>
std::vector<Symbol> sorted_keys(const Map& map) {
  std::vector<Symbol> keys;
  keys.reserve(map.size());
  for (const auto& [key, value] : map) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

// felix/calc/event_sequencer.go cidrToIPPoolID.
std::string pool_id(const Cidr& cidr) {
  std::string id = cidr.str();
  id[id.find('/')] = '-';
  return id;
}

msg::WorkloadEndpointId message_id(const WorkloadEndpointKey& key) {
  return {key.orchestrator, key.workload, key.endpoint};
}

}  // namespace

EventSequencer::EventSequencer(MergeConfig merge_config, LiveConfig live, IpSetUses* shared)
    : merge_config_(std::move(merge_config)), live_(live), shared_(shared) {}

void EventSequencer::on_panic(std::string why) {
  if (!panic_) panic_ = std::move(why);
}

void EventSequencer::on_ip_set_added(Symbol id, msg::IpSetType type) {
  FELIXSIM_CHECK(!ip_sets_.sent(id) || ip_sets_.removing(id));
  ip_sets_.update(id, type);
  members_.erase(id);
}

void EventSequencer::on_ip_set_removed(Symbol id) {
  FELIXSIM_CHECK(ip_sets_.sent(id) || ip_sets_.has_pending(id));
  ip_sets_.remove(id);
  members_.erase(id);
}

void EventSequencer::on_ip_set_member_added(Symbol id, const msg::IpSetMember& member) {
  FELIXSIM_CHECK(ip_sets_.sent(id) || ip_sets_.has_pending(id));
  auto& pending = members_[id];
  if (pending.removed.erase(member) == 0) pending.added.insert(member);
}

void EventSequencer::on_ip_set_member_removed(Symbol id, const msg::IpSetMember& member) {
  FELIXSIM_CHECK(ip_sets_.sent(id) || ip_sets_.has_pending(id));
  auto& pending = members_[id];
  if (pending.added.erase(member) == 0) pending.removed.insert(member);
}

void EventSequencer::on_policy_active(const PolicyKey& key,
                                      std::shared_ptr<const msg::Policy> policy) {
  policies_.update(key, std::move(policy));
}
void EventSequencer::on_policy_inactive(const PolicyKey& key) { policies_.remove(key); }
void EventSequencer::on_profile_active(Symbol id, std::shared_ptr<const msg::Profile> profile) {
  profiles_.update(id, std::move(profile));
}
void EventSequencer::on_profile_inactive(Symbol id) { profiles_.remove(id); }

void EventSequencer::on_endpoint_update(const EndpointKey& key, ResolvedEndpoint resolved) {
  endpoints_.update(key, std::move(resolved));
}
void EventSequencer::on_endpoint_remove(const EndpointKey& key) { endpoints_.remove(key); }

void EventSequencer::on_service_account_update(msg::ServiceAccountUpdate update) {
  const Name name{update.ns, update.name};
  service_accounts_.update(name, std::move(update));
}
void EventSequencer::on_namespace_update(msg::NamespaceUpdate update) {
  const Symbol name = update.name;
  namespaces_.update(name, std::move(update));
}
void EventSequencer::on_service_update(msg::ServiceUpdate update) {
  const Name name{update.ns, update.name};
  services_.update(name, std::move(update));
}

void EventSequencer::on_wireguard_update(Symbol node, Wireguard wireguard) {
  wireguard_removes_.erase(node);
  wireguard_updates_.insert_or_assign(node, std::move(wireguard));
}
void EventSequencer::on_wireguard_remove(Symbol node) {
  wireguard_updates_.erase(node);
  wireguard_removes_.insert(node);
}

void EventSequencer::flush(Messages& out) {
  if (datastore_not_ready_) out.emplace_back(msg::DatastoreNotReady{});
  datastore_not_ready_ = false;
  flush_config(out);
  flush_ip_set_deltas(flush_added_ip_sets(out), out);
  flush_rules_and_endpoints(out);
  flush_identities(out);
  flush_routes(out);
  flush_wireguard(out);
  flush_hosts(out);
  flush_cluster(out);
}

void EventSequencer::flush_config(Messages& out) {
  if (!config_) return;
  const DatastoreConfig config = std::move(*config_);
  config_.reset();
  if (!merge_config_) return;
  ConfigMerge merge = merge_config_(config);
  if (!merge.fatal.empty()) {
    panic_cause_ = merge.fatal;
    return on_panic("Failed to parse config update");
  }
  live_ = merge.live;
  if (merge.update) out.emplace_back(std::move(*merge.update));
}

std::vector<Symbol> EventSequencer::flush_added_ip_sets(Messages& out) {
  std::vector<Symbol> added;
  ip_sets_.flush_updates([&](Symbol id, msg::IpSetType type) {
    added.push_back(id);
    msg::IpSetUpdate update{id, type, {}};
    if (shared_ && shared_->contains(id)) {
      update.members = shared_->members(id);
    } else if (const auto it = members_.find(id); it != members_.end()) {
      // Removals of what a new set never held do not show in it; they follow as a delta.
      update.members = msg::IpSetMembers(sorted(it->second.added));
      it->second.added.clear();
      if (it->second.removed.empty()) members_.erase(it);
    }
    out.emplace_back(std::move(update));
  });
  return added;
}

void EventSequencer::flush_ip_set_deltas(const std::vector<Symbol>& just_added, Messages& out) {
  // Sorted before they are messages: to swap those instantiates a function for every two kinds.
  std::vector<msg::IpSetDeltaUpdate> deltas;
  for (const auto& [id, pending] : members_)
    if (!pending.added.empty() || !pending.removed.empty())
      deltas.push_back({id, msg::IpSetMembers(sorted(pending.added)),
                        msg::IpSetMembers(sorted(pending.removed))});
  members_.clear();
  if (shared_) add_shared_deltas(just_added, deltas);
  std::sort(deltas.begin(), deltas.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  for (auto& delta : deltas) out.emplace_back(std::move(delta));
}

void EventSequencer::add_shared_deltas(const std::vector<Symbol>& just_added,
                                       std::vector<msg::IpSetDeltaUpdate>& out) {
  for (const Symbol id : shared_->changed()) {
    auto change = std::binary_search(just_added.begin(), just_added.end(), id)
                      ? shared_->change_after_members(id)
                      : shared_->change(id);
    if (!change.empty()) out.push_back({id, std::move(change.added), std::move(change.removed)});
  }
}

void EventSequencer::flush_rules_and_endpoints(Messages& out) {
  policies_.flush_updates([&](const PolicyKey& key, auto& policy) {
    out.emplace_back(msg::ActivePolicyUpdate{key, std::move(policy)});
  });
  profiles_.flush_updates([&](Symbol id, auto& profile) {
    out.emplace_back(msg::ActiveProfileUpdate{id, std::move(profile)});
  });
  endpoints_.flush_updates([&](const EndpointKey& key, const ResolvedEndpoint& resolved) {
    if (const auto* workload = std::get_if<WorkloadEndpointKey>(&key))
      out.emplace_back(msg::WorkloadEndpointUpdate{
          message_id(*workload),
          std::make_shared<msg::WorkloadEndpoint>(workload_endpoint_message(resolved))});
    else
      out.emplace_back(msg::HostEndpointUpdate{
          std::get<HostEndpointKey>(key).endpoint,
          std::make_shared<msg::HostEndpoint>(host_endpoint_message(resolved))});
  });
  endpoints_.flush_removes([&](const EndpointKey& key) {
    if (const auto* workload = std::get_if<WorkloadEndpointKey>(&key))
      out.emplace_back(msg::WorkloadEndpointRemove{message_id(*workload)});
    else
      out.emplace_back(msg::HostEndpointRemove{std::get<HostEndpointKey>(key).endpoint});
  });
  profiles_.flush_removes([&](Symbol id) { out.emplace_back(msg::ActiveProfileRemove{id}); });
  policies_.flush_removes(
      [&](const PolicyKey& key) { out.emplace_back(msg::ActivePolicyRemove{key}); });
  ip_sets_.flush_removes([&](Symbol id) { out.emplace_back(msg::IpSetRemove{id}); });
}

void EventSequencer::flush_identities(Messages& out) {
  service_accounts_.flush_removes([&](const Name& name) {
    out.emplace_back(msg::ServiceAccountRemove{name.first, name.second});
  });
  service_accounts_.flush_updates(
      [&](const Name&, auto& update) { out.emplace_back(std::move(update)); });
  namespaces_.flush_removes([&](Symbol name) { out.emplace_back(msg::NamespaceRemove{name}); });
  namespaces_.flush_updates([&](Symbol, auto& update) { out.emplace_back(std::move(update)); });
}

// No route without its VTEP: VTEPs come before the routes over them and go after.
void EventSequencer::flush_routes(Messages& out) {
  routes_.flush_removes([&](const Cidr& dst) { out.emplace_back(msg::RouteRemove{dst}); });
  vteps_.flush_removes([&](Symbol node) { out.emplace_back(msg::VtepRemove{node}); });
  vteps_.flush_updates([&](Symbol, auto& update) { out.emplace_back(std::move(update)); });
  routes_.flush_updates([&](const Cidr&, auto& update) { out.emplace_back(std::move(update)); });
}

void EventSequencer::flush_wireguard(Messages& out) {
  for (const Symbol node : sorted(wireguard_removes_)) {
    if (wireguard_sent_.erase(node) > 0) out.emplace_back(msg::WireguardEndpointRemove{node});
    if (wireguard_sent_v6_.erase(node) > 0) out.emplace_back(msg::WireguardEndpointV6Remove{node});
  }
  wireguard_removes_.clear();
  for (const Symbol node : sorted_keys(wireguard_updates_))
    flush_wireguard_update(node, wireguard_updates_.at(node), out);
  wireguard_updates_.clear();
}

void EventSequencer::flush_wireguard_update(Symbol node, const Wireguard& wireguard,
                                            Messages& out) {
  const auto text = [](const std::optional<Ip>& ip) { return ip ? ip->str() : std::string(); };
  if (!wireguard.public_key.empty()) {
    out.emplace_back(
        msg::WireguardEndpointUpdate{node, wireguard.public_key, text(wireguard.interface_ipv4)});
    wireguard_sent_.insert(node);
  } else if (wireguard_sent_.erase(node) > 0) {
    out.emplace_back(msg::WireguardEndpointRemove{node});
  }
  if (!wireguard.public_key_v6.empty()) {
    out.emplace_back(msg::WireguardEndpointV6Update{node, wireguard.public_key_v6,
                                                    text(wireguard.interface_ipv6)});
    wireguard_sent_v6_.insert(node);
  } else if (wireguard_sent_v6_.erase(node) > 0) {
    out.emplace_back(msg::WireguardEndpointV6Remove{node});
  }
}

void EventSequencer::flush_hosts(Messages& out) {
  host_ips_.flush_removes([&](Symbol host) { out.emplace_back(msg::HostMetadataRemove{host}); });
  host_ips_.flush_updates([&](Symbol host, auto& address) {
    out.emplace_back(msg::HostMetadataUpdate{host, std::move(address)});
  });
  host_ipv6s_.flush_removes(
      [&](Symbol host) { out.emplace_back(msg::HostMetadataV6Remove{host}); });
  host_ipv6s_.flush_updates([&](Symbol host, auto& address) {
    out.emplace_back(msg::HostMetadataV6Update{host, std::move(address)});
  });
  hosts_.flush_removes([&](Symbol host) { out.emplace_back(msg::HostMetadataV4V6Remove{host}); });
  hosts_.flush_updates([&](Symbol, auto& update) { out.emplace_back(std::move(update)); });
}

void EventSequencer::flush_cluster(Messages& out) {
  pools_.flush_removes(
      [&](const Cidr& key) { out.emplace_back(msg::IpamPoolRemove{pool_id(key)}); });
  pools_.flush_updates([&](const Cidr& key, auto& pool) {
    out.emplace_back(msg::IpamPoolUpdate{pool_id(key), std::move(pool)});
  });
  if (encapsulation_) out.emplace_back(*encapsulation_);
  encapsulation_.reset();
  if (bgp_config_) out.emplace_back(msg::GlobalBgpConfigUpdate{std::move(*bgp_config_)});
  bgp_config_.reset();
  services_.flush_removes([&](const Name& name) {
    out.emplace_back(msg::ServiceRemove{name.first, name.second});
  });
  services_.flush_updates([&](const Name&, auto& update) { out.emplace_back(std::move(update)); });
}

}  // namespace felixsim::calc
