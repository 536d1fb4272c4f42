// SPDX-License-Identifier: Apache-2.0
#include "model/node/felix_process.h"

#include <limits>

#include "model/calc/config_options.h"
#include "model/dataplane/dataplane_config.h"
#include "model/datastore/key_text.h"
#include "model/node/start_up.h"

namespace felixsim {
namespace {

// Rounds of apply and interface changes until the dataplane is quiet. Felix deletes one IP set an
// iteration, and a device that it made changes the host's addresses; more rounds than this are a
// loop, not work.
constexpr int max_rounds = 100000;

constexpr SimTime no_wait = std::numeric_limits<SimTime>::max();

FelixOutcome exits(FelixOutcome::Kind kind, std::string reason) {
  return {kind, std::move(reason), pause_before_exit};
}

}  // namespace

struct FelixProcess::State {
  State(std::string node_name, FelixEnvironment node_environment, FelixVersion felix_version,
        calc::CalcGraphs& calc_graphs, Backend& node_backend, StatusKeys& keys, Programming when,
        TimeProfile* time_profile)
      : node(std::move(node_name)),
        environment(std::move(node_environment)),
        version(felix_version),
        graphs(calc_graphs),
        backend(node_backend),
        status_keys(keys),
        programming(when),
        profile(time_profile) {}

  std::string node;
  FelixEnvironment environment;
  FelixVersion version;
  calc::CalcGraphs& graphs;
  Backend& backend;
  StatusKeys& status_keys;
  Programming programming;
  TimeProfile* profile;
  SimTime now = 0;
  SimTime ahead = 0;
  std::optional<SimTime> put_off;                      // programming until then
  std::optional<SimTime> process_started, ready_from;  // ready_from: over an unready datastore
  FelixHealth health;

  std::optional<node::StartUp> start;
  std::optional<Config> config;  // follows the graph's messages, as Felix's DataplaneConnector does
  std::optional<MarkBits> marks;
  std::unique_ptr<calc::CalcGraphs::Member> graph;
  std::unique_ptr<Dataplane> dataplane;
  std::vector<msg::Message> messages;  // for take_messages()
  std::vector<DatastoreWarning> warnings;
  std::map<EndpointId, std::string> statuses;
  std::optional<StatusReporter> reporter;
  std::vector<WireguardKeyReport> wireguard_keys;

