// SPDX-License-Identifier: Apache-2.0
// felixsim messages: what the calc graph tells the dataplane, as JSON lines.
#include <chrono>
#include <nlohmann/json.hpp>

#include "model/calc/message_json.h"
#include "sim/cli/command.h"
#include "sim/cli/file.h"
#include "sim/cli/input.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/verb.h"
#include "sim/report/message_lines.h"

namespace felixsim::cli {
namespace {

struct Options {
  std::string input, node, at, version = "v3.32";
  bool warnings = false, stats = false, json = false;
};

std::string warning_lines(const Cluster& cluster, bool json) {
  std::string out;
  for (const auto& warning : cluster.datastore().warnings())
    out += json ? nlohmann::ordered_json{{"key", warning.key}, {"fact", warning.fact}}.dump(
                      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                      "\n"
                : fmt::format("{}: {}\n", warning.key, warning.fact);
  return out;
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Where the time and the traffic went: reading, computing, then for each node its phases, the
// messages by kind, and each edge of the calc graph that carried anything.
std::string stats_text(const Cluster& cluster, double read_s, double compute_s) {
  std::string out = fmt::format(
      "read the input                                 {:>9.3f} s\n"
      "convert and compute, all nodes                 {:>9.3f} s\n"
      "  of it: updates through all calc graphs       {:>9.3f} s\n",
      read_s, compute_s, cluster.profile().seconds[static_cast<size_t>(Phase::calc_updates)]);
  for (const auto& [name, node] : cluster.nodes()) {
    std::map<std::string, size_t> kinds;
    for (const auto& message : node->messages) ++kinds[std::string(calc::message_name(message))];
    out += fmt::format("\nnode {}\n", name);
    for (size_t i = 0; i < phase_names.size(); ++i)
      out += fmt::format("  {:<44} {:>9.3f} s\n", phase_names[i], node->profile.seconds[i]);
    for (const auto& [kind, count] : kinds) out += fmt::format("  {:<44} {:>9}\n", kind, count);
    if (!node->felix) continue;
    for (const auto& edge : node->felix->calc_graph().edges)
      if (edge.passed != 0)
        out += fmt::format("  {:<44} {:>9}  {}\n", edge.from + " -> " + edge.to, edge.passed,
                           edge.what);
  }
  return out;
}

Result<int> messages(const Options& options) {
  const auto version = parse_version(options.version);
  if (!version) return tl::unexpected(version.error());
  auto moment = parse_moment(options.at);
  if (!moment) return forward(moment);
  const auto start = Clock::now();
  auto input = Input::open(options.input);
  if (!input) return forward(input);
  const double read_s = seconds_since(start);
  FlightRequest request;
  request.moment = *moment;
  request.options.version = *version;
  request.options.keep_messages = true;
  request.options.only_messages = true;
  if (options.stats) request.options.clock = [start] { return seconds_since(start); };
  if (options.node != "*") request.nodes = {options.node};
  const auto takeoff = Clock::now();
  auto flight = fly(*input, request);
  if (!flight) return forward(flight);
  const double compute_s = seconds_since(takeoff);
  for (const auto& note : flight->notes) print_note("assumed: {}", note);
  if (options.node != "*")
    if (auto node = find_node(*flight->cluster, options.node); !node) return forward(node);
  std::string out;
  if (options.stats) {
    out = stats_text(*flight->cluster, read_s, compute_s);
  } else if (options.warnings) {
    out = warning_lines(*flight->cluster, options.json);
  } else {
    for (const auto& [name, node] : flight->cluster->nodes())
      if (options.node == "*" || options.node == name)
        out += message_lines(node->messages, options.node == "*" ? name : std::string());
  }
  if (auto printed = print_data(out); !printed) return forward(printed);
  return exit_yes;
}

}  // namespace

void add_messages_command(CLI::App& app) {
  CLI::App& verb =
      add_verb(app, "messages", "the calc graph's messages to the dataplane, as JSON lines");
  auto options = std::make_shared<Options>();
  add_input_argument(verb, options->input);
  add_required(verb, "--node", options->node, "whose messages; '*' for all nodes");
  add_at_option(verb, options->at);
  add_flag(verb, "--warnings", options->warnings,
           "instead: what in the datastore is invalid, and why");
  add_flag(verb, "--stats", options->stats,
           "instead: time by phase, messages by kind, traffic in the calc graph");
  add_flag(verb, "--json", options->json, "warnings as JSON lines (messages always are)");
  add_version_option(verb, options->version);
  set_footer(verb, "Example: felixsim messages flight.db --node node-a --at rev:120");
  on_run(verb, [options] { return messages(*options); });
}

}  // namespace felixsim::cli
