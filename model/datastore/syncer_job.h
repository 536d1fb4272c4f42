// SPDX-License-Identifier: Apache-2.0
// What the syncer's processors share: one resource at a time, and the little that is remembered
// between resources.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "felixsim/resource.h"
#include "model/datastore/conflict_cache.h"
#include "model/datastore/json_view.h"
#include "model/datastore/syncer.h"
#include "model/datastore/v3_policy.h"

namespace felixsim {

// Kept from one resource to the next.
struct SyncerMemory {
  SyncerOptions options;
  ConflictCache host_endpoints, ip_pools, global_network_sets;
  std::map<Symbol, std::vector<std::string>> pod_cidrs;  // by node; no empty lists
  // Parameters outside the table that annotations have set at some time.
  std::set<std::string> extra_felix_parameters, extra_cluster_parameters;
  std::set<ResourceKey> fatal;  // resources of which Felix has died
};

// One resource put (value) or deleted (null), and what becomes of it.
struct SyncerJob {
  SyncerMemory& memory;
  const ResourceKey& key;
  const JsonView* value;
  std::vector<Update>& out;
  Facts facts;                    // only logged by Felix
  Facts errors;                   // reported by Felix
  std::string panic;              // in Go's words, where Felix ends over this resource
  std::string unreadable;         // what is wrong with the JSON; the resource counts as deleted
  std::string refusal;            // why a readable resource counts as deleted
  bool refusal_is_error = false;  // Felix reports the refusal, rather than only log it

  void emit(Key to, ValuePtr what) { out.push_back({std::move(to), std::move(what)}); }
  template <class T>
  void emit(Key to, std::optional<T> what) {
    emit(std::move(to), what ? make_value(*std::move(what)) : nullptr);
  }
  template <class T>
  static ValuePtr make_value(T what) {
    return std::make_shared<const Value>(std::in_place_type<T>, std::move(what));
  }
};

// Runs the processor of the job's kind. False if Felix does not watch that kind.
bool process_resource(SyncerJob& job);

// The processors. Each appends what Felix is told of the job's resource.
void sync_policy(SyncerJob& job);  // (Staged)(Global)NetworkPolicy, Kubernetes ones
void sync_staged_kubernetes_policy(SyncerJob& job);
void sync_tier(SyncerJob& job);
void sync_profile(SyncerJob& job);
void sync_workload_endpoint(SyncerJob& job);
void sync_host_endpoint(SyncerJob& job);
void sync_network_set(SyncerJob& job);
void sync_global_network_set(SyncerJob& job);
void sync_ip_pool(SyncerJob& job);
void sync_node(SyncerJob& job);
void sync_felix_configuration(SyncerJob& job);
void sync_cluster_information(SyncerJob& job);
void sync_as_it_is(SyncerJob& job);  // BGPConfiguration, BGPPeer, LiveMigration, Services, ...

// The value of a v3 resource that is passed on as it is; errors stick to the reader.
ValuePtr read_resource_value(JsonReader& in, Symbol kind, JsonView view);

}  // namespace felixsim
