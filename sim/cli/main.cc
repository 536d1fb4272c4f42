// SPDX-License-Identifier: Apache-2.0
// felixsim's command line. It joins the verbs; it decides nothing.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <iostream>

#include "felixsim/near_name.h"
#include "sim/cli/command.h"
#include "sim/cli/help_formatter.h"
#include "sim/cli/verb.h"

namespace felixsim::cli {
namespace {

constexpr const char* description =
    "felixsim: a flight recorder and wind tunnel for Felix, Calico's agent on every\n"
    "node. Recorded datastore events or scenarios in; what Felix programs on every\n"
    "node out.\n";

constexpr const char* footer =
    "Examples:\n"
    "  felixsim import --from recording tests/vectors/recording/vxlan-two-nodes \\\n"
    "    --log flight.db\n"
    "  felixsim show flight.db --node node-a --at step:2 --what iptables\n"
    "  felixsim run scenarios\n"
    "\nINPUT is an event log, a scenario, a recorded case, a capture file or a\n"
    "folder of manifests; felixsim tells which.\n"
    "WHEN is rev:N, seq:N, step:N, step:NAME, a time in seconds or, where these\n"
    "count from 1970, a time of day such as 2024-01-02T14:03:00Z.\n"
    "Exit codes: 0 yes/same/passed, 1 no/different/failed, 2 error.";

void add_verbs(CLI::App& app) {
  add_run_command(app);
  add_import_command(app);
  add_log_command(app);
  add_show_command(app);
  add_messages_command(app);
  add_diff_command(app);
  add_graph_command(app);
  add_trace_command(app);
  add_verify_command(app);
  add_bisect_command(app);
  add_reach_command(app);
  add_explain_command(app);
  add_report_command(app);
}

// A first word that is no verb, or a verb's option that it has not: with what was perhaps meant.
std::optional<Error> explained(const CLI::App& app, int argc, char** argv) {
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  const CLI::App* verb = nullptr;
  std::vector<std::string> known;
  for (const auto* one : verbs) {
    known.push_back(one->get_name());
    if (argc > 1 && one->get_name() == argv[1]) verb = one;
  }
  if (verb == nullptr && argc > 1 && argv[1][0] != '-')
    return Error{ErrorCode::invalid_input, fmt::format("there is no verb '{}'", argv[1]),
                 did_you_mean(argv[1], known) + "felixsim --help lists them"};
  if (verb == nullptr) return std::nullopt;
  known.clear();
  for (const auto* option : verb->get_options())
    for (const auto& name : option->get_lnames()) known.push_back("--" + name);
  for (int i = 2; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view given = argv[i];
    const std::string word(given.substr(0, given.find('=')));
    if (!word.starts_with("--") || std::find(known.begin(), known.end(), word) != known.end())
      continue;
    return Error{ErrorCode::invalid_input,
                 fmt::format("{} has no option '{}'", verb->get_name(), word),
                 fmt::format("{}felixsim {} --help", did_you_mean(word, known), verb->get_name())};
  }
  return std::nullopt;
}

}  // namespace

int run(int argc, char** argv) {
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);  // errors of write(2)
  CLI::App app(description, "felixsim");
  app.footer(footer);
  app.set_version_flag("--version", FELIXSIM_VERSION_TEXT);
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormatter>(30));  // the verbs' own
  add_verbs(app);
  app.formatter(std::make_shared<HelpFormatter>(13));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    const int code = app.exit(e);
    errno = 0;
    if (std::cout.flush()) return code;
    print_error(output_error(errno));
    return exit_error;
  } catch (const CLI::ParseError& e) {
    print_error(explained(app, argc, argv)
                    .value_or(Error{ErrorCode::invalid_input, e.what(),
                                    "felixsim --help, or felixsim VERB --help"}));
    return exit_error;
  }
  auto outcome = run_chosen_action();
  if (outcome) return *outcome;
  print_error(outcome.error());
  return exit_error;
}

}  // namespace felixsim::cli

int main(int argc, char** argv) { return felixsim::cli::run(argc, argv); }
