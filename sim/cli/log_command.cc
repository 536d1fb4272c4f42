// SPDX-License-Identifier: Apache-2.0
// felixsim log: looks into an event log.
#include <limits>
#include <nlohmann/json.hpp>

#include "replay/capture/capture.h"
#include "replay/log/event_log.h"
#include "sim/cli/command.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/verb.h"

namespace felixsim::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string log, verb = "info", head;
  int64_t first = 1, last = 0;
  bool json = false;
};

std::string dump(const ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string time_or_none(const std::optional<SimTime>& time) {
  return time ? time_text(*time) : "none";
}

std::string info_text(const LogInfo& info) {
  std::string out = fmt::format(
      "{}\n  events     {} ({} datastore, {} host, {} process)\n  revisions  {} to {}\n"
      "  times      {} to {}\n  nodes      {}\n  size       {} bytes, {} snapshots, schema {}\n"
      "  head       {}\n",
      info.path, info.events, info.datastore_events, info.host_events, info.process_events,
      info.first_revision, info.last_revision, time_or_none(info.first_time),
      time_or_none(info.last_time),
      info.nodes.empty() ? "none" : fmt::format("{}", fmt::join(info.nodes, ", ")), info.bytes,
      info.snapshots, info.schema_version, info.head_hash);
  for (const auto& step : info.steps)
    out +=
        fmt::format("  step:{:<5} {} (seq:{})\n", step.step.number, step.step.name, step.sequence);
  return out;
}

ordered_json time_json(const std::optional<SimTime>& time) {
  return time ? ordered_json(*time) : ordered_json();
}

std::string info_json(const LogInfo& info) {
  ordered_json steps = ordered_json::array();
  for (const auto& step : info.steps)
    steps.push_back(
        {{"number", step.step.number}, {"name", step.step.name}, {"sequence", step.sequence}});
  return dump({{"schema", json_schema},
               {"path", info.path},
               {"log_schema", info.schema_version},
               {"events", info.events},
               {"datastore_events", info.datastore_events},
               {"host_events", info.host_events},
               {"process_events", info.process_events},
               {"first_revision", info.first_revision},
               {"last_revision", info.last_revision},
               {"first_time_ns", time_json(info.first_time)},
               {"last_time_ns", time_json(info.last_time)},
               {"nodes", info.nodes},
               {"snapshots", info.snapshots},
               {"bytes", info.bytes},
               {"head", info.head_hash},
               {"steps", std::move(steps)}},
              2);
}

// One line a person can scan.
std::string event_line(const Event& event) {
  const std::string time = event.time ? time_text(*event.time) : "-";
  std::string what;
  if (const auto* change = std::get_if<DatastoreEvent>(&event.body))
    what = fmt::format("rev:{} {} {}", change->revision, change->value ? "put" : "delete",
                       change->key);
  else if (const auto* host = std::get_if<HostEvent>(&event.body))
    what = fmt::format("{} host {}", host->node, host->action);
  else if (const auto* step = std::get_if<StepEvent>(&event.body))
    what = fmt::format("end of step {} ({})", step->number, step->name);
  else {
    static constexpr const char* names[] = {"start", "stop", "kill", "restart"};
    const auto& process = std::get<ProcessEvent>(event.body);
    what = fmt::format("{} felix {}", process.node, names[static_cast<size_t>(process.kind)]);
  }
  return fmt::format("seq:{} {} {}\n", event.sequence, time, what);
}

Result<int> print_events(const EventLog& log, const Options& options, bool as_json) {
  const auto source = log.events(options.first, options.last);
  while (true) {
    auto event = source->next();
    if (!event) return forward(event);
    if (!*event) return exit_yes;
    auto printed = print_data(as_json ? event_to_jsonl(**event) + "\n" : event_line(**event));
    if (!printed) return forward(printed);
  }
}

Result<int> verify(const EventLog& log, const Options& options) {
  auto verdict = log.verify(options.head);
  if (!verdict) return forward(verdict);
  std::string text =
      verdict->intact
          ? fmt::format("intact: {} events, head {}\n", verdict->events, verdict->head_hash)
          : fmt::format("broken at seq:{}: {}\n{} events before it are good\n",
                        verdict->bad_sequence, verdict->fact, verdict->events);
  if (options.json)
    text = dump({{"schema", json_schema},
                 {"intact", verdict->intact},
                 {"events", verdict->events},
                 {"bad_sequence", verdict->bad_sequence},
                 {"fact", verdict->fact},
                 {"head", verdict->head_hash}},
                2);
  if (auto printed = print_data(text); !printed) return forward(printed);
  return verdict->intact ? exit_yes : exit_no;
}

Result<int> look(const Options& options) {
  auto log = EventLog::open(options.log);
  if (!log) return forward(log);
  if (options.verb == "events") return print_events(*log, options, options.json);
  if (options.verb == "export") return print_events(*log, options, true);
  if (options.verb == "verify") return verify(*log, options);
  auto info = log->info();
  if (!info) return forward(info);
  if (auto printed = print_data(options.json ? info_json(*info) : info_text(*info)); !printed)
    return forward(printed);
  return exit_yes;
}

}  // namespace

void add_log_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "log", "look into an event log");
  auto options = std::make_shared<Options>();
  add_required(verb, "LOG", options->log, "the event log");
  add_choice(verb, "VERB", options->verb, {"info", "events", "verify", "export"},
             "info (default), events (a line each), verify (the hash chain), export (JSON lines)");
  constexpr int64_t any = std::numeric_limits<int64_t>::max();
  add_number(verb, "--from", options->first, {1, any}, "events, export: first sequence");
  add_number(verb, "--to", options->last, {1, any}, "events, export: last sequence");
  add_option(verb, "--head", options->head,
             "verify: a head hash noted earlier must be in the chain");
  add_json_flag(verb, options->json);
  set_footer(verb, "Example: felixsim log flight.db verify");
  on_run(verb, [options] { return look(*options); });
}

}  // namespace felixsim::cli
