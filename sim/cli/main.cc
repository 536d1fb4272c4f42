// SPDX-License-Identifier: Apache-2.0
// felixsim's command line. It joins the verbs; it decides nothing.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "sim/cli/command.h"

namespace felixsim::cli {
namespace {

Action& chosen_action() {
  static Action action;
  return action;
}

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
}

}  // namespace

void on_run(CLI::App& verb, Action action) {
  verb.callback([action = std::move(action)] { chosen_action() = action; });
}

void print_error(const Error& error) {
  fmt::print(stderr, "error: {}\n", error.message);
  if (!error.help.empty()) fmt::print(stderr, "  help: {}\n", error.help);
}

Status print_data(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    return fail(ErrorCode::io, "cannot write to standard output", "check the disk or the pipe");
  return {};
}

int run(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app(description, "felixsim");
  app.footer(footer);
  app.set_version_flag("--version", FELIXSIM_VERSION_TEXT);
  app.require_subcommand(1);
  add_verbs(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    print_error({ErrorCode::invalid_input, e.what(), "felixsim --help, or felixsim VERB --help"});
    return exit_error;
  }
  auto outcome = chosen_action()();
  if (outcome) return *outcome;
  print_error(outcome.error());
  return exit_error;
}

}  // namespace felixsim::cli

int main(int argc, char** argv) { return felixsim::cli::run(argc, argv); }
