// SPDX-License-Identifier: Apache-2.0
// One function for each kind that Felix's syncer converts
// (libcalico-go/lib/backend/syncersv1/updateprocessors).
#include <fmt/format.h>

#include <algorithm>

#include "model/datastore/k8s_policy.h"
#include "model/datastore/syncer_job.h"
#include "model/datastore/v3_to_v1.h"

namespace felixsim {
namespace {

bool is_staged(Symbol kind) { return kind.view().starts_with("Staged"); }

// Felix v3.28 knows policies by one name each, whatever their kind, and all are in one tier
// (networkpolicyprocessor.go, globalnetworkpolicyprocessor.go of v3.28.5).
PolicyKey policy_key(const SyncerJob& job) {
  const ResourceKey& key = job.key;
  if (job.memory.options.felix.policy_kinds) return {key.kind, key.ns, key.name};
  std::string name = key.kind.view() == "KubernetesNetworkPolicy" ? "knp.default." : "";
  name += key.name.view();
  return {{}, {}, Symbol(key.ns.empty() ? name : key.ns.str() + "/" + name)};
}

bool is_global_policy(Symbol kind) {
  return kind.view() == "GlobalNetworkPolicy" || kind.view() == "StagedGlobalNetworkPolicy" ||
         kind.view() == "KubernetesClusterNetworkPolicy";
}

// Reads with `read(JsonReader&)`; nothing where there is no value or it cannot be read.
template <class Read>
auto read_job(SyncerJob& job, Read&& read)
    -> std::optional<decltype(read(std::declval<JsonReader&>()))> {
  if (job.value == nullptr) return std::nullopt;
  JsonReader in;
  auto result = read(in);
  if (in.ok()) return result;
  job.unreadable = in.error();
  return std::nullopt;
}

// A conversion that may refuse.
template <class T>
std::optional<T> accept(SyncerJob& job, std::optional<Converted<T>> converted) {
  if (!converted) return std::nullopt;
  job.panic = std::move(converted->panic);
  if (!converted->refusal.empty()) {
    (converted->value ? job.facts.emplace_back() : job.refusal) = std::move(converted->refusal);
  }
  return std::move(converted->value);
}

std::optional<RawText> raw(std::optional<std::string> text) {
  return text ? std::optional(RawText{*std::move(text)}) : std::nullopt;
}

// Blocks made of the pod CIDRs of a node that uses host-local IPAM.
void sync_pod_cidrs(SyncerJob& job, std::vector<std::string> now) {
  auto& known = job.memory.pod_cidrs[job.key.name];
  for (const auto& text : known) {
    if (std::find(now.begin(), now.end(), text) != now.end()) continue;
    if (const auto cidr = Cidr::parse(text)) job.emit(BlockKey{*cidr}, nullptr);
  }
  for (const auto& text : now) {
    const auto cidr = Cidr::parse(text);
    if (!cidr) {
      job.facts.push_back(fmt::format("podCIDRs: '{}' is no network and is ignored", text));
      continue;
    }
    AllocationBlock block;
    block.cidr = *cidr;
    block.affinity = "host:" + job.key.name.str();
    job.emit(BlockKey{*cidr}, SyncerJob::make_value(std::move(block)));
  }
  known = std::move(now);
  if (known.empty()) job.memory.pod_cidrs.erase(job.key.name);
}

void sync_conflicting(SyncerJob& job, ConflictCache& cache, const std::optional<Key>& key,
                      ValuePtr value) {
  if (!key) {
    job.refusal_is_error = true;
    const bool known = cache.remove(job.key.name, job.out);
    if (!known && job.value == nullptr) job.errors.push_back("is deleted but was never there");
    return;
  }
  cache.put(job.key.name, *key, std::move(value), job.out);
  if (const Symbol holder = cache.holder_before(job.key.name); !holder.empty()) {
    job.facts.push_back(fmt::format("has no effect, since '{}' comes first", holder.view()));
  }
}

}  // namespace

void sync_policy(SyncerJob& job) {
  const bool global = is_global_policy(job.key.kind);
  if (job.key.name.empty() || (!global && job.key.ns.empty())) {
    job.errors.push_back("has no name or no namespace");
    return;
  }
  auto policy = read_job(job, [&](JsonReader& in) {
    V3Policy read;
    const bool converted = job.key.kind.view() == "KubernetesClusterNetworkPolicy";
    read_v3_policy(in, *job.value, global, read,
                   converted ? PortTexts::from_object : PortTexts::any);
    return read;
  });
  if (policy && !is_staged(job.key.kind)) policy->staged_action.clear();
  // A staged deletion is nothing that Felix could evaluate.
  if (policy && policy->staged_action == "Delete") policy.reset();
  std::optional<Policy> converted;
  if (policy) {
    converted = global ? global_policy_to_v1(*policy, job.facts)
                       : namespaced_policy_to_v1(*policy, job.facts);
    if (!job.memory.options.felix.tiers) converted->tier = Symbol("default");
  }
  job.emit(policy_key(job), std::move(converted));
}

void sync_staged_kubernetes_policy(SyncerJob& job) {
  if (job.key.name.empty() || job.key.ns.empty()) {
    job.errors.push_back("has no name or no namespace");
    return;
  }
  const auto policy =
      read_job(job, [&](JsonReader& in) { return read_k8s_network_policy(in, *job.value); });
  std::optional<Policy> converted;
  if (policy && policy->staged_action != "Delete") {
    Facts failures;
    V3Policy v3 = k8s_network_policy_to_v3(*policy, failures);
    if (failures.empty()) {
      v3.staged_action = policy->staged_action;
      converted = namespaced_policy_to_v1(v3, job.facts);
    } else {
      job.refusal = failures.front();
    }
  }
  job.emit(PolicyKey{job.key.kind, job.key.ns, job.key.name}, std::move(converted));
}

void sync_tier(SyncerJob& job) {
  job.emit(TierKey{job.key.name},
           read_job(job, [&](JsonReader& in) { return read_v3_tier(in, *job.value); }));
}

void sync_profile(SyncerJob& job) {
  auto profile =
      read_job(job, [&](JsonReader& in) { return read_v3_profile(in, *job.value, job.facts); });
  std::optional<ProfileLabels> labels;
  std::optional<ProfileRules> rules;
  std::optional<Profile> whole;
  if (profile) {
    whole = profile->whole;
    if (profile->labels && !profile->labels->empty()) labels = ProfileLabels{profile->labels};
    rules = std::move(profile->rules);
  }
  job.emit(ProfileLabelsKey{job.key.name}, std::move(labels));
  job.emit(ProfileRulesKey{job.key.name}, std::move(rules));
  job.emit(job.key, std::move(whole));
}

void sync_workload_endpoint(SyncerJob& job) {
  const auto key = workload_endpoint_key(job.key.ns.view(), job.key.name.view());
  if (!key) {
    job.errors.push_back("the name is not <node>-<orchestrator>-<workload>-<endpoint>");
    return;
  }
  job.emit(*key, accept(job, read_job(job, [&](JsonReader& in) {
                          return read_v3_workload_endpoint(in, *job.value);
                        })));
}

void sync_host_endpoint(SyncerJob& job) {
  auto endpoint = read_job(
      job, [&](JsonReader& in) { return read_v3_host_endpoint(in, *job.value, job.facts); });
  if (endpoint && (endpoint->key.host.empty() || endpoint->key.endpoint.empty())) {
    job.refusal = "has no node";
    endpoint.reset();
  }
  if (!endpoint) return sync_conflicting(job, job.memory.host_endpoints, std::nullopt, nullptr);
  sync_conflicting(job, job.memory.host_endpoints, endpoint->key,
                   SyncerJob::make_value(std::move(endpoint->value)));
}

void sync_network_set(SyncerJob& job) {
  job.emit(NetworkSetKey{Symbol(job.key.ns.str() + "/" + job.key.name.str())},
           read_job(job, [&](JsonReader& in) {
             return read_v3_network_set(in, *job.value, true, job.facts);
           }));
}

void sync_global_network_set(SyncerJob& job) {
  auto set = read_job(
      job, [&](JsonReader& in) { return read_v3_network_set(in, *job.value, false, job.facts); });
  auto& cache = job.memory.global_network_sets;
  if (!set) return sync_conflicting(job, cache, std::nullopt, nullptr);
  sync_conflicting(job, cache, NetworkSetKey{job.key.name}, SyncerJob::make_value(*std::move(set)));
}

void sync_ip_pool(SyncerJob& job) {
  auto pool =
      accept(job, read_job(job, [&](JsonReader& in) { return read_v3_ip_pool(in, *job.value); }));
  if (!pool) return sync_conflicting(job, job.memory.ip_pools, std::nullopt, nullptr);
  const IpPoolKey key{pool->cidr};
  sync_conflicting(job, job.memory.ip_pools, key, SyncerJob::make_value(*std::move(pool)));
}

void sync_node(SyncerJob& job) {
  auto node = read_job(
      job, [&](JsonReader& in) { return read_v3_node(in, *job.value, job.errors, job.facts); });
  V3Node parts = node ? std::move(*node) : V3Node{};
  const Symbol name = job.key.name;
  const auto config = [&](std::string_view parameter, std::optional<std::string> text) {
    job.emit(HostConfigKey{name, Symbol(parameter)}, raw(std::move(text)));
  };
  job.emit(HostIpKey{name},
           parts.address ? std::optional(HostIp{parts.address}) : std::optional<HostIp>());
  config("IpInIpTunnelAddr", std::move(parts.ipip_address));
  config("IPv4VXLANTunnelAddr", std::move(parts.vxlan_address));
  config("VXLANTunnelMACAddr", std::move(parts.vxlan_mac));
  config("IPv6VXLANTunnelAddr", std::move(parts.vxlan_v6_address));
  config("VXLANTunnelMACAddrV6", std::move(parts.vxlan_v6_mac));
  job.emit(job.key, node ? SyncerJob::make_value(std::move(parts.node)) : nullptr);
  job.emit(WireguardKey{name}, std::move(parts.wireguard));
  if (job.memory.options.use_pod_cidr) sync_pod_cidrs(job, std::move(parts.pod_cidrs));
}

void sync_as_it_is(SyncerJob& job) {
  auto value = read_job(
      job, [&](JsonReader& in) { return read_resource_value(in, job.key.kind, *job.value); });
  job.emit(job.key, value.value_or(nullptr));
}

}  // namespace felixsim
