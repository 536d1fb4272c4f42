// SPDX-License-Identifier: Apache-2.0
#include "sim/engine/cluster.h"

#include <charconv>

#include "model/kernel/host_action.h"

namespace felixsim {
namespace {

// Felix exits to take a changed configuration and is started again; a configuration that changes
// itself at every start would do so for ever.
constexpr int max_restarts_in_a_row = 10;

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

 private:
  Backend& kernel_;
  std::vector<ProgrammedCommand>& log_;
};

bool is_command(const HostEvent& event) {
  return event.action.find("\"exec\"") != std::string::npos;
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

Cluster::Cluster(ClusterOptions options) : options_(std::move(options)) {}
Cluster::~Cluster() = default;

bool Cluster::wanted(const std::string& node) const {
  return options_.nodes.empty() || options_.nodes.contains(node);
}

NodeFlight& Cluster::node(const std::string& name) {
  auto& slot = nodes_[name];
  if (!slot) {
    slot = std::make_unique<NodeFlight>();
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
  if (event.time) now_ = std::max(now_, *event.time);
  if (const auto* datastore = std::get_if<DatastoreEvent>(&event.body)) {
    datastore_.put(*datastore);
  } else if (const auto* host = std::get_if<HostEvent>(&event.body)) {
    return apply_host(*host, !event.time);
  } else if (const auto* process = std::get_if<ProcessEvent>(&event.body)) {
    if (wanted(process->node)) apply_process(*process);
  }
  return {};
}

Status Cluster::apply_host(const HostEvent& event, bool untimed) {
  if (!wanted(event.node)) return {};
  NodeFlight& target = node(event.node);
  if (is_command(event)) settle();  // a command may look at, or change, what Felix has programmed
  auto done = apply_host_action(target.kernel, event.action);
  if (!done) return forward(done);
  if (!*done)
    return invalid(fmt::format("node {}: unknown host action {}", event.node, event.action),
                   "use facts, workload, remove-workload or exec");
  if (!is_command(event)) return {};
  if (target.felix) target.felix->on_host_command();
  if (untimed) now_ += sleep_of(event);  // times in a log include the sleeping
  settle();
  return {};
}

void Cluster::apply_process(const ProcessEvent& event) {
  settle();
  NodeFlight& target = node(event.node);
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
      target.felix.reset();
      target.state = FelixState::stopped;
      break;
  }
}

FelixOutcome Cluster::launch(NodeFlight& target) {
  Backend& backend = target.recorder ? *target.recorder : static_cast<Backend&>(target.kernel);
  target.felix =
      std::make_unique<FelixProcess>(target.name, target.environment, options_.version, backend);
  return target.felix->start(datastore_.snapshot(), now_);
}

// Felix's exit, if it is one, and the restarts that follow from it.
void Cluster::handle(NodeFlight& target, FelixOutcome outcome) {
  for (int round = 0; outcome.kind == FelixOutcome::Kind::restart; ++round) {
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
  target.reason = outcome.reason;
  switch (outcome.kind) {
    case FelixOutcome::Kind::running:
    case FelixOutcome::Kind::restart:
      target.state = FelixState::running;
      break;
    case FelixOutcome::Kind::waiting:
      target.state = FelixState::waiting;
      break;
    case FelixOutcome::Kind::dead:
      target.felix.reset();
      target.state = FelixState::dead;
      break;
  }
}

void Cluster::settle() {
  const std::vector<Update> updates = datastore_.flush();
  for (auto& [name, target] : nodes_) {
    if (target->state == FelixState::waiting) {
      if (!updates.empty()) handle(*target, launch(*target));
    } else if (target->state == FelixState::running) {
      target->felix->on_updates(updates);
      handle(*target, target->felix->settle(now_));
    }
  }
}

}  // namespace felixsim
