// SPDX-License-Identifier: Apache-2.0
// felixsim explain: which policies apply, what they match, what decides, and what never does.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/cli/command.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/reach_input.h"
#include "sim/cli/verb.h"
#include "sim/report/all_pairs.h"
#include "sim/report/explain_json.h"
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

struct Answer {
  std::string text;  // sentences, or JSON
  bool any_dead = false;
};

// What was found, in the form that was asked for. `names` go to the sentences.
template <class Found, class... Names>
Answer told(const Options& options, const Found& found, const Names&... names) {
  if (!options.json) return {explanation_text(found, names...), false};
  return {
      explanation_json(found).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
      false};
}

Result<Answer> explain(const Options& options, const ExplainContext& context) {
  if (auto checked = check_count(options); !checked) return forward(checked);
  if (options.what == "pod") {
    auto pod = explain_pod(context, options.names[0]);
    if (!pod) return forward(pod);
    return told(options, *pod);
  }
  if (options.what == "policy") {
    auto policies = explain_policy(context, options.names[0]);
    if (!policies) return forward(policies);
    return told(options, *policies);
  }
  if (options.what == "pair") {
    auto pair = explain_pair(context, options.names[0], options.names[1]);
    if (!pair) return forward(pair);
    return told(options, *pair, options.names[0], options.names[1]);
  }
  if (options.what == "dead") {
    const auto dead = explain_dead(context);
    Answer answer = told(options, dead);
    answer.any_dead = !dead.empty();
    return answer;
  }
  return invalid(fmt::format("explain: unknown question '{}'", options.what),
                 "ask for pod NS/NAME, policy NAME, pair FROM TO, pairs or dead");
}

// What stands before and behind the answer in JSON.
std::string json_head(const Options& options, const ReachCluster& cluster) {
  const nlohmann::ordered_json head{{"schema", json_schema},
                                    {"question", options.what},
                                    {"names", options.names},
                                    {"complete", cluster.unusable.empty()},
                                    {"unusable", cluster.unusable}};
  std::string out = head.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  out.resize(out.rfind('\n'));  // the closing brace comes behind the answer
  return out + ",\n  \"answer\": ";
}
constexpr std::string_view json_tail = "\n}\n";

// Too many for one text.
Status print_pairs(const Options& options, const reach::Matrix& matrix,
                   const ReachCluster& cluster) {
  DataPrinter printer;
  const auto sink = [&](std::string_view piece) { printer.print(piece); };
  if (!options.json) {
    all_pairs_text(matrix, sink);
  } else {
    sink(json_head(options, cluster));
    all_pairs_json(matrix, sink);
    sink(json_tail);
  }
  return printer.finish();
}

// The question in place of INPUT.
Status check_order(const Options& options) {
  for (const std::string_view word : {"pod", "policy", "pair", "pairs", "dead"})
    if (std::error_code error;
        options.input == word && !std::filesystem::exists(options.input, error))
      return invalid(fmt::format("explain: INPUT stands in front of '{}'", word),
                     fmt::format("felixsim explain INPUT {} ...", word));
  return {};
}

Result<int> explain_verb(const Options& options) {
  if (auto checked = check_order(options); !checked) return forward(checked);
  auto moment = parse_moment(options.at);
  if (!moment) return tl::unexpected(std::move(moment.error()).with_context("--at"));
  auto cluster = read_reach_cluster(options.input, *moment);
  if (!cluster) return forward(cluster);
  const auto matrix = compute_matrix(*cluster->state, cluster->options);
  if (options.what == "pairs" && options.names.empty()) {
    if (auto printed = print_pairs(options, matrix, *cluster); !printed) return forward(printed);
    return finish_answer(cluster->unusable, exit_yes);
  }
  const ExplainContext context{*cluster->state, matrix, [&](const std::string& name) {
                                 const auto it = cluster->origins.find(name);
                                 return it == cluster->origins.end() ? "" : it->second;
                               }};
  auto answer = explain(options, context);
  if (!answer) return forward(answer);
  DataPrinter printer;
  if (options.json) printer.print(json_head(options, *cluster));
  printer.print(answer->text);
  if (options.json) printer.print(json_tail);
  if (auto printed = printer.finish(); !printed) return forward(printed);
  return finish_answer(cluster->unusable, answer->any_dead ? exit_no : exit_yes);
}

}  // namespace

void add_explain_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "explain", "which policies apply, and which rules decide");
  auto options = std::make_shared<Options>();
  add_input_argument(verb, options->input);
  add_required(verb, "QUESTION", options->what,
               "pod NS/NAME, policy NAME, pair FROM TO, pairs (all of them), "
               "or dead (rules that decide nothing)");
  add_option(verb, "NAMES", options->names, "what the question is about");
  add_at_option(verb, options->at);
  add_json_flag(verb, options->json);
  set_footer(verb,
             "Example: felixsim explain manifests/ pair shop/web shop/db\n"
             "Exit code 0: answered, 1: there are dead rules, 2: error, or the answer is\n"
             "incomplete, because objects could not be used.");
  on_run(verb, [options] { return explain_verb(*options); });
}

}  // namespace felixsim::cli
