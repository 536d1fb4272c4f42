// SPDX-License-Identifier: Apache-2.0
// What several verbs ask for, in one wording each. A text that is bound must outlive the parsing.
#pragma once

#include <string>

#include "felixsim/result.h"

namespace CLI {
class App;
}

namespace felixsim::cli {

void add_input_argument(CLI::App& verb, std::string& input);  // required
void add_at_option(CLI::App& verb, std::string& at);
void add_host_option(CLI::App& verb, std::string& host);
void add_version_option(CLI::App& verb, std::string& version);  // `version` holds the default
void add_json_flag(CLI::App& verb, bool& json);

// --what: one of node_parts(), or all.
Status check_node_part(const std::string& what);

}  // namespace felixsim::cli
