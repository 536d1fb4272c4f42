// SPDX-License-Identifier: Apache-2.0
#include "model/config/config.h"

#include "felixsim/check.h"
#include "model/config/go_text.h"

namespace felixsim {

std::string_view source_name(ConfigSource source) {
  switch (source) {
    case ConfigSource::built_in:
      return "<default>";
    case ConfigSource::datastore_global:
      return "datastore (global)";
    case ConfigSource::datastore_selector:
      return "datastore (per-node-selector)";
    case ConfigSource::datastore_host:
      return "datastore (per-host)";
    case ConfigSource::file:
      return "config file";
    case ConfigSource::environment:
      return "environment variable";
    case ConfigSource::internal_override:
      return "internal override";
  }
  return "<unknown>";
}

namespace {

bool is_local(ConfigSource source) {
  return source != ConfigSource::datastore_global && source != ConfigSource::datastore_selector &&
         source != ConfigSource::datastore_host;
}

bool means_none(std::string_view raw) { return go::lower(raw) == "none"; }

ConfigValue default_value(const Parameter& parameter, const ConfigHost& host) {
  if (parameter.name == "FelixHostname") return host.hostname;
  if (parameter.default_raw.empty()) return zero_value(parameter.kind);
  if (parameter.has(default_as_is)) return std::string(parameter.default_raw);
  auto parsed = parse_parameter(parameter, parameter.default_raw, {});
  FELIXSIM_CHECK(parsed.has_value());
  return std::move(*parsed);
}

// The default that replaces an invalid value: unlike the default of a fresh configuration it does
// not know the machine's name (Metadata.Default).
ConfigValue fallback_value(const Parameter& parameter) { return default_value(parameter, {}); }

// A raw value as one parameter sees it: a value, the default with a problem, or Felix's death.
struct Reading {
  ConfigValue value;
  std::string problem;
};

Result<Reading> read_value(const Parameter& parameter, const std::string& raw,
                           const ConfigHost& host) {
  if (means_none(raw)) {
    if (parameter.has(non_zero))
      return invalid(fmt::format("parameter {} cannot be none", parameter.name),
                     "leave it out for its default");
    return Reading{zero_value(parameter.kind), ""};
  }
  auto parsed = parse_parameter(parameter, raw, host);
  if (parsed) return Reading{std::move(*parsed), ""};
  if (parameter.has(die_on_fail))
    return invalid(
        fmt::format("parameter {} = '{}': {}", parameter.name, raw, parsed.error().message),
        parsed.error().help);
  return Reading{fallback_value(parameter), parsed.error().message};
}

StringMap without_empty(const StringMap& raw) {
  StringMap kept;
  for (const auto& [name, value] : raw)
    if (!value.empty()) kept.emplace(name, value);
  return kept;
}

constexpr ConfigSource source_at(int number) { return static_cast<ConfigSource>(number); }

}  // namespace

Config::Config(FelixVersion version, ConfigHost host) : version_(version), host_(std::move(host)) {
  for (const Parameter& parameter : parameters(version_))
    values_.push_back(default_value(parameter, host_));
}

Result<std::vector<std::string>> Config::set_source(ConfigSource source, const StringMap& raw) {
  auto& slot = sources_[static_cast<size_t>(source)];
  auto before = std::move(slot);
  slot = without_empty(raw);
  auto changed = resolve();
  if (!changed) slot = std::move(before);
  return changed;
}

Result<std::vector<std::string>> Config::apply(const msg::ConfigUpdate& update) {
  auto before = sources_;
  for (auto& slot : sources_) slot.reset();
  for (const auto& [number, named] : update.sources) {
    FELIXSIM_CHECK(number < static_cast<uint32_t>(config_source_count));
    sources_[number] = named.second;
  }
  auto changed = resolve();
  if (!changed) sources_ = std::move(before);
  return changed;
}

Result<std::vector<std::string>> Config::override_parameter(const std::string& name,
                                                            const std::string& value) {
  StringMap overrides = raw_values(ConfigSource::internal_override);
  overrides[name] = value;
  return set_source(ConfigSource::internal_override, overrides);
}

// Highest priority first, as resolve() in Felix: lower sources are still checked, and may be fatal.
// Names that differ only in case are taken in byte order, the last one wins; Felix leaves that to
// chance.
Result<std::vector<std::string>> Config::resolve() {
  const auto& table = parameters(version_);
  std::vector<ConfigValue> values;
  for (const Parameter& parameter : table) values.push_back(default_value(parameter, host_));
  StringMap raw_values;
  std::map<std::string, int> taken_by;  // lower-case name -> source number
  std::vector<std::string> warnings;

  for (int number = config_source_count - 1; number > 0; --number) {
    const auto& slot = sources_[static_cast<size_t>(number)];
    if (!slot) continue;
    const std::string_view source = source_name(source_at(number));
    for (const auto& [given, raw] : *slot) {
      const std::string key = go::lower(given);
      const auto taken = taken_by.find(key);
      const bool wins = taken == taken_by.end() || number >= taken->second;
      const int position = find_parameter(given, version_);
      if (position < 0) {
        if (wins) {
          raw_values[given] = raw;
          taken_by[key] = number;
        }
        warnings.push_back(fmt::format("{}: unknown parameter '{}' is ignored", source, given));
        continue;
      }
      const Parameter& parameter = table[static_cast<size_t>(position)];
      if (parameter.has(local_only) && !is_local(source_at(number))) {
        warnings.push_back(fmt::format("{}: local-only parameter {} = '{}' is ignored", source,
                                       parameter.name, raw));
        continue;
      }
      auto reading = read_value(parameter, raw, host_);
      if (!reading)
        return tl::unexpected(std::move(reading.error()).with_context(std::string(source)));
      if (!reading->problem.empty())
        warnings.push_back(fmt::format("{}: parameter {} = '{}': {}; the default is used", source,
                                       parameter.name, raw, reading->problem));
      if (!wins) continue;
      values[static_cast<size_t>(position)] = std::move(reading->value);
      raw_values[std::string(parameter.name)] = raw;
      taken_by[key] = number;
    }
  }

  std::vector<std::string> changed;
  for (size_t i = 0; i < table.size(); ++i)
    if (values[i] != values_[i]) changed.emplace_back(table[i].name);
  values_ = std::move(values);
  raw_values_ = std::move(raw_values);
  warnings_ = std::move(warnings);
  return changed;
}

Status Config::validate() const {
  if (text("FelixHostname").empty())
    return invalid("the node's name is unknown", "set FELIX_FELIXHOSTNAME");
  if (text("DatastoreType") == "etcdv3" && strings("EtcdEndpoints").empty()) {
    if (text("EtcdScheme").empty())
      return invalid("both EtcdEndpoints and EtcdScheme are missing", "set FELIX_ETCDENDPOINTS");
    if (text("EtcdAddr").empty())
      return invalid("both EtcdEndpoints and EtcdAddr are missing", "set FELIX_ETCDENDPOINTS");
  }
  const bool key = !text("TyphaKeyFile").empty(), cert = !text("TyphaCertFile").empty(),
             ca = !text("TyphaCAFile").empty(),
             name = !text("TyphaCN").empty() || !text("TyphaURISAN").empty();
  if ((key || cert || ca || name) && !(key && cert && ca && name))
    return invalid("Typha's TLS parameters are given in part",
                   "give TyphaKeyFile, TyphaCertFile, TyphaCAFile and TyphaCN or TyphaURISAN");
  return {};
}

bool Config::knows(std::string_view name) const { return find_parameter(name, version_) >= 0; }

const ConfigValue& Config::value(std::string_view name) const {
  const int position = find_parameter(name, version_);
  FELIXSIM_CHECK(position >= 0);
  FELIXSIM_CHECK(parameters(version_)[static_cast<size_t>(position)].name == name);
  return values_[static_cast<size_t>(position)];
}

namespace {

template <class T>
const T& as(const ConfigValue& value) {
  const T* typed = std::get_if<T>(&value);
  FELIXSIM_CHECK(typed != nullptr);
  return *typed;
}

template <class T>
const std::vector<T>& items(const ConfigValue& value) {
  static const std::vector<T> none;
  const auto& list = as<Nullable<std::vector<T>>>(value);
  return list ? *list : none;
}

}  // namespace

bool Config::boolean(std::string_view name) const { return as<bool>(value(name)); }
std::optional<bool> Config::optional_boolean(std::string_view name) const {
  return as<Nullable<bool>>(value(name));
}
int64_t Config::integer(std::string_view name) const { return as<int64_t>(value(name)); }
uint32_t Config::mask(std::string_view name) const { return as<uint32_t>(value(name)); }
Nanoseconds Config::duration(std::string_view name) const { return as<Nanoseconds>(value(name)); }
const std::string& Config::text(std::string_view name) const {
  return as<std::string>(value(name));
}
const std::optional<Ip>& Config::address(std::string_view name) const {
  return as<Nullable<Ip>>(value(name));
}
const std::optional<Regexp>& Config::regexp(std::string_view name) const {
  return as<Nullable<Regexp>>(value(name));
}
const std::vector<Regexp>& Config::regexps(std::string_view name) const {
  return as<std::vector<Regexp>>(value(name));
}
const std::vector<std::string>& Config::strings(std::string_view name) const {
  return items<std::string>(value(name));
}
const std::vector<ProtoPort>& Config::ports(std::string_view name) const {
  return items<ProtoPort>(value(name));
}
const std::vector<Port>& Config::port_ranges(std::string_view name) const {
  return items<Port>(value(name));
}

const StringMap& Config::raw_values(ConfigSource source) const {
  static const StringMap none;
  const auto& slot = sources_[static_cast<size_t>(source)];
  return slot ? *slot : none;
}

msg::ConfigUpdate Config::config_update() const {
  msg::ConfigUpdate update{raw_values_, {}};
  for (int number = 0; number < config_source_count; ++number)
    if (const auto& slot = sources_[static_cast<size_t>(number)])
      update.sources[static_cast<uint32_t>(number)] = {std::string(source_name(source_at(number))),
                                                       *slot};
  return update;
}

ConfigExplanation Config::explain(std::string_view name) const {
  const int position = find_parameter(name, version_);
  FELIXSIM_CHECK(position >= 0);
  const Parameter& parameter = parameters(version_)[static_cast<size_t>(position)];
  ConfigExplanation result;
  result.name = parameter.name;
  bool found = false;
  for (int number = config_source_count - 1; number > 0; --number) {
    const auto& slot = sources_[static_cast<size_t>(number)];
    if (!slot || (parameter.has(local_only) && !is_local(source_at(number)))) continue;
    const std::string* last = nullptr;  // of names that differ in case, the one that won
    for (const auto& [given, raw] : *slot)
      if (find_parameter(given, version_) == position) last = &raw;
    if (last == nullptr) continue;
    if (found) {
      result.overridden.emplace_back(source_at(number), *last);
      continue;
    }
    found = true;
    result.source = source_at(number);
    result.raw = *last;
    if (const auto reading = read_value(parameter, *last, host_)) result.problem = reading->problem;
  }
  if (!found)
    result.raw =
        parameter.name == "FelixHostname" ? host_.hostname : std::string(parameter.default_raw);
  return result;
}

bool change_needs_restart(std::string_view name) {
  return name != "CalicoVersion" && name != "ClusterGUID" && name != "ClusterType" &&
         name != "HealthTimeoutOverrides";
}

}  // namespace felixsim
