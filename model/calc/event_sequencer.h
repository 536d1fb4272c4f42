// SPDX-License-Identifier: Apache-2.0
// The calc graph's last node: collects changes between two flushes, coalesces them, and emits
// messages in an order in which the dataplane can always apply them (IP sets before the policies
// that match them, policies before the endpoints that use them; removals the other way round).
// Mirrors felix/calc/event_sequencer.go. Within one kind the order is that of the keys; Felix's is
// that of a Go map.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "felixsim/keys.h"
#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "model/calc/calc_hash.h"
#include "model/calc/endpoint_tiers.h"
#include "model/calc/graph_options.h"
#include "model/calc/outbox.h"
#include "model/calc/shared_ip_sets.h"

namespace felixsim::calc {

class EventSequencer {
 public:
  // `shared` (may be null) are sets whose members it is asked for; nobody tells them. It must
  // outlive this.
  EventSequencer(MergeConfig merge_config, LiveConfig live, IpSetUses* shared = nullptr);

  // IP sets. A set must be added before members are, and an added set starts empty. Adding what is
  // there, or touching what is not, is a bug of the caller (checked).
  void on_ip_set_added(Symbol id, msg::IpSetType type);
  void on_ip_set_removed(Symbol id);
  void on_ip_set_member_added(Symbol id, const msg::IpSetMember& member);
  void on_ip_set_member_removed(Symbol id, const msg::IpSetMember& member);

  void on_policy_active(const PolicyKey& key, std::shared_ptr<const msg::Policy> policy);
  void on_policy_inactive(const PolicyKey& key);
  void on_profile_active(Symbol id, std::shared_ptr<const msg::Profile> profile);
  void on_profile_inactive(Symbol id);

  // `resolved` holds a local endpoint with its tiers; it is turned into a message when flushed.
  void on_endpoint_update(const EndpointKey& key, ResolvedEndpoint resolved);
  void on_endpoint_remove(const EndpointKey& key);

  void on_datastore_not_ready() { datastore_not_ready_ = true; }
  void on_config_update(DatastoreConfig config) { config_ = std::move(config); }
  void on_encapsulation(const msg::Encapsulation& encapsulation) { encapsulation_ = encapsulation; }

  // Routes and VTEPs. An update replaces whatever is pending for the same destination or node.
  void on_route_update(const msg::RouteUpdate& route) { routes_.update(route.dst, route); }
  void on_route_remove(const Cidr& dst) { routes_.remove(dst); }
  void on_vtep_update(const msg::VtepUpdate& vtep) { vteps_.update(vtep.node, vtep); }
  void on_vtep_remove(Symbol node) { vteps_.remove(node); }

  void on_host_ip_update(Symbol host, std::string address) {
    host_ips_.update(host, std::move(address));
  }
  void on_host_ip_remove(Symbol host) { host_ips_.remove(host); }
  void on_host_ipv6_update(Symbol host, std::string address) {
    host_ipv6s_.update(host, std::move(address));
  }
  void on_host_ipv6_remove(Symbol host) { host_ipv6s_.remove(host); }
  void on_host_metadata_update(msg::HostMetadataV4V6Update update) {
    const Symbol host = update.host;
    hosts_.update(host, std::move(update));
  }
  void on_host_metadata_remove(Symbol host) { hosts_.remove(host); }
  void on_ip_pool_update(const Cidr& key, msg::IpamPool pool) {
    pools_.update(key, std::move(pool));
  }
  void on_ip_pool_remove(const Cidr& key) { pools_.remove(key); }
  void on_service_account_update(msg::ServiceAccountUpdate update);
  void on_service_account_remove(Symbol ns, Symbol name) { service_accounts_.remove({ns, name}); }
  void on_namespace_update(msg::NamespaceUpdate update);
  void on_namespace_remove(Symbol name) { namespaces_.remove(name); }
  void on_wireguard_update(Symbol node, Wireguard wireguard);
  void on_wireguard_remove(Symbol node);
  void on_global_bgp_config(BgpConfiguration config) { bgp_config_ = std::move(config); }
  void on_service_update(msg::ServiceUpdate update);
  void on_service_remove(Symbol ns, Symbol name) { services_.remove({ns, name}); }

  // Felix would panic here: nothing is computed after it. The first one stays.
  void on_panic(std::string why);
  const std::optional<std::string>& panic() const { return panic_; }
  const std::string& panic_cause() const { return panic_cause_; }  // empty: the panic says it all

  // Appends everything pending to `out`, in dependency order.
  void flush(std::vector<msg::Message>& out);

  // Parameters as of the last flush.
  const LiveConfig& live_config() const { return live_; }

 private:
  struct PendingMembers {
    absl::flat_hash_set<msg::IpSetMember> added, removed;
  };
  using Name = std::pair<Symbol, Symbol>;  // namespace, name

  void flush_config(std::vector<msg::Message>& out);
  // Returns the sets added.
  std::vector<Symbol> flush_added_ip_sets(std::vector<msg::Message>& out);
  void flush_ip_set_deltas(const std::vector<Symbol>& just_added, std::vector<msg::Message>& out);
  void add_shared_deltas(const std::vector<Symbol>& just_added,
                         std::vector<msg::IpSetDeltaUpdate>& out);
  void flush_rules_and_endpoints(std::vector<msg::Message>& out);
  void flush_identities(std::vector<msg::Message>& out);
  void flush_routes(std::vector<msg::Message>& out);
  void flush_wireguard(std::vector<msg::Message>& out);
  void flush_wireguard_update(Symbol node, const Wireguard& wireguard,
                              std::vector<msg::Message>& out);
  void flush_hosts(std::vector<msg::Message>& out);
  void flush_cluster(std::vector<msg::Message>& out);

  MergeConfig merge_config_;
  LiveConfig live_;
  std::optional<std::string> panic_;
  std::string panic_cause_;
  IpSetUses* shared_;

  bool datastore_not_ready_ = false;
  std::optional<DatastoreConfig> config_;
  std::optional<msg::Encapsulation> encapsulation_;
  std::optional<BgpConfiguration> bgp_config_;

  Outbox<Symbol, msg::IpSetType> ip_sets_;
  absl::flat_hash_map<Symbol, PendingMembers> members_;
  Outbox<PolicyKey, std::shared_ptr<const msg::Policy>> policies_;
  Outbox<Symbol, std::shared_ptr<const msg::Profile>> profiles_;
  Outbox<EndpointKey, ResolvedEndpoint> endpoints_;
  Outbox<Cidr, msg::RouteUpdate> routes_;
  Outbox<Symbol, msg::VtepUpdate> vteps_;
  Outbox<Symbol, std::string> host_ips_, host_ipv6s_;
  Outbox<Symbol, msg::HostMetadataV4V6Update> hosts_;
  Outbox<Cidr, msg::IpamPool> pools_;
  Outbox<Name, msg::ServiceAccountUpdate> service_accounts_;
  Outbox<Symbol, msg::NamespaceUpdate> namespaces_;
  Outbox<Name, msg::ServiceUpdate> services_;
  absl::flat_hash_map<Symbol, Wireguard> wireguard_updates_;
  absl::flat_hash_set<Symbol> wireguard_removes_, wireguard_sent_, wireguard_sent_v6_;
};

}  // namespace felixsim::calc
