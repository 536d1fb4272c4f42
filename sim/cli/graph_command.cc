// SPDX-License-Identifier: Apache-2.0
// felixsim graph: pictures. So far the calc graph with the traffic on its edges.
#include <cstdio>

#include "sim/cli/command.h"
#include "sim/cli/file.h"
#include "sim/cli/input.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/verb.h"

namespace felixsim::cli {
namespace {

struct Options {
  std::string input, node, at, what = "calc", svg, version = "v3.32";
};

// graphviz does the layout, where it is installed.
Status write_svg(const std::string& dot, const std::string& path) {
  const std::string dot_file = path + ".dot";
  if (auto written = write_file(dot_file, dot); !written) return written;
  std::FILE* pipe = popen("dot -V 2>/dev/null", "r");
  const bool there = pipe && pclose(pipe) == 0;
  if (!there)
    return fail(ErrorCode::not_found,
                fmt::format("graphviz is not installed; {} holds the graph", dot_file),
                "apt-get install graphviz, or print DOT without --svg");
  const std::string quoted_in = "'" + dot_file + "'";
  const std::string command = fmt::format("dot -Tsvg -o '{}' {}", path, quoted_in);
  if (path.find('\'') != std::string::npos)
    return invalid("--svg: the path holds a quote", "choose another file name");
  if (std::system(command.c_str()) != 0)
    return fail(ErrorCode::io, fmt::format("graphviz could not draw {}", dot_file));
  std::remove(dot_file.c_str());
  return {};
}

Result<int> graph(const Options& options) {
  if (options.what != "calc")
    return tl::unexpected(Error{ErrorCode::unsupported,
                                fmt::format("--what {}: not drawn", options.what), "use calc"});
  const auto version = parse_version(options.version);
  if (!version) return tl::unexpected(version.error());
  auto moment = parse_moment(options.at);
  if (!moment) return forward(moment);
  auto input = Input::open(options.input);
  if (!input) return forward(input);
  FlightRequest request;
  request.moment = *moment;
  request.options.version = *version;
  if (!options.node.empty()) request.nodes = {options.node};
  auto flight = fly(*input, request);
  if (!flight) return forward(flight);
  for (const auto& note : flight->notes) print_note("assumed: {}", note);
  const auto& nodes = flight->cluster->nodes();
  auto node =
      find_node(*flight->cluster,
                options.node.empty() && !nodes.empty() ? nodes.begin()->first : options.node);
  if (!node) return forward(node);
  const auto description = (*node)->felix ? (*node)->felix->calc_graph() : calc::GraphDescription();
  if (description.nodes.empty())
    return fail(ErrorCode::not_found, fmt::format("Felix does not run on {} then", (*node)->name),
                "ask for a moment at which it runs");
  const std::string dot = calc::to_dot(description);
  auto done = options.svg.empty() ? print_data(dot) : write_svg(dot, options.svg);
  if (!done) return forward(done);
  return exit_yes;
}

}  // namespace

void add_graph_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "graph", "the calc graph with the traffic on its edges, as DOT");
  auto options = std::make_shared<Options>();
  add_input_argument(verb, options->input);
  add_option(verb, "--what", options->what, "calc");
  add_option(verb, "--node", options->node, "whose graph (default: the first node)");
  add_at_option(verb, options->at);
  add_option(verb, "--svg", options->svg, "draw into this file with graphviz");
  add_version_option(verb, options->version);
  set_footer(verb, "Example: felixsim graph flight.db --what calc --node node-a --svg calc.svg");
  on_run(verb, [options] { return graph(*options); });
}

}  // namespace felixsim::cli
