// SPDX-License-Identifier: Apache-2.0
// What all verbs share: exit codes, and how errors, notes and data are printed. One
// <verb>_command.cc per verb; main.cc lists them.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "felixsim/result.h"

namespace CLI {
class App;
}

namespace felixsim::cli {

inline constexpr int exit_yes = 0;    // yes, same, passed
inline constexpr int exit_no = 1;     // no, different, failed
inline constexpr int exit_error = 2;  // the question could not be answered

// Version of every JSON document that a command prints (key "schema").
inline constexpr int json_schema = 1;

// "error: place: fact" and, where there is one, "  help: fix", on stderr.
void print_error(const Error& error);

// A line on stderr. Control characters, as hostile input may hold them, are written as \xNN: a
// terminal shall not obey them. An stderr that is closed or full is no error.
void print_line(std::string_view line);
template <class... Args>
void print_note(fmt::format_string<Args...> format, Args&&... args) {
  print_line(fmt::format(format, std::forward<Args>(args)...));
}

// Data goes to stdout; an I/O failure there, such as a full disk, is an error. Where whoever reads
// it has enough, as `head` does, the program ends by SIGPIPE, without a word, as other tools do.
Status print_data(const std::string& text);

// What it is that stdout takes nothing, by its errno; or the end of the program.
Error output_error(int number);

// The same in many pieces; after a failure nothing more is written.
class DataPrinter {
 public:
  void print(std::string_view piece);
  Status finish();

 private:
  int error_ = 0;  // errno of the first failure
};

void add_run_command(CLI::App& app);
void add_import_command(CLI::App& app);
void add_log_command(CLI::App& app);
void add_show_command(CLI::App& app);
void add_messages_command(CLI::App& app);
void add_diff_command(CLI::App& app);
void add_graph_command(CLI::App& app);
void add_trace_command(CLI::App& app);
void add_verify_command(CLI::App& app);
void add_bisect_command(CLI::App& app);
void add_reach_command(CLI::App& app);
void add_explain_command(CLI::App& app);
void add_report_command(CLI::App& app);

}  // namespace felixsim::cli
