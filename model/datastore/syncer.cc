// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/syncer.h"

#include <fmt/format.h>

#include <array>

#include "model/datastore/key_text.h"
#include "model/datastore/syncer_job.h"
#include "model/datastore/value_text.h"

namespace felixsim {
namespace {

enum class Watched : uint8_t { always, on_kubernetes, by_newer, by_newer_on_kubernetes };

struct Processor {
  std::string_view kind;
  void (*process)(SyncerJob&);
  Watched watched = Watched::always;  // "newer": not by Felix v3.28
};

bool is_watched(Watched when, const SyncerOptions& options) {
  switch (when) {
    case Watched::always:
      return true;
    case Watched::on_kubernetes:
      return options.kubernetes_datastore;
    case Watched::by_newer:
      return options.felix.policy_kinds;
    case Watched::by_newer_on_kubernetes:
      return options.felix.policy_kinds && options.kubernetes_datastore;
  }
  return false;
}

// felixsyncer.go New: what Felix watches.
constexpr std::array processors{
    Processor{"WorkloadEndpoint", sync_workload_endpoint},
    Processor{"ClusterInformation", sync_cluster_information},
    Processor{"FelixConfiguration", sync_felix_configuration},
    Processor{"GlobalNetworkPolicy", sync_policy},
    Processor{"StagedGlobalNetworkPolicy", sync_policy, Watched::by_newer},
    Processor{"GlobalNetworkSet", sync_global_network_set},
    Processor{"IPPool", sync_ip_pool},
    Processor{"Node", sync_node},
    Processor{"Profile", sync_profile},
    Processor{"NetworkPolicy", sync_policy},
    Processor{"StagedNetworkPolicy", sync_policy, Watched::by_newer},
    Processor{"StagedKubernetesNetworkPolicy", sync_staged_kubernetes_policy, Watched::by_newer},
    Processor{"NetworkSet", sync_network_set},
    Processor{"Tier", sync_tier, Watched::by_newer},
    Processor{"HostEndpoint", sync_host_endpoint},
    Processor{"BGPConfiguration", sync_as_it_is},
    Processor{"BGPPeer", sync_as_it_is, Watched::by_newer},
    Processor{"LiveMigration", sync_as_it_is, Watched::by_newer},
    Processor{"KubernetesNetworkPolicy", sync_policy, Watched::on_kubernetes},
    Processor{"KubernetesClusterNetworkPolicy", sync_policy, Watched::by_newer_on_kubernetes},
    Processor{"KubernetesEndpointSlice", sync_as_it_is, Watched::on_kubernetes},
    Processor{"KubernetesService", sync_as_it_is, Watched::on_kubernetes},
};

const Processor* find_processor(std::string_view kind) {
  for (const auto& processor : processors) {
    if (processor.kind == kind) return &processor;
  }
  return nullptr;
}

// Once Felix has died of a resource, the resource's own key tells it, and whether that is over.
void tell_panic(SyncerJob& job) {
  auto& fatal = job.memory.fatal;
  if (!job.panic.empty()) {
    fatal.insert(job.key);
    job.emit(job.key, SyncerJob::make_value(FelixPanic{job.panic}));
  } else if (fatal.erase(job.key) > 0) {
    job.emit(job.key, nullptr);
  }
}

}  // namespace

bool process_resource(SyncerJob& job) {
  const Processor* processor = find_processor(job.key.kind.view());
  const bool watched = processor != nullptr && is_watched(processor->watched, job.memory.options);
  if (watched) processor->process(job);
  return watched;
}

struct Syncer::State {
  SyncerMemory memory;
  JsonParser json;
  std::vector<DatastoreWarning> warnings;

  void apply_resource(const ResourceKey& key, std::string_view key_name,
                      std::optional<std::string_view> value, std::vector<Update>& out);
  void apply_v1(const ParsedKey& key, std::string_view key_name,
                std::optional<std::string_view> value, std::vector<Update>& out);
  void say(std::string_view key_name, const Key& key, const std::vector<DatastoreWarning>& facts);
};

void Syncer::State::say(std::string_view key_name, const Key& key,
                        const std::vector<DatastoreWarning>& facts) {
  for (const auto& warning : facts)
    warnings.push_back(
        {std::string(key_name), describe(key) + ": " + warning.fact, warning.reported});
}

void Syncer::State::apply_resource(const ResourceKey& key, std::string_view key_name,
                                   std::optional<std::string_view> value,
                                   std::vector<Update>& out) {
  std::vector<DatastoreWarning> found;
  std::optional<JsonView> view;
  if (value) {
    auto parsed = json.parse(*value);
    if (parsed) {
      view = *parsed;
    } else {
      found.push_back({"", parsed.error().message + "; treated as deleted", true});
    }
  }
  SyncerJob job{memory, key, view ? &*view : nullptr, out, {}, {}, {}, {}, {}};
  if (!process_resource(job)) return;
  tell_panic(job);
  if (!job.panic.empty()) found.push_back({"", "Felix ends over it: " + job.panic, true});
  const auto deleted = [&](const std::string& why, bool reported) {
    if (!why.empty()) found.push_back({"", why + "; treated as deleted", reported});
  };
  deleted(job.unreadable, true);
  deleted(job.refusal, job.refusal_is_error);
  for (auto& error : job.errors) found.push_back({"", std::move(error), true});
  for (auto& fact : job.facts) found.push_back({"", std::move(fact), false});
  say(key_name, key, found);
}

void Syncer::State::apply_v1(const ParsedKey& key, std::string_view key_name,
                             std::optional<std::string_view> value, std::vector<Update>& out) {
  ValuePtr parsed;
  std::vector<DatastoreWarning> found;
  if (value) {
    auto result = parse_value(key, *value);
    if (result) {
      parsed = *std::move(result);
    } else {
      found.push_back({"", result.error().message + "; treated as deleted", true});
    }
  }
  say(key_name, key.key, found);
  out.push_back({key.key, std::move(parsed)});
}

Syncer::Syncer(SyncerOptions options) : state_(std::make_unique<State>()) {
  state_->memory.options = options;
}
Syncer::~Syncer() = default;
Syncer::Syncer(Syncer&&) noexcept = default;
Syncer& Syncer::operator=(Syncer&&) noexcept = default;

void Syncer::apply(std::string_view key, std::optional<std::string_view> value,
                   std::vector<Update>& out) {
  const ParsedKey parsed = parse_key(key);
  if (parsed.kind != ParsedKey::Kind::felix) return;
  if (const auto* resource = std::get_if<ResourceKey>(&parsed.key)) {
    return state_->apply_resource(*resource, key, value, out);
  }
  if (state_->memory.options.use_pod_cidr && std::holds_alternative<BlockKey>(parsed.key)) return;
  state_->apply_v1(parsed, key, value, out);
}

std::vector<DatastoreWarning> Syncer::take_warnings() {
  return std::exchange(state_->warnings, {});
}

}  // namespace felixsim
