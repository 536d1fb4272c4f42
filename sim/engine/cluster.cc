// SPDX-License-Identifier: Apache-2.0
#include "sim/engine/cluster.h"

#include <charconv>
#include <limits>

#include "model/datastore/key_text.h"
#include "model/kernel/host_action.h"

namespace felixsim {
namespace {

// Felix exits to take a changed configuration and is started again; a configuration that changes
// itself at every start would do so for ever.
constexpr int max_restarts_in_a_row = 10;

// With times, only work in progress is finished: Felix pauses for a tenth of a second between the
// deletions of IP sets. Where there are none, somebody waits until Felix has looked again at
// everything, which takes it ten seconds (tunnel devices).
constexpr SimTime patience_timed = second / 4, patience_untimed = 10 * second;

// A Felix at rest takes a change within this time; what comes closer together it takes in one go.
constexpr SimTime felix_reacts_within = second / 1000;

// A Felix's answer to what others told the datastore is at most its own key.
constexpr int max_answers = 10;

// Notes each command on its way to the kernel.
class Recorder final : public Backend {
 public:
  Recorder(Backend& kernel, std::vector<ProgrammedCommand>& log) : kernel_(kernel), log_(log) {}

  KernelAnswer apply(const KernelOp& op) override {
    KernelAnswer answer = kernel_.apply(op);
    if (const auto* command = std::get_if<CommandOp>(&op))
      log_.push_back({command->command, command->input, answer.rc, answer.text});
    return answer;
  }
  const KernelState& state() const override { return kernel_.state(); }
  uint64_t links_version() const override { return kernel_.links_version(); }

