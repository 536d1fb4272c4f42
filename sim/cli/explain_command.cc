// SPDX-License-Identifier: Apache-2.0
// felixsim explain: which policies apply, what they match, what decides, and what never does.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sim/cli/command.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/reach_input.h"
#include "sim/report/explain_text.h"

namespace felixsim::cli {
namespace {

struct Options {
  std::string input, what, at;
  std::vector<std::string> names;
  bool json = false;
};

Status check_count(const Options& options) {
  const size_t wanted = options.what == "pair"                              ? 2
                        : options.what == "pod" || options.what == "policy" ? 1
                                                                            : 0;
  if (options.names.size() == wanted) return {};
  return invalid(
      fmt::format("explain {} takes {} {}", options.what, wanted, wanted == 1 ? "name" : "names"),
      "pod NS/NAME, policy NAME, pair FROM TO, pairs or dead");
}

Result<std::string> explain(const Options& options, const ExplainContext& context, bool& any_dead) {
  if (auto checked = check_count(options); !checked) return forward(checked);
  if (options.what == "pod") return explain_pod(context, options.names[0]);
  if (options.what == "policy") return explain_policy(context, options.names[0]);
  if (options.what == "pair") return explain_pair(context, options.names[0], options.names[1]);
  if (options.what == "pairs") return explain_all_pairs(context);
  if (options.what == "dead") return explain_dead(context, any_dead);
  return invalid(fmt::format("explain: unknown question '{}'", options.what),
                 "ask for pod NS/NAME, policy NAME, pair FROM TO, pairs or dead");
}

std::string as_json(const std::string& text, const Options& options, const ReachCluster& cluster) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return nlohmann::ordered_json{
             {"schema", json_schema},        {"question", options.what},
             {"names", options.names},       {"complete", cluster.unusable.empty()},
             {"unusable", cluster.unusable}, {"lines", lines}}
             .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

Result<int> explain_verb(const Options& options) {
  auto moment = parse_moment(options.at);
  if (!moment) return tl::unexpected(std::move(moment.error()).with_context("--at"));
  auto cluster = read_reach_cluster(options.input, *moment);
  if (!cluster) return forward(cluster);
  const auto matrix = compute_matrix(*cluster->state, cluster->options);
  const ExplainContext context{*cluster->state, matrix, [&](const std::string& name) {
                                 const auto it = cluster->origins.find(name);
                                 return it == cluster->origins.end() ? "" : it->second;
                               }};
  bool any_dead = false;
  auto text = explain(options, context, any_dead);
  if (!text) return forward(text);
  if (options.json) text = as_json(*text, options, *cluster);
  if (auto printed = print_data(*text); !printed) return forward(printed);
  return finish_reach(cluster->unusable, any_dead ? exit_no : exit_yes);
}

}  // namespace

void add_explain_command(CLI::App& app) {
  auto* verb = app.add_subcommand("explain", "which policies apply, and which rules decide");
  auto options = std::make_shared<Options>();
  verb->add_option("INPUT", options->input, "event log, scenario, capture or folder of manifests")
      ->required();
  verb->add_option("QUESTION", options->what,
                   "pod NS/NAME, policy NAME, pair FROM TO, pairs (all of them),\n"
                   "or dead (rules that decide nothing)")
      ->required();
  verb->add_option("NAMES", options->names, "what the question is about");
  verb->add_option("--at", options->at,
                   "rev:N, seq:N, step:N, step:NAME or seconds (default: the end)");
  verb->add_flag("--json", options->json, "print JSON");
  verb->footer(
      "Example: felixsim explain manifests/ pair shop/web shop/db\n"
      "Exit code 0: answered, 1: there are dead rules, 2: error, or the answer is\n"
      "incomplete, because objects could not be used.");
  on_run(*verb, [options] { return explain_verb(*options); });
}

}  // namespace felixsim::cli
