// SPDX-License-Identifier: Apache-2.0
#include "model/node/start_up.h"

#include <algorithm>

#include "felixsim/check.h"
#include "model/calc/config_batcher.h"
#include "model/calc/config_options.h"
#include "model/calc/encapsulation_resolver.h"
#include "model/calc/event_sequencer.h"

namespace felixsim::node {
namespace {

template <class T>
const T* value_of(const Update& update) {
  return update.value ? std::get_if<T>(update.value.get()) : nullptr;
}

bool datastore_ready(std::span<const Update> snapshot) {
  for (const auto& update : snapshot)
    if (std::holds_alternative<ReadyFlagKey>(update.key))
      if (const auto* flag = value_of<ReadyFlag>(update)) return flag->ready;
  return false;
}

// One update into the graph's own node for configuration, so that start-up and the running graph
// cannot disagree on what applies to this host.
void feed(calc::ConfigBatcher& batcher, const Update& update) {
  if (const auto* global = std::get_if<GlobalConfigKey>(&update.key))
    batcher.on_global_config(global->name, value_of<RawText>(update));
  else if (const auto* host = std::get_if<HostConfigKey>(&update.key))
    batcher.on_host_config(*host, value_of<RawText>(update));
  else if (std::holds_alternative<ReadyFlagKey>(update.key))
    batcher.on_ready_flag(value_of<ReadyFlag>(update));
  else if (const auto* resource = std::get_if<ResourceKey>(&update.key)) {
    if (const auto* node = value_of<Node>(update)) batcher.on_node(resource->name, node);
    if (const auto* scoped = value_of<FelixConfiguration>(update))
      batcher.on_felix_configuration(resource->name, scoped);
  }
}

using Changed = Result<std::vector<std::string>>;  // names of the parameters that changed

// Each map into its source; the union of what changed, or the first error.
Changed merge(Config& config, std::span<const std::pair<ConfigSource, const StringMap*>> sources) {
  std::set<std::string> names;
  for (const auto& [source, values] : sources) {
    auto changed = config.set_source(source, *values);
    if (!changed) return changed;
    names.insert(changed->begin(), changed->end());
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Changed merge_datastore(Config& config, const calc::DatastoreConfig& values) {
  const std::pair<ConfigSource, const StringMap*> sources[] = {
      {ConfigSource::datastore_global, &values.global},
      {ConfigSource::datastore_selector, &values.selector},
      {ConfigSource::datastore_host, &values.host}};
  return merge(config, sources);
}

Changed merge_local(Config& config, const FelixEnvironment& environment) {
  const StringMap variables = config_from_environment(environment.variables);
  const auto file = load_config_file(environment.felix_cfg.value_or(""));
  if (!file) return tl::unexpected(file.error());
  const std::pair<ConfigSource, const StringMap*> sources[] = {
      {ConfigSource::environment, &variables}, {ConfigSource::file, &*file}};
  return merge(config, sources);
}

// What Felix does where its kernel has no BPF (daemon.go Run); the BPF dataplane is not modelled.
void turn_bpf_off(Config& config) {
  if (!config.boolean("BPFEnabled")) return;
  const auto done = config.override_parameter("BPFEnabled", "false");
  FELIXSIM_CHECK(done);
}

msg::Encapsulation encapsulation(std::span<const Update> snapshot, const Config& config) {
  calc::EncapsulationCalculator calculator;
  for (const auto& update : snapshot)
    if (const auto* key = std::get_if<IpPoolKey>(&update.key))
      calculator.update_pool(key->cidr, value_of<IpPool>(update));
  return calculator.calculate(calc::live_config(config));
}

}  // namespace

calc::DatastoreConfig datastore_config(std::span<const Update> snapshot, Symbol hostname) {
  calc::DatastoreConfig gathered;
  calc::EventSequencer sequencer(
      [&](const calc::DatastoreConfig& config) {
        gathered = config;
        return calc::ConfigMerge{};
      },
      {});
  calc::ConfigBatcher batcher(sequencer, hostname);
  for (const auto& update : snapshot) feed(batcher, update);
  batcher.on_in_sync();
  std::vector<msg::Message> ignored;
  sequencer.flush(ignored);
  return gathered;
}

// Felix serves its health once it knows its local configuration, and says that it is ready while it
// waits for the datastore, so as not to hold up what would make it ready (daemon.go Run).
tl::expected<StartUp, NotStarted> start_up(const std::string& node,
                                           const FelixEnvironment& environment,
                                           FelixVersion version, std::span<const Update> snapshot) {
  const auto not_started = [](Error error, bool served, bool unready = false) {
    return tl::unexpected(NotStarted{std::move(error), served, unready});
  };
  StartUp start{Config(version, ConfigHost{node, {}}), Symbol(), {}};
  if (auto done = merge_local(start.config, environment); !done)
    return not_started(std::move(done).error(), false);
  const bool served = start.config.boolean("HealthEnabled");
  start.hostname = Symbol(start.config.text("FelixHostname"));
  if (!datastore_ready(snapshot))
    return not_started(
        invalid("the datastore is not ready (no ClusterInformation says datastoreReady)").value(),
        served, true);
  if (auto done = merge_datastore(start.config, datastore_config(snapshot, start.hostname)); !done)
    return not_started(std::move(done).error(), served);
  if (auto valid = start.config.validate(); !valid)
    return not_started(std::move(valid).error(), served);
  turn_bpf_off(start.config);
  start.encapsulation = encapsulation(snapshot, start.config);
  return start;
}

std::optional<std::string> restart_trap(const Config& config) {
  const auto& ranges =
      std::get<Nullable<std::vector<IndexRange>>>(config.value("RouteTableRanges"));
  const auto highest_first = [](const IndexRange& a, const IndexRange& b) {
    return a.last > b.last;
  };
  if (!ranges || std::is_sorted(ranges->begin(), ranges->end(), highest_first)) return std::nullopt;
  return "restarts for ever: it sorts RouteTableRanges highest first, and takes that for a changed "
         "configuration; write the highest range first";
}

std::optional<std::string> missing_driver(const Config& config) {
  if (config.boolean("UseInternalDataplaneDriver")) return std::nullopt;
  return fmt::format(
      "Failed to start dataplane driver: there is no {} (UseInternalDataplaneDriver is false)",
      config.text("DataplaneDriver"));
}

}  // namespace felixsim::node
