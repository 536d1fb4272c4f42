// SPDX-License-Identifier: Apache-2.0
// felixsim's command line. It joins the verbs; it decides nothing.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "sim/cli/command.h"

namespace felixsim::cli {
namespace {

constexpr const char* description =
    "felixsim: a flight recorder and wind tunnel for Felix, Calico's per-node agent.\n"
    "Recorded datastore events or scenarios in; what Felix programs on every node out.\n";

constexpr const char* footer =
    "\nExamples:\n"
    "  felixsim import --from recording tests/vectors/recording/vxlan-two-nodes \\\n"
    "    --log flight.db\n"
    "  felixsim show flight.db --node node-a --at step:2 --what iptables\n"
    "  felixsim run scenarios\n"
    "\nINPUT is an event log, a scenario, a recorded case, a capture file or a\n"
    "folder of manifests; felixsim tells which.\n"
    "WHEN is rev:N, seq:N, step:N, step:NAME or a time in seconds.\n"
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

}  // namespace

int run(int argc, char** argv) {
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);  // errors of write(2)
  CLI::App app(description, "felixsim");
  app.footer(footer);
  app.set_version_flag("--version", FELIXSIM_VERSION_TEXT);
  app.require_subcommand(1);
  add_verbs(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    const int code = app.exit(e);
    if (std::cout.flush()) return code;
    print_error({ErrorCode::io, "cannot write to standard output", "check the disk or the pipe"});
    return exit_error;
  } catch (const CLI::ParseError& e) {
    print_error({ErrorCode::invalid_input, e.what(), "felixsim --help, or felixsim VERB --help"});
    return exit_error;
  }
  auto outcome = run_chosen_action();
  if (outcome) return *outcome;
  print_error(outcome.error());
  return exit_error;
}

}  // namespace felixsim::cli

int main(int argc, char** argv) { return felixsim::cli::run(argc, argv); }
