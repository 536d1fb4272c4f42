// SPDX-License-Identifier: Apache-2.0
#include "model/calc/config_options.h"

#include "model/config/derived.h"

namespace felixsim::calc {
namespace {

// felix/calc/event_sequencer.go flushConfigUpdate: told only if a parsed value changed.
ConfigMerge merge(Config& config, const DatastoreConfig& datastore) {
  ConfigMerge result;
  bool changed = false;
  for (const auto& [source, raw] :
       {std::pair{ConfigSource::datastore_global, &datastore.global},
        std::pair{ConfigSource::datastore_selector, &datastore.selector},
        std::pair{ConfigSource::datastore_host, &datastore.host}}) {
    auto names = config.set_source(source, *raw);
    if (!names) {
      result.fatal = std::move(names.error().message);
      return result;
    }
    changed = changed || !names->empty();
  }
  if (changed) result.update = config.config_update();
  result.live = live_config(config);
  return result;
}

bool is(const Config& config, std::string_view name, std::string_view value) {
  return config.knows(name) && config.text(name) == value;
}

}  // namespace

LiveConfig live_config(const Config& config) {
  return {config.optional_boolean("IpInIpEnabled"), config.optional_boolean("VXLANEnabled"),
          config.text("WorkloadSourceSpoofing") == "Any"};
}

GraphOptions graph_options(std::shared_ptr<Config> config, Symbol hostname,
                           const msg::Encapsulation& encapsulation) {
  GraphOptions options;
  options.hostname = hostname;
  options.combined_routes = facts_of(config->version()).combined_routes;
  options.overlap_suppression =
      config->knows("NFTablesMode") && !is(*config, "NFTablesMode", "Disabled");
  options.ipv6_support = config->boolean("Ipv6Support");
  options.istio_ambient = is(*config, "IstioAmbientMode", "Enabled");
  options.route_source = is(*config, "RouteSource", "WorkloadIPs") ? RouteSource::workload_ips
                                                                   : RouteSource::calico_ipam;
  options.encapsulation = encapsulation;
  options.bpf_enabled = config->boolean("BPFEnabled");
  options.wireguard_enabled = config->boolean("WireguardEnabled");
  options.wireguard_enabled_v6 = config->boolean("WireguardEnabledV6");
  options.program_cluster_routes = is(*config, "ProgramClusterRoutes", "Enabled");
  options.live = live_config(*config);
  options.merge_config = [config = std::move(config)](const DatastoreConfig& datastore) {
    return merge(*config, datastore);
  };
  return options;
}

}  // namespace felixsim::calc
