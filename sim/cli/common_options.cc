// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/common_options.h"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "felixsim/near_name.h"
#include "sim/report/node_texts.h"

namespace felixsim::cli {

void add_input_argument(CLI::App& verb, std::string& input) {
  verb.add_option("INPUT", input, "event log, scenario, recording, capture or folder of manifests")
      ->required();
}

void add_at_option(CLI::App& verb, std::string& at) {
  verb.add_option("--at", at,
                  "rev:N, seq:N, step:N, step:NAME, seconds or 2024-01-02T14:03:00Z "
                  "(default: the end)");
}

void add_host_option(CLI::App& verb, std::string& host) {
  verb.add_option("--host", host, "JSON file with facts, env, felix_cfg of an unrecorded host");
}

void add_version_option(CLI::App& verb, std::string& version) {
  verb.add_option("--felix-version", version, "v3.32 (default) or v3.28");
}

void add_json_flag(CLI::App& verb, bool& json) { verb.add_flag("--json", json, "print JSON"); }

Status check_node_part(const std::string& what) {
  std::vector<std::string> parts = node_parts();
  parts.emplace_back("all");
  if (std::find(parts.begin(), parts.end(), what) != parts.end()) return {};
  return invalid(fmt::format("--what {}: there is no such part", what),
                 fmt::format("{}use one of {}", did_you_mean(what, parts), fmt::join(parts, ", ")));
}

}  // namespace felixsim::cli
