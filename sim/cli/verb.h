// SPDX-License-Identifier: Apache-2.0
// A verb of the command line and what it takes. With main.cc and help_formatter.h the only part of
// sim/cli that includes CLI11's header, which costs seconds wherever it is included. Values that
// are bound must outlive the parsing; what they hold before is the default.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "felixsim/result.h"

namespace CLI {
class App;
}

namespace felixsim::cli {

CLI::App& add_verb(CLI::App& app, const std::string& name, const std::string& description);
// What stands below a verb's options in its help: examples, exit codes.
void set_footer(CLI::App& verb, const std::string& text);

// The body of a verb: an exit code, or the error that main prints.
using Action = std::function<Result<int>()>;

// Runs the action when the verb was the one on the command line; the last one set wins.
void on_run(CLI::App& verb, Action action);

// Runs what on_run() chose. A verb must have been on the command line.
Result<int> run_chosen_action();

// Names that begin with a dash are options, others arguments by their place.
void add_option(CLI::App& verb, const std::string& name, std::string& value,
                const std::string& description);
void add_option(CLI::App& verb, const std::string& name, std::vector<std::string>& values,
                const std::string& description);
void add_required(CLI::App& verb, const std::string& name, std::string& value,
                  const std::string& description);
void add_required(CLI::App& verb, const std::string& name, std::vector<std::string>& values,
                  const std::string& description);
void add_flag(CLI::App& verb, const std::string& name, bool& value, const std::string& description);
void add_choice(CLI::App& verb, const std::string& name, std::string& value,
                const std::vector<std::string>& choices, const std::string& description);
// Refused outside `limits`. For int, unsigned, int64_t and size_t.
template <class Number>
void add_number(CLI::App& verb, const std::string& name, Number& value,
                std::pair<Number, Number> limits, const std::string& description);

// What several verbs ask for, in one wording each.
void add_input_argument(CLI::App& verb, std::string& input);  // required
void add_at_option(CLI::App& verb, std::string& at);
void add_host_option(CLI::App& verb, std::string& host);
void add_version_option(CLI::App& verb, std::string& version);
void add_json_flag(CLI::App& verb, bool& json);

// --what: one of node_parts(), or all.
Status check_node_part(const std::string& what);

}  // namespace felixsim::cli
