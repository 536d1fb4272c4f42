// SPDX-License-Identifier: Apache-2.0
// felixsim bisect: the event after which a probe changed its answer. Halves the moments between a
// good and a bad one; each is reached by folding, so that the cost is that of the state, not of the
// history; and one cluster is moved from moment to moment by what differs.
#include <nlohmann/json.hpp>

#include "sim/analysis/packet_world.h"
#include "sim/analysis/probe.h"
#include "sim/cli/command.h"
#include "sim/cli/file.h"
#include "sim/cli/input.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/origins.h"
#include "sim/cli/probe_flight.h"
#include "sim/cli/verb.h"
#include "sim/report/trace_text.h"

namespace felixsim::cli {
namespace {

struct Options {
  std::string input, probe, good, bad, version = "v3.32";
  bool json = false, brief = false;
};

struct Sample {
  std::unique_ptr<Cluster> cluster;  // the answer looks at its kernels
  ProbeAnswer answer;
  bool assumed = false;          // its hosts are
  std::optional<Error> missing;  // an end of the probe is not there
};

// An event, and the answers just before and after it.
struct Found {
  int64_t at = 0;
  Sample before, after;
};

class Bisection {
 public:
  Bisection(const Input& input, ProbeRequest probe, FelixVersion version)
      : input_(input), probe_(std::move(probe)), version_(version) {}

  Result<Sample> sample(int64_t at, bool record) {
    ++looks_;
    FlightRequest request;
    request.moment = {Moment::Kind::sequence, at, {}};
    request.options.version = version_;
    auto flight = fly_for_probe(input_, request, probe_);
    if (!flight) return forward(flight);
    Sample sample{std::move(flight->cluster), {}, !flight->notes.empty(), std::nullopt};
    auto world = packet_world(*sample.cluster);
    if (!flight->notes.empty()) world.assume_pod_routes();
    auto answer = run_probe(world, *sample.cluster, probe_, record);
    // Before its pods are there, a probe is not allowed.
    if (!answer && answer.error().code != ErrorCode::not_found) return forward(answer);
    if (answer) {
      sample.answer = std::move(*answer);
    } else {
      sample.answer.trace.reason = answer.error().message;
      sample.missing = answer.error();
    }
    if (record && answer)
      if (auto added = add_origins(input_, request.moment, sample.answer.decisions); !added)
        return forward(added);
    return sample;
  }

  // The first event in (good, bad] after which the answer is that at `bad`. The two differ. First
  // by a flight that is moved; if a fresh look at what it finds says otherwise, by fresh flights
  // alone.
  Result<Found> search(int64_t good, int64_t bad, walk::Verdict good_verdict) {
    for (const bool moving : {true, false}) {
      int64_t low = good, high = bad;
      while (std::abs(high - low) > 1) {
        const int64_t middle = low + (high - low) / 2;
        auto looked = moving ? verdict_by_moving(middle, std::min(low, high), std::max(low, high))
                             : fresh_verdict(middle);
        if (!looked) return forward(looked);
        (*looked == good_verdict ? low : high) = middle;
      }
      const int64_t at = std::max(low, high);
      auto before = sample(at - 1, true), after = sample(at, true);
      if (!before) return forward(before);
      if (!after) return forward(after);
      if (before->answer.trace.verdict != after->answer.trace.verdict)
        return Found{at, std::move(*before), std::move(*after)};
    }
    return fail(ErrorCode::unsupported, "the answer at a moment depends on how it was reached",
                "narrow --good and --bad");
  }

  // The flight that search() moves, if it can be moved.
  Status start_from(int64_t at, Sample sample) {
    if (!input_.log() || sample.assumed) return {};
    auto state = input_.log()->state_at({Moment::Kind::sequence, at, {}});
    if (!state) return forward(state);
    values_ = std::move(state->values);
    moved_ = std::move(sample);
    at_ = at;
    return {};
  }

  const ProbeRequest& probe() const { return probe_; }
  int looks() const { return looks_; }

 private:
  Result<walk::Verdict> fresh_verdict(int64_t at) {
    auto looked = sample(at, false);
    if (!looked) return forward(looked);
    return looked->answer.trace.verdict;
  }

