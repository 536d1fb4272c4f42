// SPDX-License-Identifier: Apache-2.0
// Family config: the parameter table, values, sources, precedence, mark bits and derived values.
// The kind of a line is told by its keys, so that a file may have any name.
#include <fmt/format.h>

#include "conform.h"
#include "model/config/config.h"
#include "model/config/derived.h"
#include "model/config/marks.h"

namespace felixsim::conform {
namespace {

json to_json(bool value) { return value; }
json to_json(int64_t value) { return value; }
json to_json(uint32_t value) { return value; }
json to_json(Nanoseconds value) { return {{"ns", value.count}}; }
json to_json(const std::string& value) { return value; }
json to_json(const Ip& value) { return value.str(); }
json to_json(const Regexp& value) { return {{"regexp", value.pattern}}; }
json to_json(const Dscp& value) {
  return value.name.empty() ? json(value.number) : json(value.name);
}
json to_json(const Port& value) {
  return value.first == value.last ? json(value.first)
                                   : json(fmt::format("{}:{}", value.first, value.last));
}
json to_json(const IndexRange& value) { return {{"Min", value.first}, {"Max", value.last}}; }
json to_json(const ProtoPort& value) {
  json port = {{"protocol", value.protocol}, {"port", value.port}};
  if (!value.net.empty()) port["net"] = value.net;
  return port;
}
json to_json(const std::vector<Regexp>& value) {
  json list = json::array();
  for (const Regexp& regexp : value) list.push_back(regexp.pattern);
  return {{"regexps", list}};
}
template <class T>
json to_json(const std::vector<T>& value) {
  json list = json::array();
  for (const T& item : value) list.push_back(to_json(item));
  return list;
}
template <class T>
json to_json(const std::map<std::string, T>& value) {
  json object = json::object();
  for (const auto& [key, item] : value) object[key] = to_json(item);
  return object;
}
template <class T>
json to_json(const Nullable<T>& value) {
  return value ? to_json(*value) : json();
}
// A nil map of durations was recorded as an empty one.
json to_json(const Nullable<std::map<std::string, Nanoseconds>>& value) {
  return value ? to_json(*value) : json::object();
}

json value_json(const ConfigValue& value) {
  return std::visit([](const auto& typed) { return to_json(typed); }, value);
}

using Difference = std::optional<std::string>;

Difference both_fail(const json& want, bool failed, const std::string& why) {
  if (want.contains("fatal") == failed) return std::nullopt;
  return failed ? "want no error, got: " + why : "want an error, got none";
}

json strings_json(const StringMap& map) {
  json object = json::object();
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

StringMap string_map(const json& object) {
  StringMap map;
  for (const auto& [key, value] : object.items()) map[key] = value.get<std::string>();
  return map;
}

Difference check_parameter(const json& line, FelixVersion version) {
  const std::string name = line["name"];
  const int position = find_parameter(name, version);
  if (position < 0) return "unknown parameter";
  const Parameter& parameter = parameters(version)[static_cast<size_t>(position)];
  const Config fresh(version);
  const json got = {{"name", parameter.name},
                    {"kind", kind_name(parameter.kind)},
                    {"args", parameter.arguments},
                    {"default", value_json(fresh.value(name))},
                    {"default_raw", parameter.default_raw},
                    {"zero", value_json(zero_value(parameter.kind))},
                    {"die_on_parse_failure", parameter.has(die_on_fail)},
                    {"local", parameter.has(local_only)},
                    {"non_zero", parameter.has(non_zero)}};
  json want = line;
  want.erase("go_type");  // Go's name of the value's type; the value itself is compared
  if (parameter.help.empty()) return "no help";
  return first_difference(want, got);
}

Difference check_value(const json& line, FelixVersion version) {
  const std::string name = line["name"];
  Config config(version);
  const auto changed = config.set_source(ConfigSource::environment, {{name, line["raw"]}});
  if (auto d = both_fail(line, !changed, changed ? "" : changed.error().message)) return d;
  if (!changed) return std::nullopt;
  if (line.contains("parse_err") == config.explain(name).problem.empty())
    return fmt::format("want parse error: {}", line.contains("parse_err"));
  if (!line.contains("value")) return std::nullopt;
  return first_difference(line["value"], value_json(config.value(name)), "value");
}

json changed_values(const Config& config) {
  const Config fresh(config.version());
  json values = json::object();
  for (const Parameter& parameter : parameters(config.version()))
    if (config.value(parameter.name) != fresh.value(parameter.name))
      values[std::string(parameter.name)] = value_json(config.value(parameter.name));
  return values;
}

// What a local source's raw values come to. Parameters that the line names though they equal the
// default are compared as well.
Difference check_source(const json& line, const StringMap& raw, ConfigSource source,
                        FelixVersion version) {
  if (auto d = first_difference(line["raw"], strings_json(raw), "raw")) return d;
  Config config(version);
  const auto changed = config.set_source(source, raw);
  if (auto d = both_fail(line, !changed, changed ? "" : changed.error().message)) return d;
  if (!changed) return std::nullopt;
  if (auto d =
          first_difference(line["raw_values"], strings_json(config.raw_values()), "raw_values"))
    return d;
  json got = changed_values(config);
  for (const auto& [name, value] : line["values"].items())
    if (config.knows(name)) got[name] = value_json(config.value(name));
  return first_difference(line["values"], got, "values");
}

Difference check_file(const json& line, FelixVersion version) {
  const auto raw = load_config_file(line["text"].get<std::string>());
  if (line.contains("err") != !raw)
    return raw ? "want an error, got none" : "want no error, got: " + raw.error().message;
  if (!raw) return std::nullopt;
  return check_source(line, *raw, ConfigSource::file, version);
}

Difference check_environment(const json& line, FelixVersion version) {
  const auto entries = line["environ"].get<std::vector<std::string>>();
  return check_source(line, config_from_environment(entries), ConfigSource::environment, version);
}

ConfigSource source_named(const std::string& name) {
  if (name == "datastore-global") return ConfigSource::datastore_global;
  if (name == "datastore-selector") return ConfigSource::datastore_selector;
  if (name == "datastore-host") return ConfigSource::datastore_host;
  if (name == "file") return ConfigSource::file;
  if (name == "env") return ConfigSource::environment;
  return ConfigSource::internal_override;
}

Difference check_precedence(const json& line, FelixVersion version) {
  Config config(version);
  int number = 0;
  for (const json& step : line["steps"]) {
    const std::string where = fmt::format("steps[{}]", number++);
    const auto changed = config.set_source(source_named(step["source"]), string_map(step["set"]));
    json failing = step;
    if (step.contains("err")) failing["fatal"] = true;
    if (auto d = both_fail(failing, !changed, changed ? "" : changed.error().message))
      return where + ": " + *d;
    if (!changed) continue;
    json values = json::object();
    for (const auto& [name, value] : step["values"].items())
      if (config.knows(name)) values[name] = value_json(config.value(name));
    const json got = {{"changed", !changed->empty()},
                      {"raw_values", strings_json(config.raw_values())},
                      {"values", values},
                      {"source", step["source"]},
                      {"set", step["set"]}};
    if (auto d = first_difference(step, got, where)) return d;
  }
  return std::nullopt;
}

std::string hex(uint32_t bits) { return fmt::format("0x{:08x}", bits); }

Difference check_marks(const json& line, FelixVersion version) {
  Config config(version);
  const auto changed = config.set_source(ConfigSource::environment, string_map(line["raw"]));
  if (auto d = both_fail(line, !changed, changed ? "" : changed.error().message)) return d;
  if (!changed) return std::nullopt;
  const auto bits = allocate_mark_bits(config, line["ipvs"]);
  if (line.contains("error") != !bits)
    return bits ? "want an error, got none" : "want no error, got: " + bits.error().message;
  if (!bits) return std::nullopt;
  json got = {{"accept", hex(bits->accept)},
              {"pass", hex(bits->pass)},
              {"drop", hex(bits->drop)},
              {"scratch0", hex(bits->scratch0)},
              {"scratch1", hex(bits->scratch1)},
              {"wireguard", hex(bits->wireguard)},
              {"endpoint", hex(bits->endpoint)},
              {"non_cali_endpoint", hex(bits->non_cali_endpoint)},
              {"mask", hex(mark_mask(config))},
              {"ipvs", line["ipvs"]},
              {"raw", line["raw"]}};
  if (line.contains("number_to_mark")) {
    json marks = json::array();
    for (const json& pair : line["number_to_mark"]) {
      const auto mark = nth_mark(bits->endpoint, pair[0]);
      marks.push_back({pair[0], mark ? json(hex(*mark)) : json()});
    }
    got["number_to_mark"] = marks;
  }
  return first_difference(line, got);
}

Difference check_derived(const json& line, FelixVersion version) {
  Config config(version);
  const auto changed = config.set_source(ConfigSource::environment, string_map(line["raw"]));
  if (auto d = both_fail(line, !changed, changed ? "" : changed.error().message)) return d;
  if (!changed) return std::nullopt;
  const json got = {{"raw", line["raw"]},
                    {"filter_allow", filter_allow_action(config)},
                    {"filter_deny", filter_deny_action(config)},
                    {"mangle_allow", mangle_allow_action(config)},
                    {"mark_mask", hex(mark_mask(config))},
                    {"table_refresh_interval", to_json(table_refresh_interval(config))},
                    {"flow_logs_enabled", flow_logs_enabled(config)},
                    {"interface_prefixes", interface_prefixes(config)},
                    {"is_leader", is_leader(config)},
                    {"istio_ambient", istio_ambient(config)},
                    {"kubernetes_provider", kubernetes_provider(config)},
                    {"openstack_active", openstack_active(config)},
                    {"program_cluster_routes", program_cluster_routes(config)},
                    {"route_table_indices", to_json(route_table_indices(config))}};
  return first_difference(line, got);
}

Difference check(const json& line, FelixVersion version) {
  if (line.contains("kind")) return check_parameter(line, version);
  if (line.contains("name")) return check_value(line, version);
  if (line.contains("text")) return check_file(line, version);
  if (line.contains("environ")) return check_environment(line, version);
  if (line.contains("steps")) return check_precedence(line, version);
  if (line.contains("ipvs")) return check_marks(line, version);
  if (line.contains("filter_allow")) return check_derived(line, version);
  return "a line of no known kind";
}

}  // namespace

void run_family(const Options& options, Report& report) {
  const auto version = *parse_felix_version(options.felix_version);
  for (const auto& file : files_in(options.dir, ".jsonl"))
    for_each_line(file, [&](int number, const json& line) {
      if (line.contains("meta")) return;
      report.add(fmt::format("{}:{}", file.filename().string(), number), check(line, version));
    });
}

}  // namespace felixsim::conform
