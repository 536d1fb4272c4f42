// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/origins.h"

namespace felixsim::cli {
namespace {

// What the resource's key ends in, and what it has in it: keys differ by datastore and version.
struct Wanted {
  std::string tail;  // "/default/web"
  std::string_view kind;
};

std::optional<Wanted> wanted_of(const Decision& decision) {
  if (decision.kind == "profile") return Wanted{"/" + decision.name, "profile"};
  if (decision.kind != "policy") return std::nullopt;
  const size_t blank = decision.name.find(' ');
  return Wanted{"/" + decision.name.substr(blank + 1), "polic"};
}

bool is_of(const DatastoreEvent& event, const Wanted& wanted) {
  std::string_view key = event.key;
  for (const std::string_view suffix : {"/rules", "/labels"})
    if (key.ends_with(suffix)) key.remove_suffix(suffix.size());
  return event.value && key.ends_with(wanted.tail) &&
         key.find(wanted.kind) != std::string_view::npos;
}

// The last event of each key that is wanted, of a list in order. Whether all are known then.
bool look_through(std::span<const Event> events, std::vector<Decision>& decisions) {
  bool all = true;
  for (auto& decision : decisions) {
    const auto wanted = wanted_of(decision);
    if (!wanted || !decision.origin.empty()) continue;
    for (size_t i = events.size(); i-- > 0 && decision.origin.empty();) {
      const auto* change = std::get_if<DatastoreEvent>(&events[i].body);
      if (!change || !is_of(*change, *wanted)) continue;
      if (!change->origin.empty())
        decision.origin = change->origin;
      else if (change->revision > 0)
        decision.origin = fmt::format("revision {}", change->revision);
      else
        decision.origin = fmt::format("event {}", events[i].sequence);
    }
    all = all && !decision.origin.empty();
  }
  return all;
}

}  // namespace

void add_origins_from(std::span<const Event> events, std::vector<Decision>& decisions) {
  look_through(events, decisions);
}

Status add_origins(const Input& input, const Moment& moment, std::vector<Decision>& decisions) {
  if (const EventLog* log = input.log()) {
    constexpr int64_t page = 2000;
    auto last = log->resolve(moment);
    if (!last) return forward(last);
    for (int64_t at = *last; at > 0; at -= page) {
      const auto source = log->events(std::max<int64_t>(1, at - page + 1), at);
      std::vector<Event> events;
      while (true) {
        auto event = source->next();
        if (!event) return forward(event);
        if (!*event) break;
        events.push_back(std::move(**event));
      }
      if (look_through(events, decisions)) break;
    }
    return {};
  }
  auto events = input.events_until(moment, {});
  if (!events) return forward(events);
  look_through(*events, decisions);
  return {};
}

}  // namespace felixsim::cli