 private:
  Backend& kernel_;
  std::vector<ProgrammedCommand>& log_;
};

bool is_command(const HostEvent& event) {
  return event.action.find("\"exec\"") != std::string::npos;
}

// Felix exits for a new configuration or encapsulation as soon as it sees one, and has programmed
// what came before; afterwards it would leave stray routes of a gone endpoint in peace for a while.
bool may_restart_felix(std::string_view key, const NodeFlights& nodes) {
  constexpr std::string_view resources = "/calico/resources/v3/projectcalico.org/";
  if (!key.starts_with(resources)) return false;
  key.remove_prefix(resources.size());
  return key.starts_with("felixconfigurations/") || key.starts_with("ippools/") ||
         (key.starts_with("nodes/") && nodes.contains(key.substr(6)));
}

// How long "sleep 5" takes; a sleep inside a longer command line counts too.
SimTime sleep_of(const HostEvent& event) {
  const size_t at = event.action.find("sleep ");
  if (at == std::string::npos) return 0;
  SimTime seconds = 0;
  const char* first = event.action.data() + at + 6;
  std::from_chars(first, event.action.data() + event.action.size(), seconds);
  return std::clamp<SimTime>(seconds, 0, 86400) * second;
}

}  // namespace

Cluster::Cluster(ClusterOptions options)
    : options_(std::move(options)),
      has_steps_(options_.every_change),
      datastore_(options_.version) {
  profile_.clock = options_.clock;
}
Cluster::~Cluster() = default;

bool Cluster::wanted(const std::string& node) const {
  return options_.nodes.empty() || options_.nodes.contains(node);
}

NodeFlight& Cluster::node(const std::string& name) {
  auto& slot = nodes_[name];
  if (!slot) {
    slot = std::make_unique<NodeFlight>();
    slot->profile.clock = options_.clock;
    slot->name = name;
    if (options_.keep_programming)
      slot->recorder = std::make_unique<Recorder>(slot->kernel, slot->programming);
  }
  return *slot;
}

const NodeFlight* Cluster::find(const std::string& name) const {
  const auto it = nodes_.find(name);
  return it == nodes_.end() ? nullptr : it->second.get();
}

Status Cluster::apply(const Event& event) {
  if (event.time && has_steps_ && *event.time - now_ >= felix_reacts_within) {
    look();
    restart_due(*event.time);
  }
  if (event.time) now_ = std::max(now_, *event.time);
  timed_ = event.time.has_value();
  if (const auto* datastore = std::get_if<DatastoreEvent>(&event.body)) {
    if (may_restart_felix(datastore->key, nodes_)) look();
    datastore_.put(*datastore);
  } else if (const auto* host = std::get_if<HostEvent>(&event.body)) {
    return apply_host(*host, !event.time);
  } else if (const auto* process = std::get_if<ProcessEvent>(&event.body)) {
    if (wanted(process->node)) apply_process(*process);
  } else if (std::holds_alternative<StepEvent>(event.body)) {
    has_steps_ = true;
    settle();
  }
  return {};
}

Status Cluster::apply_host(const HostEvent& event, bool untimed) {
  if (!wanted(event.node)) return {};
  NodeFlight& target = node(event.node);
  if (is_command(event)) look();  // a command may look at, or change, what Felix has programmed
  catch_up(target);
  target.settled.reset();
  // Felix hears of each change to an interface, be it for a moment only.
  target.kernel.take_changes();
  auto done = apply_host_action(target.kernel, event.action, [&] {
    if (target.kernel.take_changes().empty()) return;
    target.settled.reset();
    look();
    catch_up(target);
  });
  if (!done) return forward(done);
  if (!*done)
    return invalid(fmt::format("node {}: unknown host action {}", event.node, event.action),
                   "use facts, workload, remove-workload or exec");
  if (!is_command(event)) return {};
  if (target.felix) target.felix->on_host_command();
  if (untimed) now_ += sleep_of(event);  // times in a log include the sleeping
  target.settled.reset();
  look();
  return {};
}

void Cluster::apply_process(const ProcessEvent& event) {
  look();
  NodeFlight& target = node(event.node);
  catch_up(target);
  target.restart_at.reset();
  switch (event.kind) {
    case ProcessEvent::Kind::start:
      target.environment = {event.environment, event.felix_cfg};
      handle(target, launch(target));
      break;
    case ProcessEvent::Kind::restart:
      handle(target, launch(target));
      break;
    case ProcessEvent::Kind::stop:
    case ProcessEvent::Kind::kill:
      if (target.felix) target.felix->report_statuses(now_, false);
      target.felix.reset();
      target.state = FelixState::stopped;
      target.health = {};
      note(target, "stopped");
      break;
  }
  keep_time();
  graphs_.end_epoch();
}

SimTime Cluster::patience() const { return timed_ ? patience_timed : patience_untimed; }

FelixOutcome Cluster::launch(NodeFlight& target) {
  Backend& backend = target.recorder ? *target.recorder : static_cast<Backend&>(target.kernel);
  target.felix.reset();  // its graph leaves before the next one comes
  target.felix = std::make_unique<FelixProcess>(
      target.name, target.environment, options_.version, graphs_, backend, target.status_keys,
      options_.only_messages ? Programming::when_needed : Programming::at_once, &target.profile);
  target.settled = {now_, patience()};
  return target.felix->start(datastore_.snapshot(), now_, patience());
}

// Felix's exit, if it is one, and the restarts that follow from it.
void Cluster::handle(NodeFlight& target, FelixOutcome outcome) {
  if (outcome.kind == FelixOutcome::Kind::restart && timed_) {
    ++target.restarts;
    target.restart_at = now_ + outcome.exits_after;
  }
  for (int round = 0; outcome.kind == FelixOutcome::Kind::restart && !timed_; ++round) {
    if (round == max_restarts_in_a_row) {
      outcome = {FelixOutcome::Kind::dead, "it restarts for ever: " + outcome.reason};
      break;
    }
    ++target.restarts;
    outcome = launch(target);
  }
  if (options_.keep_messages) {
    auto messages = target.felix->take_messages();
    std::move(messages.begin(), messages.end(), std::back_inserter(target.messages));
  }
  datastore_.add_warnings(target.felix->take_warnings());
  take_wireguard_keys(target, outcome);
  target.reason = outcome.reason;
  const SimTime exit = timed_ ? now_ + outcome.exits_after : now_;
  switch (outcome.kind) {
    case FelixOutcome::Kind::running:
      note(target, "runs");
      target.state = FelixState::running;
      break;
    case FelixOutcome::Kind::restart:
      note(target, "is about to restart: " + outcome.reason);
      target.state = FelixState::running;
      break;
    case FelixOutcome::Kind::waiting:
      note(target, "waits: " + outcome.reason);
      target.state = FelixState::waiting;
      break;
    case FelixOutcome::Kind::dead:
      note(target, exit > now_ ? "exits in order: " + outcome.reason : "dies: " + outcome.reason);
      target.felix->report_statuses(now_, false);
      target.health = target.felix->health();
      target.health.exits = exit;
      target.felix.reset();
      target.state = FelixState::dead;
      break;
  }
}

// Only what is new.
void Cluster::note(NodeFlight& target, std::string what) const {
  if (target.life.empty() || target.life.back().what != what)
    target.life.push_back({now_, std::move(what)});
}

// What a Felix tells the datastore of its WireGuard key, others see (daemon.go
// reconcileWireguardStatUpdate).
void Cluster::take_wireguard_keys(NodeFlight& target, FelixOutcome& outcome) {
  for (const auto& report : target.felix->take_wireguard_keys())
    if (!datastore_.set_wireguard_key(target.felix->hostname(), report) &&
        !report.public_key.empty())
      outcome = {FelixOutcome::Kind::dead, "v3 node resource must exist for Wireguard."};
}

// Programs what was put off, and what follows if Felix does not outlive it.
void Cluster::catch_up(NodeFlight& target) {
  if (target.state != FelixState::running || target.restart_at) return;
  const FelixOutcome outcome = target.felix->catch_up();
  if (outcome.kind == FelixOutcome::Kind::running) return;
  handle(target, outcome);
  graphs_.end_epoch();
}

void Cluster::take_updates(const std::vector<Update>& updates) {
  const PhaseTimer timer(&profile_, Phase::calc_updates);
  std::vector<calc::InvalidUpdate> invalid;
  graphs_.on_updates(updates, &invalid);
  std::vector<DatastoreWarning> warnings;
  for (auto& found : invalid)
    warnings.push_back({key_text(updates[found.index].key), std::move(found.reason)});
  datastore_.add_warnings(std::move(warnings));
}

// Each Felix sees and does what there is at this moment, and what others tell the datastore in
// turn.
void Cluster::look() {
  for (int round = 0; round < max_answers; ++round) {
    look_once();
    if (!datastore_.has_changes()) return;
  }
}

void Cluster::look_once() {
  const std::vector<Update> updates = datastore_.flush();
  take_updates(updates);
  for (auto& [name, target] : nodes_) {
    if (target->restart_at) continue;
    if (target->felix && !updates.empty()) target->felix->on_datastore_change(now_);
    if (target->state == FelixState::waiting) {
      if (!updates.empty())
        handle(*target, target->felix->start(datastore_.snapshot(), now_, patience()));
    } else if (target->state == FelixState::running) {
      const std::pair moment(now_, patience());
      if (updates.empty() && target->settled == moment) continue;  // it would find nothing to do
      target->settled = moment;
      handle(*target, target->felix->settle(now_, patience()));
    }
  }
  graphs_.end_epoch();
  keep_time();
}

// What each Felix told the datastore until now. Without times it had all the time that it wanted.
void Cluster::keep_time() {
  for (auto& [name, target] : nodes_) {
    target->now = now_;
    target->times_known |= timed_;
    if (target->felix)
      target->felix->report_statuses(timed_ ? now_ : now_ + patience_untimed, !timed_);
  }
}

// Starts anew, in order of time, the Felixes whose pause before that is over by `until`.
void Cluster::restart_due(SimTime until) {
  for (int round = 0; round < max_restarts_in_a_row; ++round) {
    NodeFlight* next = nullptr;
    for (auto& [name, target] : nodes_)
      if (target->restart_at && *target->restart_at <= until &&
          (!next || *target->restart_at < *next->restart_at))
        next = target.get();
    if (!next) return;
    now_ = std::max(now_, *next->restart_at);
    look();  // not the one that is about to exit: it takes no more changes
    next->restart_at.reset();
    if (next->felix) next->felix->report_statuses(now_, false);
    handle(*next, launch(*next));
    graphs_.end_epoch();
  }
}

void Cluster::settle() {
  look();
  restart_due(std::numeric_limits<SimTime>::max());
  keep_time();
}

void Cluster::pass_until(SimTime time) {
  look();
  restart_due(time);
  now_ = std::max(now_, time);
  timed_ = true;
  look();
}

}  // namespace felixsim
