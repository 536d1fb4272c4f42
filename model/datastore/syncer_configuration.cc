// SPDX-License-Identifier: Apache-2.0
// FelixConfiguration and ClusterInformation, taken apart (configurationprocessor.go,
// clusterinfoprocessor.go). Unset parameters are deleted.
#include "model/datastore/felix_configuration.h"
#include "model/datastore/syncer_job.h"
#include "model/datastore/v1_fields.h"

namespace felixsim {
namespace {

using Kind = ConfigField::Kind;

constexpr std::array cluster_fields{ConfigField{"clusterGUID", "ClusterGUID", Kind::text},
                                    ConfigField{"clusterType", "ClusterType", Kind::text},
                                    ConfigField{"calicoVersion", "CalicoVersion", Kind::text},
                                    ConfigField{"datastoreReady", "DatastoreReady", Kind::boolean},
                                    ConfigField{"variant", "Variant", Kind::text}};

struct Configuration {
  ObjectMeta meta;
  ConfigValues values;
};

// Whose configuration a resource is, by its name: everybody's, one node's, or neither, in which
// case it is passed on whole (extractNode).
struct Scope {
  bool whole = false;
  Symbol node;
};

Scope scope_of(std::string_view name) {
  constexpr std::string_view node_prefix = "node.";
  if (name == "default") return {};
  if (name.starts_with(node_prefix)) return {false, Symbol(name.substr(node_prefix.size()))};
  return {true, {}};
}

Key config_key(Symbol node, std::string_view parameter) {
  if (node.empty()) return GlobalConfigKey{Symbol(parameter)};
  return HostConfigKey{node, Symbol(parameter)};
}

void emit_parameter(SyncerJob& job, Symbol node, std::string_view parameter,
                    const std::string* text) {
  // Readiness is the whole cluster's; a node's has no key, of which Felix's syncer dies
  // (watchercache.go handleConvertedWatchEvent).
  if (parameter == "DatastoreReady") {
    if (!node.empty()) {
      if (job.value != nullptr) job.panic = nil_pointer_panic;
      return;
    }
    job.emit(ReadyFlagKey{}, text ? std::optional(ReadyFlag{*text == "true"}) : std::nullopt);
    return;
  }
  job.emit(config_key(node, parameter), text ? std::optional(RawText{*text}) : std::nullopt);
}

// `overrides` come from annotations; those outside the table are remembered in `extra`, so that
// they can be deleted when they go.
void emit_all(SyncerJob& job, Symbol node, std::span<const ConfigField> fields,
              const ConfigValues& values, StringMap overrides, std::set<std::string>& extra) {
  for (const ConfigField& field : fields) {
    const auto given = overrides.find(std::string(field.parameter));
    const auto set = values.find(field.json_name);
    const std::string* text = given != overrides.end() ? &given->second
                              : set != values.end()    ? &set->second
                                                       : nullptr;
    emit_parameter(job, node, field.parameter, text);
    if (given != overrides.end()) overrides.erase(given);
  }
  for (const auto& [name, value] : overrides) extra.insert(name);
  for (const auto& name : extra) {
    const auto given = overrides.find(name);
    emit_parameter(job, node, name, given != overrides.end() ? &given->second : nullptr);
  }
}

void sync_configuration(SyncerJob& job, std::span<const ConfigField> fields, bool takes_annotations,
                        std::set<std::string>& extra) {
  const Scope scope = scope_of(job.key.name.view());
  if (scope.whole) return sync_as_it_is(job);
  Configuration config;
  if (job.value != nullptr) {
    JsonReader in;
    in.object(*job.value, [&](FieldName part, JsonView body) {
      if (part.is("metadata")) read_metadata(in, body, config.meta);
      if (!part.is("spec")) return;
      read_configuration(in, body, fields, config.values);
      if (in.ok()) job.panic = configuration_panic(body);
    });
    if (!in.ok()) {
      job.unreadable = in.error();
      config = {};
    }
  }
  emit_all(job, scope.node, fields, config.values,
           takes_annotations ? configuration_annotations(config.meta.annotations) : StringMap{},
           extra);
}

}  // namespace

void sync_felix_configuration(SyncerJob& job) {
  sync_configuration(job, felix_configuration_fields(), true, job.memory.extra_felix_parameters);
}

void sync_cluster_information(SyncerJob& job) {
  sync_configuration(job, cluster_fields, false, job.memory.extra_cluster_parameters);
}

}  // namespace felixsim