  FelixOutcome build(std::span<const Update> snapshot, SimTime at);
  FelixOutcome wait(const node::NotStarted& why, SimTime at);
  void feed(std::span<const Update> snapshot);
  std::vector<msg::Message> flush();
  FelixOutcome deliver(std::vector<msg::Message> flushed);
  FelixOutcome on_message(const msg::Message& message);
  FelixOutcome program(SimTime until);
  void take_result(const ApplyResult& result, SimTime at);
  FelixOutcome put_off_programming(SimTime until);
  bool names_own_wireguard_key(const msg::Message& message) const;
};

FelixProcess::FelixProcess(std::string node, FelixEnvironment environment, FelixVersion version,
                           calc::CalcGraphs& graphs, Backend& backend, StatusKeys& status_keys,
                           Programming programming, TimeProfile* profile)
    : state_(std::make_unique<State>(std::move(node), std::move(environment), version, graphs,
                                     backend, status_keys, programming, profile)) {}
FelixProcess::~FelixProcess() = default;

FelixOutcome FelixProcess::start(std::span<const Update> snapshot, SimTime now, SimTime ahead) {
  const FelixOutcome built = state_->build(snapshot, now);
  if (built.kind != FelixOutcome::Kind::running) return built;
  state_->feed(snapshot);
  return settle(now, ahead);
}

// Everything up to the graph; the dataplane is still empty.
FelixOutcome FelixProcess::State::build(std::span<const Update> snapshot, SimTime at) {
  const PhaseTimer timer(profile, Phase::start_up);
  now = at;
  auto started = node::start_up(node, environment, version, snapshot);
  if (!started) return wait(started.error(), at);
  // After a configuration that it could not use it begins anew, so as not to leak connections.
  if (!process_started || !ready_from) process_started = at;
  start = std::move(*started);
  config = start->config;
  if (auto missing = node::missing_driver(*config))
    return {FelixOutcome::Kind::dead, std::move(*missing)};
  auto dataplane_config =
      derive_dataplane_config(*config, start->encapsulation, start->hostname, backend.state());
  if (!dataplane_config) return {FelixOutcome::Kind::dead, dataplane_config.error().message};
  marks = dataplane_config->rules.marks;
  health = running_health(*config, at);
  if (auto trap = node::restart_trap(*config))
    return {FelixOutcome::Kind::waiting, std::move(*trap)};
  if (auto panic = reporter_panic(*config)) return {FelixOutcome::Kind::dead, std::move(*panic)};
  // It tells the datastore of its key.
  if (config->boolean("WireguardEnabled") || config->boolean("WireguardEnabledV6"))
    programming = Programming::at_once;
  dataplane = std::make_unique<Dataplane>(*dataplane_config, backend);
  reporter.emplace(*config, *process_started, at, status_keys);
  return {};
}

FelixOutcome FelixProcess::State::wait(const node::NotStarted& why, SimTime at) {
  if (!process_started) process_started = at;
  if (!why.datastore_unready)
    ready_from.reset();
  else if (!ready_from)
    ready_from = at + second;
  health = waiting_health(why.health_served, *process_started, ready_from);
  return {FelixOutcome::Kind::waiting, why.error.message};
}

// Everything into a graph.
void FelixProcess::State::feed(std::span<const Update> snapshot) {
  const PhaseTimer timer(profile, Phase::calc_updates);
  std::vector<calc::InvalidUpdate> invalid;
  graph = graphs.add(
      calc::graph_options(std::make_shared<Config>(*config), start->hostname, start->encapsulation),
      snapshot, &invalid);
  for (auto& found : invalid)
    warnings.push_back({key_text(snapshot[found.index].key), std::move(found.reason)});
  graph->graph().on_status(calc::SyncStatus::in_sync);
}

void FelixProcess::on_datastore_change(SimTime now) {
  if (state_->graph) reporter(state_->health, calc_graph_reporter).spoke_up = now;
}

void FelixProcess::on_host_command() {
  if (state_->dataplane) state_->dataplane->note_kernel_touched(state_->now);
}

FelixOutcome FelixProcess::settle(SimTime now, SimTime ahead) {
  constexpr auto running = FelixOutcome::Kind::running;
  auto flushed = state_->flush();
  if (!flushed.empty() || state_->graph->graph().panic())
    if (const auto caught_up = catch_up(); caught_up.kind != running) return caught_up;
  state_->ahead = ahead;
  FelixOutcome delivered = state_->deliver(std::move(flushed));
  if (delivered.kind != running) return delivered;
  return state_->programming == Programming::at_once ? state_->program(now)
                                                     : state_->put_off_programming(now);
}

FelixOutcome FelixProcess::catch_up() {
  const auto until = std::exchange(state_->put_off, std::nullopt);
  return until ? state_->program(*until) : FelixOutcome{};
}

std::vector<msg::Message> FelixProcess::State::flush() {
  const PhaseTimer timer(profile, Phase::calc_flush);
  return graph->graph().flush();
}

// What the calc graph has to say, to the dataplane.
FelixOutcome FelixProcess::State::deliver(std::vector<msg::Message> flushed) {
  if (const auto& panic = graph->graph().panic()) {
    const std::string& cause = graph->graph().panic_cause();
    return {FelixOutcome::Kind::dead, cause.empty() ? *panic : *panic + ": " + cause};
  }
  const PhaseTimer timer(profile, Phase::to_managers);
  for (const auto& message : flushed) {
    if (names_own_wireguard_key(message)) programming = Programming::at_once;
    FelixOutcome outcome = on_message(message);
    if (outcome.kind != FelixOutcome::Kind::running) return outcome;
  }
  std::move(flushed.begin(), flushed.end(), std::back_inserter(messages));
  return {};
}

// Felix exits over a changed configuration that it cannot take while it runs, over a changed
// encapsulation, and, with another code, over a datastore that is no longer ready (daemon.go
// handleConfigUpdate, sendMessagesToDataplaneDriver).
FelixOutcome FelixProcess::State::on_message(const msg::Message& message) {
  if (const auto* update = std::get_if<msg::ConfigUpdate>(&message)) {
    const auto changed = config->apply(*update);
    if (!changed) return exits(FelixOutcome::Kind::restart, changed.error().message);
    for (const auto& name : *changed)
      if (change_needs_restart(name))
        return exits(FelixOutcome::Kind::restart, "configuration changed: " + name);
    set_timeouts(health, *config);
  }
  if (const auto* encapsulation = std::get_if<msg::Encapsulation>(&message))
    if (*encapsulation != start->encapsulation)
      return exits(FelixOutcome::Kind::restart, "encapsulation of the IP pools changed");
  if (std::holds_alternative<msg::DatastoreNotReady>(message))
    return exits(FelixOutcome::Kind::dead, "the datastore became unready");
  dataplane->on_message(message);
  return {};
}

// What Felix makes of its own key may come back through the datastore.
bool FelixProcess::State::names_own_wireguard_key(const msg::Message& message) const {
  if (const auto* v4 = std::get_if<msg::WireguardEndpointUpdate>(&message))
    return v4->host == start->hostname;
  const auto* v6 = std::get_if<msg::WireguardEndpointV6Update>(&message);
  return v6 && v6->host == start->hostname;
}

// Of what programming may lead to, a restart over the host's interfaces is found at once; the rest
// only matters if something follows.
FelixOutcome FelixProcess::State::put_off_programming(SimTime until) {
  dataplane->on_interfaces_changed(now);
  if (const auto& reason = dataplane->restart_reason())
    return exits(FelixOutcome::Kind::restart, *reason);
  put_off = until;
  return {};
}

FelixOutcome FelixProcess::State::program(SimTime until) {
  const PhaseTimer timer(profile, Phase::program_kernel);
  for (int round = 0; round < max_rounds; ++round) {
    bool busy = dataplane->on_interfaces_changed(now);
    if (const auto& reason = dataplane->restart_reason())
      return exits(FelixOutcome::Kind::restart, *reason);
    busy = busy || dataplane->needs_apply();
    const ApplyResult result = dataplane->apply(now);
    // What is new came just now; routine checks were due before.
    const SimTime at = busy && round == 0 ? std::max(now, until) : now;
    if (busy || round > 0) felixsim::reporter(health, dataplane_reporter).spoke_up = at;
    take_result(result, at);
    if (result.fatal) return {FelixOutcome::Kind::dead, *result.fatal};
    SimTime wait = result.reschedule_after.value_or(no_wait);
    const SimTime grace = result.grace_ends_after.value_or(no_wait);
    if (result.stuck) wait = until > now ? until - now : no_wait;
    if (grace < wait && grace <= until - now) wait = grace;
    const bool due = wait < ahead || (wait != no_wait && now + wait <= until);
    if (due) now += wait;
    if (!busy && !due) {
      now = std::max(now, until);
      return {};
    }
  }
  return {FelixOutcome::Kind::dead, "the dataplane does not come to rest"};
}

// It is ready once it has programmed the kernel for the first time, however that went.
void FelixProcess::State::take_result(const ApplyResult& result, SimTime at) {
  auto& since = felixsim::reporter(health, dataplane_reporter).ready_from;
  if (result.applied && !since) since = at;
  for (const auto& [id, status] : result.statuses) {
    if (status.empty())
      statuses.erase(id);
    else
      statuses[id] = status;
    reporter->on_status(at, id, status);
  }
  if (result.applied && !result.needs_retry) reporter->on_in_sync(at);
  wireguard_keys.insert(wireguard_keys.end(), result.wireguard_keys.begin(),
                        result.wireguard_keys.end());
}

std::vector<msg::Message> FelixProcess::take_messages() {
  return std::exchange(state_->messages, {});
}
std::vector<DatastoreWarning> FelixProcess::take_warnings() {
  return std::exchange(state_->warnings, {});
}
std::vector<WireguardKeyReport> FelixProcess::take_wireguard_keys() {
  return std::exchange(state_->wireguard_keys, {});
}
const std::string& FelixProcess::hostname() const {
  return state_->start ? state_->start->hostname.str() : state_->node;
}
const Config* FelixProcess::config() const { return state_->config ? &*state_->config : nullptr; }
const MarkBits* FelixProcess::marks() const { return state_->marks ? &*state_->marks : nullptr; }
const std::map<EndpointId, std::string>& FelixProcess::endpoint_statuses() const {
  return state_->statuses;
}
FelixHealth FelixProcess::health() const { return state_->health; }
void FelixProcess::report_statuses(SimTime now, bool all) {
  if (!state_->reporter) return;
  state_->reporter->advance(now);
  if (all) state_->reporter->finish();
}
const StatusReporter* FelixProcess::status_reporter() const {
  return state_->reporter ? &*state_->reporter : nullptr;
}
calc::GraphDescription FelixProcess::calc_graph() const {
  return state_->graph ? state_->graph->graph().describe() : calc::GraphDescription();
}

}  // namespace felixsim
