// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/folded_events.h"

namespace felixsim::cli {
namespace {

// Follows the datastore through the log and appends what changes from stop to stop.
class DatastoreCursor {
 public:
  DatastoreCursor(const EventLog& log, std::vector<Event>& out) : log_(log), out_(out) {}

  Status advance_to(int64_t sequence) {
    if (sequence <= at_) return {};
    // Reading on costs the number of events, folding anew that of the state: take the cheaper.
    const bool near = sequence - at_ <= static_cast<int64_t>(values_.size()) + 1000;
    const Status done = near ? read_on(sequence) : fold_anew(sequence);
    at_ = sequence;
    return done;
  }

 private:
  Status read_on(int64_t sequence) {
    const auto source = log_.events(at_ + 1, sequence);
    while (true) {
      auto event = source->next();
      if (!event) return forward(event);
      if (!*event) return {};
      const auto* change = std::get_if<DatastoreEvent>(&(*event)->body);
      if (!change) continue;
      if (change->value)
        values_[change->key] = *change->value;
      else
        values_.erase(change->key);
      out_.push_back(std::move(**event));
    }
  }

  Status fold_anew(int64_t sequence) {
    auto folded = log_.state_at({Moment::Kind::sequence, sequence, {}});
    if (!folded) return forward(folded);
    for (const auto& [key, value] : values_)
      if (!folded->values.contains(key)) append(*folded, key, std::nullopt);
    for (const auto& [key, value] : folded->values) {
      const auto it = values_.find(key);
      if (it == values_.end() || it->second != value) append(*folded, key, value);
    }
    values_ = std::move(folded->values);
    return {};
  }

  void append(const FoldedState& at, const std::string& key, std::optional<std::string> value) {
    out_.push_back({0, at.time, DatastoreEvent{at.revision, key, std::move(value)}});
  }

  const EventLog& log_;
  std::vector<Event>& out_;
  std::map<std::string, std::string> values_;
  int64_t at_ = 0;
};

const std::string* node_of(const Event& event) {
  if (const auto* host = std::get_if<HostEvent>(&event.body)) return &host->node;
  if (const auto* process = std::get_if<ProcessEvent>(&event.body)) return &process->node;
  return nullptr;
}

// Facts and workloads change the host only; before anything else Felix must have seen what came
// before. So it must at the end of a step: it may have died there, or left traces of the way.
bool needs_datastore(const Event& event) {
  const auto* host = std::get_if<HostEvent>(&event.body);
  return !host || host->action.find("\"exec\"") != std::string::npos;
}

}  // namespace

Result<std::vector<Event>> folded_events(const EventLog& log, int64_t last,
                                         const std::set<std::string>& nodes) {
  auto others = log.other_events(last);
  if (!others) return forward(others);
  std::vector<Event> out;
  DatastoreCursor cursor(log, out);
  // A recording with steps has few events, and each is followed in its order (cluster.h).
  const bool has_steps = std::any_of(others->begin(), others->end(), [](const Event& event) {
    return std::holds_alternative<StepEvent>(event.body);
  });
  for (auto& event : *others) {
    const std::string* node = node_of(event);
    const bool is_step = std::holds_alternative<StepEvent>(event.body);
    if (!is_step && !nodes.empty() && !nodes.contains(*node)) continue;
    if (is_step || has_steps || needs_datastore(event))
      if (auto advanced = cursor.advance_to(event.sequence); !advanced) return forward(advanced);
    out.push_back(std::move(event));
  }
  if (auto advanced = cursor.advance_to(last); !advanced) return forward(advanced);
  return out;
}

}  // namespace felixsim::cli
