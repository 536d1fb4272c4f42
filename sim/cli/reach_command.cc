// SPDX-License-Identifier: Apache-2.0
// felixsim reach: who reaches whom, on what.
#include <CLI/CLI.hpp>

#include "sim/analysis/reach/matrix.h"
#include "sim/cli/command.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/reach_input.h"
#include "sim/report/reach_json.h"
#include "sim/report/reach_pairs.h"

namespace felixsim::cli {
namespace {

struct Options {
  std::string input, at, port, format = "pairs";
};

Result<int> reach_verb(const Options& options) {
  auto moment = parse_moment(options.at);
  if (!moment) return tl::unexpected(std::move(moment.error()).with_context("--at"));
  auto header = parse_header(options.port);
  if (!header) return forward(header);
  auto cluster = read_reach_cluster(options.input, *moment);
  if (!cluster) return forward(cluster);
  const auto matrix = reach::compute_matrix(*cluster->state);
  if (options.format == "json") {
    if (auto printed = print_data(reach_json({matrix, {}, cluster->unusable}, json_schema));
        !printed)
      return forward(printed);
    return exit_yes;
  }
  if (auto printed = print_data(reach_pairs(matrix, *header)); !printed) return forward(printed);
  return exit_yes;
}

}  // namespace

void add_reach_command(CLI::App& app) {
  auto* verb = app.add_subcommand("reach", "who reaches whom, on what");
  auto options = std::make_shared<Options>();
  verb->add_option("INPUT", options->input, "event log, scenario, capture or folder of manifests")
      ->required();
  verb->add_option("--at", options->at,
                   "rev:N, seq:N, step:N, step:NAME or seconds (default: the end)");
  verb->add_option("--port", options->port, "tcp/80, udp/53, sctp/3868 or icmp");
  verb->add_option("--format", options->format, "pairs");
  on_run(*verb, [options] { return reach_verb(*options); });
}

}  // namespace felixsim::cli
