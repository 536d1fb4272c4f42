// SPDX-License-Identifier: Apache-2.0
// felixsim reach: who reaches whom, on what.
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "felixsim/near_name.h"
#include "sim/analysis/reach/parties.h"
#include "sim/cli/command.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/reach_input.h"
#include "sim/cli/verb.h"
#include "sim/report/reach_pairs.h"
#include "sim/report/reach_text.h"

namespace felixsim::cli {
namespace {

constexpr const char* formats = "matrix, list, pairs, json, csv, dot, markdown or summary";

struct Options {
  std::string input, at, from, to, port, ns, format, diff;
  bool json = false;
};

// "web", "shop/web" or "world"; namespaces and the world are given by their own words.
bool is_named(const reach::EndpointInfo& endpoint, const std::string& name) {
  const std::string& workload = endpoint.name.workload.str();
  return workload == name || workload == "default/" + name;
}

bool is_in_namespace(const reach::EndpointInfo& endpoint, const std::string& ns) {
  return endpoint.name.workload.view().starts_with(ns + "/");
}

std::vector<std::string> namespaces_of(const reach::Matrix& matrix) {
  std::set<std::string> names;
  for (const auto& endpoint : matrix.endpoints) {
    const std::string& workload = endpoint.name.workload.str();
    if (const size_t slash = workload.find('/'); slash != std::string::npos)
      names.insert(workload.substr(0, slash));
  }
  return {names.begin(), names.end()};
}

std::function<bool(const reach::EndpointInfo&)> selection(const std::string& name,
                                                          const std::string& ns) {
  if (name.empty() && ns.empty()) return nullptr;
  return [name, ns](const reach::EndpointInfo& endpoint) {
    if (!name.empty() && !is_named(endpoint, name)) return false;
    return ns.empty() || is_in_namespace(endpoint, ns);
  };
}

// --namespace narrows both ends, to its pods and the world.
reach::Focus focus_of(const Options& options, const std::optional<reach::HeaderMatch>& header) {
  reach::Focus focus;
  focus.from = selection(options.from == "world" ? "" : options.from, options.ns);
  focus.to = selection(options.to == "world" ? "" : options.to, options.ns);
  focus.from_world = options.from.empty() || options.from == "world";
  focus.to_world = options.to.empty() || options.to == "world";
  const auto nobody = [](const reach::EndpointInfo&) { return false; };
  if (options.from == "world") focus.from = nobody;
  if (options.to == "world") focus.to = nobody;
  focus.header = header;
  return focus;
}

// What is asked for by name must be there: in one of two matrices that are compared.
Status check_names(const std::vector<const reach::Matrix*>& matrices, const Options& options) {
  const auto any = [&](const auto& wanted) {
    return std::any_of(matrices.begin(), matrices.end(), [&](const auto* matrix) {
      return std::any_of(matrix->endpoints.begin(), matrix->endpoints.end(), wanted);
    });
  };
  for (const auto& name : {options.from, options.to}) {
    if (name.empty() || name == "world") continue;
    if (!any([&](const auto& endpoint) { return is_named(endpoint, name); }))
      return reach::no_such_pod(*matrices.back(), name, "write namespace/name, or world");
  }
  if (!options.ns.empty() &&
      !any([&](const auto& endpoint) { return is_in_namespace(endpoint, options.ns); }))
    return fail(ErrorCode::not_found, fmt::format("no pod is in namespace '{}'", options.ns),
                did_you_mean(options.ns, namespaces_of(*matrices.back())) +
                    "--namespace takes the namespace of pods");
  return {};
}

Result<std::string> report(const ReachAnswer& answer, const std::string& format,
                           const std::optional<reach::Header>& header) {
  if (format == "json") return reach_json(answer, json_schema);
  if (format == "list") return reach_list(answer);
  if (format == "csv") return reach_csv(answer);
  if (format == "dot") return reach_dot(answer);
  if (format == "markdown") return reach_markdown(answer);
  if (format == "summary") return reach_summary(answer);
  if (format == "matrix") return reach_table(answer);
  if (format != "pairs")
    return invalid(fmt::format("--format: unknown format '{}'", format),
                   fmt::format("use {}", formats));
  if (!header) return invalid("--format pairs needs a port", "add --port, such as --port tcp/80");
  return reach_pairs(answer.matrix, *header, answer.focus);
}

// --diff names another input, or another moment of the same one.
Result<ReachCluster> read_other(const Options& options) {
  if (std::filesystem::exists(options.diff)) return read_reach_cluster(options.diff, {});
  auto moment = parse_moment(options.diff);
  if (!moment)
    return tl::unexpected(std::move(moment.error())
                              .with_context("--diff: neither an input that is there nor a moment"));
  return read_reach_cluster(options.input, *moment);
}

reach::Matrix matrix_of(const ReachCluster& cluster, const reach::MatrixOptions& asked) {
  reach::MatrixOptions options = asked;
  options.without_address = cluster.options.without_address;
  options.unknown_namespaces = cluster.options.unknown_namespaces;
  options.pools = cluster.options.pools;
  return compute_matrix(*cluster.state, options);
}

Result<std::string> difference_text(const std::vector<std::string>& lines,
                                    const std::vector<std::string>& unusable,
                                    const std::string& format) {
  if (format == "markdown") return reach_difference_markdown(lines, unusable);
  std::string text;
  if (format == "json")
    return nlohmann::ordered_json{{"schema", json_schema},
                                  {"complete", unusable.empty()},
                                  {"unusable", unusable},
                                  {"changed", lines}}
               .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
           "\n";
  if (!format.empty() && format != "list")
    return invalid(fmt::format("--format {}: not with --diff", format),
                   "use list, json or markdown");
  for (const auto& line : lines) text += line + "\n";
  return text;
}

Result<int> difference(const Options& options, const ReachCluster& before,
                       const reach::MatrixOptions& asked, const reach::Focus& focus) {
  auto after = read_other(options);
  if (!after) return forward(after);
  reach::MatrixOptions common = asked;
  tell_apart_like(matrix_of(before, asked), common);
  tell_apart_like(matrix_of(*after, asked), common);
  const auto old_matrix = matrix_of(before, common), new_matrix = matrix_of(*after, common);
  if (auto checked = check_names({&old_matrix, &new_matrix}, options); !checked)
    return forward(checked);
  const auto lines = reach_difference(old_matrix, new_matrix, focus);
  std::vector<std::string> unusable = before.unusable;
  unusable.insert(unusable.end(), after->unusable.begin(), after->unusable.end());
  const auto text = difference_text(lines, unusable, options.json ? "json" : options.format);
  if (!text) return tl::unexpected(text.error());
  if (auto printed = print_data(*text); !printed) return forward(printed);
  return finish_answer(unusable, lines.empty() ? exit_yes : exit_no);
}

Result<int> reach_verb(const Options& options) {
  auto moment = parse_moment(options.at);
  if (!moment) return tl::unexpected(std::move(moment.error()).with_context("--at"));
  std::optional<reach::Header> header;
  reach::MatrixOptions asked;
  std::optional<reach::HeaderMatch> match;
  if (!options.port.empty()) {
    auto parsed = parse_header(options.port);
    if (!parsed) return forward(parsed);
    header = *parsed;
    match = match_of(*header);
    asked.told_apart.push_back(*match);
  }
  auto cluster = read_reach_cluster(options.input, *moment);
  if (!cluster) return forward(cluster);
  const reach::Focus focus = focus_of(options, match);
  if (!options.diff.empty()) return difference(options, *cluster, asked, focus);
  const auto matrix = matrix_of(*cluster, asked);
  if (auto checked = check_names({&matrix}, options); !checked) return forward(checked);
  std::string format = options.json ? "json" : options.format;
  if (format.empty()) format = isatty(STDOUT_FILENO) ? "matrix" : "list";
  const auto text = report({matrix, focus, cluster->unusable}, format, header);
  if (!text) return tl::unexpected(text.error());
  if (auto printed = print_data(*text); !printed) return forward(printed);
  return finish_answer(cluster->unusable, exit_yes);
}

}  // namespace

void add_reach_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "reach", "who reaches whom, on what");
  auto options = std::make_shared<Options>();
  add_input_argument(verb, options->input);
  add_at_option(verb, options->at);
  add_option(verb, "--from", options->from, "only what this pod (ns/name), or the world, sends");
  add_option(verb, "--to", options->to, "only what this pod (ns/name), or the world, gets");
  add_option(verb, "--namespace", options->ns, "only pods of this namespace, and the world");
  add_option(verb, "--port", options->port, "only tcp/80, udp/53, sctp/3868 or icmp");
  add_option(verb, "--format", options->format,
             "matrix (on a terminal), list, pairs, json, csv, dot, markdown or "
             "summary (who reaches the world, who is not isolated); with --diff "
             "list, json or markdown");
  add_option(verb, "--diff", options->diff, "what changes up to this moment, or in this INPUT");
  add_flag(verb, "--json", options->json, "as --format json");
  set_footer(verb,
             "Example: felixsim reach manifests/ --to shop/db --port tcp/5432\n"
             "Exit code 0: answered (--diff: the same), 1: --diff found changes, 2: error,\n"
             "or the answer is incomplete, because objects could not be used.");
  on_run(verb, [options] { return reach_verb(*options); });
}

}  // namespace felixsim::cli