  // What a node ends up with depends on the state of the datastore alone, so that one cluster can
  // be moved to any moment, also back, by what differs, as long as no host or Felix changed
  // between.
  Result<walk::Verdict> verdict_by_moving(int64_t at, int64_t low, int64_t high) {
    const EventLog* log = input_.log();
    if (!log) return fresh_verdict(at);
    auto close = enter_window(*log, low, high);
    if (!close) return forward(close);
    if (*close) {
      ++looks_;
      if (auto moved = move_in_window(at); !moved) return forward(moved);
      return moved_.answer.trace.verdict;
    }
    auto state = log->state_at({Moment::Kind::sequence, at, {}});
    if (!state) return forward(state);
    auto hosts_changed = hosts_change_between(*log, std::min(at, at_), std::max(at, at_));
    if (!hosts_changed) return forward(hosts_changed);
    if (!moved_.cluster || *hosts_changed) {
      auto fresh = sample(at, false);
      if (!fresh) return forward(fresh);
      if (fresh->assumed) return fresh->answer.trace.verdict;
      moved_ = std::move(*fresh);
    } else {
      ++looks_;
      if (auto moved = apply_and_look(differences(*state)); !moved) return forward(moved);
    }
    at_ = at;
    values_ = std::move(state->values);
    return moved_.answer.trace.verdict;
  }

  // Once few events are left between the bounds, they are read, and the flight moves among them
  // without folding the log again. False: they are many, or a host changes among them.
  Result<bool> enter_window(const EventLog& log, int64_t low, int64_t high) {
    if (in_window_) return true;
    if (high - low > window_events || !moved_.cluster) return false;
    auto hosts_changed = hosts_change_between(log, std::min(low, at_), std::max(high, at_));
    if (!hosts_changed) return forward(hosts_changed);
    if (*hosts_changed) return false;
    auto state = log.state_at({Moment::Kind::sequence, low, {}});
    if (!state) return forward(state);
    if (auto moved = apply_and_look(differences(*state)); !moved) return forward(moved);
    values_ = std::move(state->values);
    const auto source = log.events(low + 1, high);
    while (true) {
      auto event = source->next();
      if (!event) return forward(event);
      if (!*event) break;
      if (const auto* change = std::get_if<DatastoreEvent>(&(*event)->body)) {
        const auto it = values_.find(change->key);
        before_.try_emplace(change->key,
                            it == values_.end() ? std::nullopt : std::optional(it->second));
        window_.push_back(std::move(**event));
      }
    }
    now_ = before_;
    in_window_ = true;
    return true;
  }

  // Only what the events of the window touch can differ.
  Status move_in_window(int64_t at) {
    auto wanted = before_;
    int64_t revision = 0;
    std::optional<SimTime> time;
    for (const auto& event : window_) {
      if (event.sequence > at) break;
      const auto& change = std::get<DatastoreEvent>(event.body);
      wanted[change.key] = change.value;
      revision = change.revision;
      time = event.time;
    }
    std::vector<Event> changes;
    for (const auto& [key, value] : wanted)
      if (now_[key] != value) changes.push_back({0, time, DatastoreEvent{revision, key, value}});
    now_ = std::move(wanted);
    return apply_and_look(changes);
  }

  Result<bool> hosts_change_between(const EventLog& log, int64_t low, int64_t high) const {
    auto others = log.other_events(high);
    if (!others) return forward(others);
    return std::any_of(others->begin(), others->end(), [&](const Event& event) {
      return event.sequence > low && !std::holds_alternative<StepEvent>(event.body);
    });
  }

  // From values_ to this state.
  std::vector<Event> differences(const FoldedState& state) const {
    std::vector<Event> changes;
    const auto change = [&](const std::string& key, std::optional<std::string> value) {
      changes.push_back({0, state.time, DatastoreEvent{state.revision, key, std::move(value)}});
    };
    for (const auto& [key, value] : values_)
      if (!state.values.contains(key)) change(key, std::nullopt);
    for (const auto& [key, value] : state.values) {
      const auto it = values_.find(key);
      if (it == values_.end() || it->second != value) change(key, value);
    }
    return changes;
  }

  Status apply_and_look(const std::vector<Event>& changes) {
    for (const auto& event : changes)
      if (auto applied = moved_.cluster->apply(event); !applied) return applied;
    moved_.cluster->settle();
    auto answer = run_probe(packet_world(*moved_.cluster), *moved_.cluster, probe_, false);
    if (!answer && answer.error().code != ErrorCode::not_found) return forward(answer);
    moved_.answer = answer ? std::move(*answer) : ProbeAnswer{};
    return {};
  }

  const Input& input_;
  ProbeRequest probe_;
  FelixVersion version_;
  int looks_ = 0;
  Sample moved_;
  int64_t at_ = 0;  // where moved_ is
  std::map<std::string, std::string> values_;

