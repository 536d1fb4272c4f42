// SPDX-License-Identifier: Apache-2.0
// What an event log holds, in one order: datastore changes, host facts and changes, and the life of
// Felix processes. Scenarios, recordings and captures all become lists of these; the engine
// consumes nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "felixsim/time.h"

namespace felixsim {

// A key put (value set) or deleted (value unset). Text as the source had it: the etcd form
// (/calico/resources/v3/...) or the v1 form (/calico/v1/...). Keys that felixsim does not know are
// kept and ignored.
struct DatastoreEvent {
  int64_t revision = 0;  // of the source; 0 when it has none
  std::string key;
  std::optional<std::string> value;
  std::string origin{};  // "scenarios/x.yaml:14" where the source is a file; not kept in logs
  bool operator==(const DatastoreEvent& other) const {
    return revision == other.revision && key == other.key && value == other.value;
  }
};

// A change of a node's host by someone other than Felix. `action` is one of the actions of
// docs/scenario.md as JSON text:
// {"facts": {...}}, {"workload": {...}}, {"remove-workload": {...}}, {"exec": "ip link set cali1
// down"}, ...
struct HostEvent {
  std::string node;
  std::string action;
  bool operator==(const HostEvent&) const = default;
};

// Felix on a node. `start` carries the environment and the text of felix.cfg.
struct ProcessEvent {
  enum class Kind : uint8_t { start, stop, kill, restart };
  std::string node;
  Kind kind = Kind::start;
  std::vector<std::pair<std::string, std::string>> environment;  // sorted by name; start only
  std::optional<std::string> felix_cfg;                          // start only
  bool operator==(const ProcessEvent&) const = default;
};

constexpr std::string_view kind_name(ProcessEvent::Kind kind) {
  constexpr std::array<std::string_view, 4> names{"start", "stop", "kill", "restart"};
  return names[static_cast<size_t>(kind)];
}

// A named moment: the end of a scenario's or recording's step, when everything has settled.
struct StepEvent {
  int number = 0;
  std::string name;
  bool operator==(const StepEvent&) const = default;
};

using EventBody = std::variant<DatastoreEvent, HostEvent, ProcessEvent, StepEvent>;

struct Event {
  int64_t sequence = 0;         // position in the log, from 1
  std::optional<SimTime> time;  // unset when the source has no times
  EventBody body;
  bool operator==(const Event&) const = default;
};

// WHEN of the command line: which prefix of the log to look at. Default: all of it.
struct Moment {
  enum class Kind : uint8_t { end, revision, sequence, step_number, step_name, time };
  Kind kind = Kind::end;
  int64_t number = 0;  // revision, sequence, step number, or time in ns
  std::string name;    // step name
};

}  // namespace felixsim
