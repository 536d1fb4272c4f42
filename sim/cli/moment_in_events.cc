// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/moment_in_events.h"

namespace felixsim::cli {
namespace {

Result<size_t> prefix_to_step(const std::vector<Event>& events, const Moment& moment) {
  std::vector<std::string> known;
  std::vector<size_t> found;
  for (size_t i = 0; i < events.size(); ++i) {
    const auto* step = std::get_if<StepEvent>(&events[i].body);
    if (!step) continue;
    known.push_back(fmt::format("{} ({})", step->number, step->name));
    const bool matches = moment.kind == Moment::Kind::step_number ? step->number == moment.number
                                                                  : step->name == moment.name;
    if (matches) found.push_back(i + 1);
  }
  const std::string wanted = moment.kind == Moment::Kind::step_number
                                 ? fmt::format("step:{}", moment.number)
                                 : fmt::format("step:{}", moment.name);
  if (found.size() == 1) return found[0];
  if (found.size() > 1)
    return invalid(fmt::format("{}: {} steps have this name", wanted, found.size()),
                   "name the step by its number");
  return fail(ErrorCode::not_found, fmt::format("{}: there is no such step", wanted),
              known.empty() ? "this input has no steps; use rev:N or seq:N"
                            : fmt::format("the steps are {}", fmt::join(known, ", ")));
}

Result<size_t> prefix_to_revision(const std::vector<Event>& events, int64_t revision) {
  int64_t last = 0;
  for (const auto& event : events)
    if (const auto* change = std::get_if<DatastoreEvent>(&event.body))
      last = std::max(last, change->revision);
  if (last == 0) return invalid("this input has no revisions", "use seq:N or step:N");
  if (revision > last)
    return fail(ErrorCode::not_found,
                fmt::format("rev:{}: the last revision is {}", revision, last));
  size_t prefix = 0;
  while (prefix < events.size()) {
    const auto* change = std::get_if<DatastoreEvent>(&events[prefix].body);
    if (change && change->revision > revision) break;
    ++prefix;
  }
  return prefix;
}

Result<size_t> prefix_to_time(const std::vector<Event>& events, SimTime time) {
  std::optional<SimTime> first;
  size_t prefix = 0;
  bool open = true;
  for (const auto& event : events) {
    if (event.time && (!first || *event.time < *first)) first = event.time;
    open = open && !(event.time && *event.time > time);
    prefix += open;
  }
  if (!first) return invalid("this input has no times", "use rev:N, seq:N or step:N");
  if (time < *first)
    return fail(ErrorCode::not_found,
                fmt::format("the first event is at {} s", static_cast<double>(*first) / second));
  return prefix;
}

}  // namespace

Result<size_t> resolve_in(const std::vector<Event>& events, const Moment& moment) {
  switch (moment.kind) {
    case Moment::Kind::end:
      return events.size();
    case Moment::Kind::step_number:
    case Moment::Kind::step_name:
      return prefix_to_step(events, moment);
    case Moment::Kind::revision:
      return prefix_to_revision(events, moment.number);
    case Moment::Kind::time:
      return prefix_to_time(events, moment.number);
    case Moment::Kind::sequence:
      break;
  }
  if (moment.number > static_cast<int64_t>(events.size()))
    return fail(ErrorCode::not_found,
                fmt::format("seq:{}: there are {} events", moment.number, events.size()));
  return static_cast<size_t>(moment.number);
}

}  // namespace felixsim::cli