  static constexpr int64_t window_events = 8192;
  bool in_window_ = false;
  std::vector<Event> window_;                                 // changes of the datastore
  std::map<std::string, std::optional<std::string>> before_,  // what they touch, before them
      now_;                                                   // and as the flight has it
};

std::string event_text(const Event& event) {
  std::string out = fmt::format("event {}", event.sequence);
  if (event.time) out += " at " + time_text(*event.time);
  if (const auto* change = std::get_if<DatastoreEvent>(&event.body)) {
    if (change->revision > 0) out += fmt::format(", revision {}", change->revision);
    out += fmt::format(": {} {}", change->value ? "put" : "delete", change->key);
    if (!change->origin.empty()) out += fmt::format(" ({})", change->origin);
  } else if (const auto* host = std::get_if<HostEvent>(&event.body)) {
    out += fmt::format(": on {}: {}", host->node, host->action);
  } else if (const auto* process = std::get_if<ProcessEvent>(&event.body)) {
    static constexpr std::string_view kinds[] = {"starts", "stops", "is killed", "restarts"};
    out +=
        fmt::format(": Felix on {} {}", process->node, kinds[static_cast<size_t>(process->kind)]);
  } else if (const auto* step = std::get_if<StepEvent>(&event.body)) {
    out += fmt::format(": end of step {} ({})", step->number, step->name);
  }
  return out;
}

Result<int> report(const Options& options, const Input& input, Bisection& bisection,
                   const Found& found) {
  auto event = input.event_at(found.at);
  if (!event) return forward(event);
  const auto& probe = bisection.probe();
  std::string text;
  if (options.json) {
    const auto parsed = [&](const Sample& sample) {
      return nlohmann::ordered_json::parse(trace_json(probe, sample.answer, json_schema));
    };
    text = nlohmann::ordered_json{{"schema", json_schema},          {"sequence", found.at},
                                  {"event", event_text(*event)},    {"looks", bisection.looks()},
                                  {"before", parsed(found.before)}, {"after", parsed(found.after)}}
               .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
           "\n";
  } else {
    const auto detail = options.brief ? TraceDetail::brief : TraceDetail::rules;
    text = fmt::format("{}\n=== before\n{}=== after\n{}", event_text(*event),
                       trace_text(probe, found.before.answer, detail),
                       trace_text(probe, found.after.answer, detail));
  }
  if (auto printed = print_data(text); !printed) return forward(printed);
  return exit_yes;
}

Result<int64_t> position(const Input& input, const std::string& when, const char* option) {
  auto moment = parse_moment(when);
  if (!moment) return tl::unexpected(std::move(moment.error()).with_context(option));
  return input.position_of(*moment);
}

Result<int> bisect(const Options& options) {
  const auto version = parse_version(options.version);
  if (!version) return tl::unexpected(version.error());
  auto probe = parse_probe(options.probe);
  if (!probe) return tl::unexpected(std::move(probe.error()).with_context("--probe"));
  auto input = Input::open(options.input);
  if (!input) return forward(input);
  auto good = position(*input, options.good, "--good");
  if (!good) return forward(good);
  auto bad = position(*input, options.bad, "--bad");
  if (!bad) return forward(bad);
  Bisection bisection(*input, std::move(*probe), *version);
  auto at_good = bisection.sample(*good, false), at_bad = bisection.sample(*bad, false);
  if (!at_good) return forward(at_good);
  if (!at_bad) return forward(at_bad);
  if (at_good->missing && at_bad->missing)
    return tl::unexpected(std::move(*at_bad->missing).with_context("at both moments"));
  const auto verdict = at_good->answer.trace.verdict;
  if (verdict == at_bad->answer.trace.verdict) {
    print_note("the probe is {} at both moments", verdict_word(verdict));
    return exit_no;
  }
  if (auto started = bisection.start_from(*bad, std::move(*at_bad)); !started)
    return forward(started);
  auto found = bisection.search(*good, *bad, verdict);
  if (!found) return forward(found);
  return report(options, *input, bisection, *found);
}

}  // namespace

void add_bisect_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "bisect", "the event after which a probe changed its answer");
  auto options = std::make_shared<Options>();
  add_input_argument(verb, options->input);
  add_required(verb, "--probe", options->probe, "\"FROM -> TO tcp/80\"");
  add_required(verb, "--good", options->good, "a moment before: rev:N, seq:N, step:N or seconds");
  add_option(verb, "--bad", options->bad, "a moment after, in the same forms (default: the end)");
  add_flag(verb, "--brief", options->brief, "verdicts and what decided, without the rules");
  add_json_flag(verb, options->json);
  add_version_option(verb, options->version);
  set_footer(verb,
             "Example: felixsim bisect flight.db --probe \"web -> db tcp/80\" --good step:1 \\\n"
             "  --bad step:2\n"
             "Exit code 0: found, 1: the answer is the same at both moments, 2: error.");
  on_run(verb, [options] { return bisect(*options); });
}

}  // namespace felixsim::cli
