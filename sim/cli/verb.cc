// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/verb.h"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "felixsim/near_name.h"
#include "sim/report/node_texts.h"

namespace felixsim::cli {

namespace {

Action& chosen_action() {
  static Action action;
  return action;
}

}  // namespace

CLI::App& add_verb(CLI::App& app, const std::string& name, const std::string& description) {
  return *app.add_subcommand(name, description);
}

void set_footer(CLI::App& verb, const std::string& text) { verb.footer(text); }

void on_run(CLI::App& verb, Action action) {
  verb.callback([action = std::move(action)] { chosen_action() = action; });
}

Result<int> run_chosen_action() { return chosen_action()(); }

void add_option(CLI::App& verb, const std::string& name, std::string& value,
                const std::string& description) {
  verb.add_option(name, value, description);
}
void add_option(CLI::App& verb, const std::string& name, std::vector<std::string>& values,
                const std::string& description) {
  verb.add_option(name, values, description);
}

void add_required(CLI::App& verb, const std::string& name, std::string& value,
                  const std::string& description) {
  verb.add_option(name, value, description)->required();
}
void add_required(CLI::App& verb, const std::string& name, std::vector<std::string>& values,
                  const std::string& description) {
  verb.add_option(name, values, description)->required();
}

void add_flag(CLI::App& verb, const std::string& name, bool& value,
              const std::string& description) {
  verb.add_flag(name, value, description);
}

void add_choice(CLI::App& verb, const std::string& name, std::string& value,
                const std::vector<std::string>& choices, const std::string& description) {
  verb.add_option(name, value, description)->check(CLI::IsMember(choices));
}

template <class Number>
void add_number(CLI::App& verb, const std::string& name, Number& value,
                std::pair<Number, Number> limits, const std::string& description) {
  verb.add_option(name, value, description)->check(CLI::Range(limits.first, limits.second));
}
template void add_number(CLI::App&, const std::string&, int&, std::pair<int, int>,
                         const std::string&);
template void add_number(CLI::App&, const std::string&, unsigned&, std::pair<unsigned, unsigned>,
                         const std::string&);
template void add_number(CLI::App&, const std::string&, int64_t&, std::pair<int64_t, int64_t>,
                         const std::string&);
template void add_number(CLI::App&, const std::string&, size_t&, std::pair<size_t, size_t>,
                         const std::string&);

void add_input_argument(CLI::App& verb, std::string& input) {
  add_required(verb, "INPUT", input,
               "event log, scenario, recording, capture or folder of manifests");
}

void add_at_option(CLI::App& verb, std::string& at) {
  add_option(verb, "--at", at,
             "rev:N, seq:N, step:N, step:NAME, seconds or 2024-01-02T14:03:00Z (default: the end)");
}

void add_host_option(CLI::App& verb, std::string& host) {
  add_option(verb, "--host", host, "JSON file with facts, env, felix_cfg of an unrecorded host");
}

void add_version_option(CLI::App& verb, std::string& version) {
  add_option(verb, "--felix-version", version, "v3.32 (default) or v3.28");
}

void add_json_flag(CLI::App& verb, bool& json) { add_flag(verb, "--json", json, "print JSON"); }

Status check_node_part(const std::string& what) {
  std::vector<std::string> parts = node_parts();
  parts.emplace_back("all");
  if (std::find(parts.begin(), parts.end(), what) != parts.end()) return {};
  return invalid(fmt::format("--what {}: there is no such part", what),
                 fmt::format("{}use one of {}", did_you_mean(what, parts), fmt::join(parts, ", ")));
}

}  // namespace felixsim::cli
