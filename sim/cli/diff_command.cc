// SPDX-License-Identifier: Apache-2.0
// felixsim diff: what changed in a node's kernel between two moments.
#include <nlohmann/json.hpp>

#include "sim/analysis/line_diff.h"
#include "sim/cli/command.h"
#include "sim/cli/file.h"
#include "sim/cli/input.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/verb.h"
#include "sim/report/node_texts.h"

namespace felixsim::cli {
namespace {

struct Options {
  std::string input, before, after, node, version = "v3.32";
  std::vector<std::string> what;
  bool json = false;
};

using Texts = std::map<std::string, std::string>;

Result<Texts> texts_at(const Input& input, const Options& options, const std::string& when,
                       FelixVersion version) {
  auto moment = parse_moment(when);
  if (!moment) return forward(moment);
  FlightRequest request;
  request.moment = *moment;
  request.nodes = {options.node};
  request.options.version = version;
  auto flight = fly(input, request);
  if (!flight) return forward(flight);
  for (const auto& note : flight->notes) print_note("assumed at {}: {}", when, note);
  auto node = find_node(*flight->cluster, options.node);
  if (!node) return forward(node);
  return node_texts(**node);
}

Status check_parts(const std::vector<std::string>& asked) {
  for (const auto& part : asked) {
    if (auto known = check_node_part(part); !known) return known;
    if (part == "programming" || part == "reports")
      return fail(ErrorCode::unsupported, fmt::format("--what {}: not compared", part),
                  fmt::format("felixsim show --what {} at each of the moments", part));
  }
  return {};
}

// Changed parts in the order of node_parts().
std::vector<std::pair<std::string, std::vector<LineChange>>> changes_of(const Texts& before,
                                                                        const Texts& after,
                                                                        const Options& options) {
  std::vector<std::pair<std::string, std::vector<LineChange>>> out;
  for (const auto& part : node_parts()) {
    const auto is_asked = [&](const std::string& what) { return what == part || what == "all"; };
    const bool asked =
        options.what.empty() || std::any_of(options.what.begin(), options.what.end(), is_asked);
    if (!asked || !before.contains(part)) continue;
    auto changes = diff_lines(before.at(part), after.at(part));
    if (!changes.empty()) out.emplace_back(part, std::move(changes));
  }
  return out;
}

Result<int> diff(const Options& options) {
  if (auto known = check_parts(options.what); !known) return forward(known);
  const auto version = parse_version(options.version);
  if (!version) return tl::unexpected(version.error());
  auto input = Input::open(options.input);
  if (!input) return forward(input);
  auto before = texts_at(*input, options, options.before, *version);
  if (!before) return forward(before);
  auto after = texts_at(*input, options, options.after, *version);
  if (!after) return forward(after);
  const auto changed = changes_of(*before, *after, options);
  std::string text;
  nlohmann::ordered_json parts = nlohmann::ordered_json::object();
  for (const auto& [part, changes] : changed) {
    text += fmt::format("=== {}\n", part);
    for (const auto& change : changes) {
      const std::string line = static_cast<char>(change.kind) + change.line;
      text += line + "\n";
      parts[part].push_back(line);
    }
  }
  if (options.json)
    text = nlohmann::ordered_json{{"schema", json_schema}, {"changed", std::move(parts)}}.dump(
               2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
           "\n";
  if (auto printed = print_data(text); !printed) return forward(printed);
  return changed.empty() ? exit_yes : exit_no;
}

}  // namespace

void add_diff_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "diff", "what changed in a node's kernel between two moments");
  auto options = std::make_shared<Options>();
  add_input_argument(verb, options->input);
  add_required(verb, "WHEN1", options->before, "rev:N, seq:N, step:N, step:NAME or seconds");
  add_required(verb, "WHEN2", options->after, "the later moment");
  add_required(verb, "--node", options->node, "whose kernel");
  add_option(verb, "--what", options->what, "only these parts (default: all that changed)");
  add_json_flag(verb, options->json);
  add_version_option(verb, options->version);
  set_footer(
      verb,
      "Example: felixsim diff flight.db step:1 step:2 --node node-a\nExit code 1 if anything "
      "changed.");
  on_run(verb, [options] { return diff(*options); });
}

}  // namespace felixsim::cli
