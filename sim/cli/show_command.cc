// SPDX-License-Identifier: Apache-2.0
// felixsim show: what is in a node's kernel at a moment.
#include <nlohmann/json.hpp>

#include "sim/cli/command.h"
#include "sim/cli/file.h"
#include "sim/cli/input.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/verb.h"
#include "sim/report/felix_state.h"
#include "sim/report/node_texts.h"

namespace felixsim::cli {
namespace {

struct Options {
  std::string input, node, at, what = "iptables", host, version = "v3.32";
  bool json = false;
};

// Kernels depend on the state alone; what Felix reports, on when it came to be.
bool depends_on_time(const std::string& what) {
  return what == "health" || what == "reports" || what == "all";
}

std::string text_of(const NodeFlight& node, const std::string& what) {
  if (what != "all") return node_text(node, what);
  std::string out;
  for (const auto& [part, text] : node_texts(node)) out += fmt::format("=== {}\n{}", part, text);
  return out;
}

std::string json_of(const NodeFlight& node, const Options& options,
                    const std::vector<std::string>& notes) {
  nlohmann::ordered_json parts;
  for (const auto& part : node_parts())
    if (options.what == part || (options.what == "all" && part != "programming"))
      parts[part] = node_text(node, part);
  const nlohmann::ordered_json document{{"schema", json_schema},
                                        {"node", node.name},
                                        {"felix", felix_state_text(node)},
                                        {"assumed", notes},
                                        {"parts", std::move(parts)}};
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<int> show(const Options& options) {
  if (auto known = check_node_part(options.what); !known) return forward(known);
  auto request = flight_request(options.version, options.at, options.host);
  if (!request) return forward(request);
  request->nodes = {options.node};
  request->options.keep_programming = options.what == "programming";
  request->options.every_change = depends_on_time(options.what);
  auto input = Input::open(options.input);
  if (!input) return forward(input);
  auto flight = fly(*input, *request);
  if (!flight) return forward(flight);
  auto node = find_node(*flight->cluster, options.node);
  if (!node) return forward(node);
  for (const auto& note : flight->notes) print_note("assumed: {}", note);
  print_trouble(**node);
  auto printed = print_data(options.json ? json_of(**node, options, flight->notes)
                                         : text_of(**node, options.what));
  if (!printed) return forward(printed);
  return exit_yes;
}

}  // namespace

void add_show_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "show", "predicted state of a node, in the kernel's own text");
  auto options = std::make_shared<Options>();
  add_input_argument(verb, options->input);
  add_required(verb, "--node", options->node, "whose state");
  add_at_option(verb, options->at);
  add_option(verb, "--what", options->what, "which part, or all (default: iptables)");
  add_host_option(verb, options->host);
  add_version_option(verb, options->version);
  add_json_flag(verb, options->json);
  set_footer(verb,
             "Parts: iptables ip6tables nft arp ipsets routes routes6 rules neigh fdb links\n"
             "  addresses wireguard sysctls status health statuses reports config marks\n"
             "  programming\n"
             "Example: felixsim show flight.db --node node-a --at step:2 --what routes");
  on_run(verb, [options] { return show(*options); });
}

}  // namespace felixsim::cli
