// SPDX-License-Identifier: Apache-2.0
// felixsim trace: one packet and its reply, rule by rule.

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
  std::string input, at, version = "v3.32", host;
  ProbeRequest probe;
  bool json = false, explain = false, quiet = false;
};

Result<int> trace(const Options& options) {
  auto request = flight_request(options.version, options.at, options.host);
  if (!request) return forward(request);
  if (options.probe.protocol != "icmp" && options.probe.port == 0)
    return invalid(fmt::format("--proto {} needs a port", options.probe.protocol),
                   "add --port, such as --port 80");
  auto input = Input::open(options.input);
  if (!input) return forward(input);
  auto flight = fly_for_probe(*input, *request, options.probe);
  if (!flight) return forward(flight);
  for (const auto& note : flight->notes) print_note("assumed: {}", note);
  for (const auto& [name, node] : flight->cluster->nodes()) print_trouble(*node);
  auto world = packet_world(*flight->cluster);
  if (!flight->notes.empty()) {
    world.assume_pod_routes();
    print_note("assumed: a pod of another node is reached, unless routes say otherwise");
  }
  auto answer = run_probe(world, *flight->cluster, options.probe, true);
  if (!answer) return forward(answer);
  if (auto added = add_origins(*input, request->moment, answer->decisions); !added)
    return forward(added);
  const auto detail = options.explain ? TraceDetail::explained
                      : options.quiet ? TraceDetail::brief
                                      : TraceDetail::rules;
  auto printed = print_data(options.json ? trace_json(options.probe, *answer, json_schema)
                                         : trace_text(options.probe, *answer, detail));
  if (!printed) return forward(printed);
  return answer->trace.verdict == walk::Verdict::allowed ? exit_yes : exit_no;
}

}  // namespace

void add_trace_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "trace", "one packet and its reply, hook by hook, rule by rule");
  auto options = std::make_shared<Options>();
  add_input_argument(verb, options->input);
  add_required(verb, "--from", options->probe.from, "pod (ns/name), node, address or world");
  add_required(verb, "--to", options->probe.to, "pod (ns/name), node, address or world");
  add_option(verb, "--proto", options->probe.protocol, "tcp (default), udp, sctp or icmp");
  add_number(verb, "--port", options->probe.port, {1, 65535}, "destination port");
  add_flag(verb, "--v6", options->probe.v6, "by IPv6 where there are both");
  add_at_option(verb, options->at);
  add_flag(verb, "--explain", options->explain, "each hook and jump in a sentence");
  add_flag(verb, "--brief", options->quiet, "only the verdict and what decided");
  add_json_flag(verb, options->json);
  add_host_option(verb, options->host);
  add_version_option(verb, options->version);
  set_footer(verb,
             "Example: felixsim trace flight.db --from web --to db --proto tcp --port 5432\n"
             "Exit code 0: allowed, 1: not, 2: error.");
  on_run(verb, [options] { return trace(*options); });
}

}  // namespace felixsim::cli
