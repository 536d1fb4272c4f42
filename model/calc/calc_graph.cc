// SPDX-License-Identifier: Apache-2.0
// Only wires. Order matters: of the nodes that get one update, those whose outputs others need come
// first, as in NewCalculationGraph.
//
//                         datastore updates
//                                |
//                        validation filter   (invalid values act as deletions)
//                                |
//      +------------+------------+-----------+----------------+--------------------+
//      |            |            |           |                |                    |
//      |      policies, tiers    |      local endpoints       |         host IPs, nodes, pools,
//      |      profiles           |      (host name filter)    |         blocks, config, services
//      |            |            |           |                |                    |
//      |            +--> active rules <------+--> live        |     passthru, profile decoder,
//      |                 calculator               migrations  |     config batcher, encapsulation
//      |                 |        |                  |        |     resolver
//      |     active rules|        |policy matches    |roles   |                    |
//      |                 v        v                  v        v                    |
//  all endpoints   rule scanner   policy resolver <--+-- BGP peers                 |
//  network sets          |            |                  Istio                     |
//  endpoint slices       | IP sets    | endpoints with                             |
//      |                 v            | their tiers       L3 routes, VTEPs         |
//      +--> IP set member index       |                        |                   |
//           service index             |                        |                   |
//                  |  members         |                        |                   |
//                  v                  v                        v                   v
//                                 event sequencer
//                                        |
//                              messages, in dependency order
//
#include "model/calc/calc_graph.h"

#include "felixsim/check.h"
#include "model/calc/active_rules_calculator.h"
#include "model/calc/bgp_peer_calculator.h"
#include "model/calc/config_batcher.h"
#include "model/calc/dataplane_passthru.h"
#include "model/calc/encapsulation_resolver.h"
#include "model/calc/event_sequencer.h"
#include "model/calc/l3_route_resolver.h"
#include "model/calc/live_migration_calculator.h"
#include "model/calc/policy_resolver.h"
#include "model/calc/profile_decoder.h"
#include "model/calc/rule_scanner.h"
#include "model/calc/service_index.h"
#include "model/calc/shared_ip_sets.h"
#include "model/calc/validation_filter.h"
#include "model/calc/vxlan_resolver.h"
#include "model/selector/ip_set_ids.h"

namespace felixsim::calc {
namespace {

// felix/calc/istio_calculator.go: the namespace's ambient mode, unless the workload opts out, or
// the workload's own.
constexpr std::string_view istio_selector =
    "pcns.istio.io/dataplane-mode == 'ambient' && istio.io/dataplane-mode != 'none' || "
    "istio.io/dataplane-mode == 'ambient'";
constexpr std::string_view istio_ip_set = "all-istio-weps";  // rules.IPSetIDAllIstioWEPs

// The value of an update as T; null for a deletion.
template <class T>
const T* value_of(const Update& update) {
  return update.value ? &std::get<T>(*update.value) : nullptr;
}

}  // namespace

struct CalcGraph::Nodes {
  explicit Nodes(GraphOptions graph_options);

  void count(Edge edge, uint64_t passed = 1) { counts[static_cast<size_t>(edge)] += passed; }
  MemberSink service_member_sink();
  RouteSink route_sink();
  VtepSink vtep_sink();
  void on_ip_set_active(const IpSetDefinition& set);
  void on_ip_set_inactive(const IpSetDefinition& set);
  void use_ip_set(const IpSetDefinition& set);
  void on_computed_match(Symbol selector, const EndpointKey& endpoint, bool matches);
  void add_istio();

  void on_local_endpoint(const EndpointKey& key, const Update& update);
  void to_member_index(const Update& update);
  void to_routes(const Update& update);
  void to_vteps(const Update& update);
  void on_profile(const ResourceKey& key, const Update& update);
  void on_node(const ResourceKey& key, const Update& update);
  void on_resource(const ResourceKey& key, const Update& update);

  // One overload a kind of key.
  void on(const WorkloadEndpointKey& key, const Update& update);
  void on(const HostEndpointKey& key, const Update& update);
  void on(const PolicyKey& key, const Update& update);
  void on(const TierKey& key, const Update& update);
  void on(const ProfileRulesKey& key, const Update& update);
  void on(const ProfileLabelsKey&, const Update&) {}  // labels come with the v3 Profile
  void on(const NetworkSetKey& key, const Update& update);
  void on(const IpPoolKey& key, const Update& update);
  void on(const BlockKey& key, const Update& update);
  void on(const HostIpKey& key, const Update& update);
  void on(const HostConfigKey& key, const Update& update);
  void on(const GlobalConfigKey& key, const Update& update);
  void on(const ReadyFlagKey&, const Update& update);
  void on(const WireguardKey& key, const Update& update);
  void on(const ResourceKey& key, const Update& update) { on_resource(key, update); }

  GraphOptions options;
  const bool owns_ip_sets;  // nobody else gives them updates
  std::shared_ptr<SharedIpSets> ip_sets;
  IpSetUses ip_set_uses;
  EventSequencer sequencer;
  EndpointNumbers endpoints;  // local ones
  PolicyResolver resolver;
  LiveMigrationCalculator migrations;
  ServiceIndex services;
  RuleScanner scanner;
  ActiveRulesCalculator active_rules;
  BgpPeerCalculator bgp_peers;
  DataplanePassthru passthru;
  ConfigBatcher config;
  EncapsulationResolver encapsulation;
  std::optional<L3RouteResolver> routes;
  std::optional<VxlanResolver> vteps;
  const Symbol istio{istio_selector};
  bool been_in_sync = false, send_in_sync = false;
  EdgeCounts counts{};
};

CalcGraph::Nodes::Nodes(GraphOptions graph_options)
    : options(std::move(graph_options)),
      owns_ip_sets(!options.shared_ip_sets),
      ip_sets(owns_ip_sets ? std::make_shared<SharedIpSets>(options.overlap_suppression)
                           : options.shared_ip_sets),
      ip_set_uses(ip_sets),
      sequencer(options.merge_config, options.live, &ip_set_uses),
      resolver(endpoints, sequencer, options.sends_workloads),
      migrations(sequencer, resolver),
      services(service_member_sink()),
      scanner(
          sequencer, options.shared_rules, [this](const auto& set) { on_ip_set_active(set); },
          [this](const auto& set) { on_ip_set_inactive(set); }),
      active_rules(endpoints, scanner, resolver,
                   [this](Symbol selector, const EndpointKey& endpoint, bool matches) {
                     on_computed_match(selector, endpoint, matches);
                   }),
      bgp_peers(options.hostname, resolver),
      passthru(sequencer, options.ipv6_support),
      config(sequencer, options.hostname),
      encapsulation(sequencer) {
  migrations.set_active_rules(&active_rules);
  if (options.needs_routes())
    routes.emplace(options.hostname, route_sink(), options.use_node_resource_updates,
                   options.route_source, options.combined_routes);
  if (options.needs_vteps()) vteps.emplace(vtep_sink(), options.use_node_resource_updates);
  if (options.istio_ambient) add_istio();
}

MemberSink CalcGraph::Nodes::service_member_sink() {
  return {[this](Symbol set, const msg::IpSetMember& member) {
            count(Edge::service_members_to_sequencer);
            sequencer.on_ip_set_member_added(set, member);
          },
          [this](Symbol set, const msg::IpSetMember& member) {
            count(Edge::service_members_to_sequencer);
            sequencer.on_ip_set_member_removed(set, member);
          }};
}

RouteSink CalcGraph::Nodes::route_sink() {
  return {[this](const msg::RouteUpdate& route) {
            count(Edge::routes_to_sequencer);
            sequencer.on_route_update(route);
          },
          [this](const Cidr& dst) {
            count(Edge::routes_to_sequencer);
            sequencer.on_route_remove(dst);
          },
          [this](std::string why) { sequencer.on_panic(std::move(why)); }};
}

VtepSink CalcGraph::Nodes::vtep_sink() {
  return {[this](const msg::VtepUpdate& vtep) {
            count(Edge::vteps_to_sequencer);
            sequencer.on_vtep_update(vtep);
          },
          [this](Symbol node) {
            count(Edge::vteps_to_sequencer);
            sequencer.on_vtep_remove(node);
          }};
}

void CalcGraph::Nodes::add_istio() {
  const auto selector = parse_selector(istio_selector);
  FELIXSIM_CHECK(selector.has_value());
  const Symbol ip_set(istio_ip_set);
  use_ip_set({ip_set, msg::IpSetType::ip, *selector, named_port_protocol_none, {}, {}});
  active_rules.add_computed_selector(istio, *selector);
}

void CalcGraph::Nodes::on_ip_set_active(const IpSetDefinition& set) {
  count(Edge::scanner_sets_to_sequencer);
  if (!set.service.empty()) {
    count(Edge::scanner_to_services);
    sequencer.on_ip_set_added(set.id, set.type);
    return services.add_ip_set(set.id, set.service);
  }
  count(Edge::scanner_to_member_index);
  use_ip_set(set);
}

void CalcGraph::Nodes::use_ip_set(const IpSetDefinition& set) {
  sequencer.on_ip_set_added(set.id, set.type);
  ip_set_uses.add(set);
}

void CalcGraph::Nodes::on_ip_set_inactive(const IpSetDefinition& set) {
  if (!set.service.empty()) {
    count(Edge::scanner_to_services);
    services.remove_ip_set(set.id);
  } else {
    count(Edge::scanner_to_member_index);
    ip_set_uses.remove(set.id);
  }
  count(Edge::scanner_sets_to_sequencer);
  sequencer.on_ip_set_removed(set.id);
}

void CalcGraph::Nodes::on_computed_match(Symbol selector, const EndpointKey& endpoint,
                                         bool matches) {
  count(Edge::matches_to_roles);
  migrations.on_computed_match(selector, endpoint, matches);
  const auto* workload = std::get_if<WorkloadEndpointKey>(&endpoint);
  if (!options.istio_ambient || selector != istio || !workload) return;
  count(Edge::matches_to_istio);
  count(Edge::istio_to_resolver);
  resolver.on_istio_ambient(*workload, matches);
}

// Live migrations before the active rules: they must know an endpoint whose selector matches.
void CalcGraph::Nodes::on_local_endpoint(const EndpointKey& key, const Update& update) {
  count(Edge::all_to_local);
  const auto* workload = std::get_if<WorkloadEndpointKey>(&key);
  if (workload) {
    count(Edge::local_to_migrations);
    migrations.on_endpoint(*workload, update.value != nullptr);
  }
  count(Edge::local_to_active_rules);
  active_rules.on_endpoint(key, update.value);
  count(Edge::local_to_resolver);
  resolver.on_endpoint(key, update.value);
  if (workload) {
    count(Edge::local_to_peers);
    bgp_peers.on_endpoint(*workload, value_of<WorkloadEndpoint>(update));
  }
}

void CalcGraph::Nodes::to_member_index(const Update& update) {
  if (owns_ip_sets) ip_sets->on_update(update);
}

void CalcGraph::Nodes::to_routes(const Update& update) {
  if (!routes) return;
  count(Edge::routes_in);
  routes->on_update(update);
}

void CalcGraph::Nodes::to_vteps(const Update& update) {
  if (!vteps) return;
  count(Edge::vteps_in);
  vteps->on_update(update);
}

void CalcGraph::Nodes::on(const WorkloadEndpointKey& key, const Update& update) {
  const bool local = key.host == options.hostname;
  if (local) on_local_endpoint(key, update);
  to_member_index(update);
  if (local || options.route_source == RouteSource::workload_ips) to_routes(update);
}

void CalcGraph::Nodes::on(const HostEndpointKey& key, const Update& update) {
  if (key.host == options.hostname) on_local_endpoint(key, update);
  to_member_index(update);
}

void CalcGraph::Nodes::on(const PolicyKey& key, const Update& update) {
  count(Edge::policies_to_active_rules);
  active_rules.on_policy(key, update.value);
  count(Edge::policies_to_resolver);
  resolver.on_policy(key, value_of<Policy>(update));
}

void CalcGraph::Nodes::on(const TierKey& key, const Update& update) {
  count(Edge::policies_to_resolver);
  resolver.on_tier(key.name, value_of<Tier>(update));
}

void CalcGraph::Nodes::on(const ProfileRulesKey& key, const Update& update) {
  count(Edge::profile_rules_to_active_rules);
  active_rules.on_profile_rules(key.name, update.value);
}

void CalcGraph::Nodes::on(const NetworkSetKey&, const Update& update) { to_member_index(update); }

void CalcGraph::Nodes::on(const IpPoolKey& key, const Update& update) {
  const auto* pool = value_of<IpPool>(update);
  count(Edge::passthru_in);
  passthru.on_ip_pool(key, pool);
  to_routes(update);
  count(Edge::pools_to_encapsulation);
  encapsulation.on_ip_pool(key, pool);
}

void CalcGraph::Nodes::on(const BlockKey&, const Update& update) { to_routes(update); }

void CalcGraph::Nodes::on(const HostIpKey& key, const Update& update) {
  count(Edge::passthru_in);
  passthru.on_host_ip(key.host, value_of<HostIp>(update));
  to_routes(update);
  to_vteps(update);
}

void CalcGraph::Nodes::on(const HostConfigKey& key, const Update& update) {
  count(Edge::config_in);
  to_vteps(update);
  config.on_host_config(key, value_of<RawText>(update));
}

void CalcGraph::Nodes::on(const GlobalConfigKey& key, const Update& update) {
  count(Edge::config_in);
  config.on_global_config(key.name, value_of<RawText>(update));
}

void CalcGraph::Nodes::on(const ReadyFlagKey&, const Update& update) {
  count(Edge::config_in);
  config.on_ready_flag(value_of<ReadyFlag>(update));
}

void CalcGraph::Nodes::on(const WireguardKey& key, const Update& update) {
  count(Edge::passthru_in);
  passthru.on_wireguard(key.node, value_of<Wireguard>(update));
}

void CalcGraph::Nodes::on_profile(const ResourceKey& key, const Update& update) {
  const auto* profile = value_of<Profile>(update);
  count(Edge::labels_to_active_rules);
  active_rules.on_profile_labels(key.name, profile);
  to_member_index(update);
  count(Edge::peers_in);
  bgp_peers.on_profile_labels(key.name, profile);
  count(Edge::profiles_to_decoder);
  decode_profile(sequencer, key.name, profile);
}

void CalcGraph::Nodes::on_node(const ResourceKey& key, const Update& update) {
  const auto* node = value_of<Node>(update);
  count(Edge::peers_in);
  bgp_peers.on_node(key.name, node);
  count(Edge::passthru_in);
  passthru.on_node(key.name, node);
  to_routes(update);
  to_vteps(update);
  count(Edge::config_in);
  config.on_node(key.name, node);
}

void CalcGraph::Nodes::on_resource(const ResourceKey& key, const Update& update) {
  const std::string_view kind = key.kind.view();
  if (kind == "Profile") return on_profile(key, update);
  if (kind == "Node") return on_node(key, update);
  if (kind == "LiveMigration") {
    count(Edge::migrations_in);
    return migrations.on_live_migration(key, value_of<LiveMigration>(update));
  }
  if (kind == "BGPPeer") {
    count(Edge::peers_in);
    return bgp_peers.on_bgp_peer(key.name, value_of<BgpPeer>(update));
  }
  if (kind == "FelixConfiguration") {
    count(Edge::config_in);
    return config.on_felix_configuration(key.name, value_of<FelixConfiguration>(update));
  }
  if (kind == "KubernetesEndpointSlice") {
    count(Edge::all_to_services);
    return services.on_update(update);
  }
  if (kind == "KubernetesService") {
    count(Edge::passthru_in);
    return passthru.on_service(key, value_of<Service>(update));
  }
  if (kind == "BGPConfiguration" && key.name.view() == "default") {
    count(Edge::passthru_in);
    return passthru.on_bgp_configuration(value_of<BgpConfiguration>(update));
  }
}

CalcGraph::CalcGraph(GraphOptions options) : nodes_(std::make_unique<Nodes>(std::move(options))) {
  describe();  // checks that the graph has no cycle
}
CalcGraph::~CalcGraph() = default;
CalcGraph::CalcGraph(CalcGraph&&) noexcept = default;
CalcGraph& CalcGraph::operator=(CalcGraph&&) noexcept = default;

void CalcGraph::on_updates(std::span<const Update> updates, std::vector<InvalidUpdate>* invalid) {
  for (size_t i = 0; i < updates.size(); ++i) {
    auto reason = find_invalid(updates[i], nodes_->sequencer.live_config());
    if (!reason) {
      on_valid_update(updates[i]);
      continue;
    }
    on_valid_update({updates[i].key, nullptr});
    if (invalid) invalid->push_back({i, std::move(*reason)});
  }
}

void CalcGraph::on_valid_update(const Update& update) {
  if (panic()) return;
  if (const auto* fatal = update.value ? std::get_if<FelixPanic>(update.value.get()) : nullptr)
    return nodes_->sequencer.on_panic(fatal->why);
  std::visit([&](const auto& key) { nodes_->on(key, update); }, update.key);
}

void CalcGraph::on_status(SyncStatus status) {
  if (status != SyncStatus::in_sync || panic()) return;
  nodes_->resolver.on_in_sync();
  nodes_->config.on_in_sync();
  nodes_->encapsulation.on_in_sync();
  if (nodes_->been_in_sync) return;
  nodes_->been_in_sync = nodes_->send_in_sync = true;
}

std::vector<msg::Message> CalcGraph::flush() {
  std::vector<msg::Message> out;
  if (panic()) return out;
  nodes_->resolver.flush();
  nodes_->sequencer.flush(out);
  if (nodes_->owns_ip_sets) nodes_->ip_sets->end_epoch();
  if (nodes_->send_in_sync) out.emplace_back(msg::InSync{});
  nodes_->send_in_sync = false;
  nodes_->count(Edge::sequencer_to_dataplane, out.size());
  return out;
}

EndpointNumber CalcGraph::number_of(const EndpointKey& endpoint) const {
  return nodes_->endpoints.find(endpoint).value_or(no_endpoint);
}

TierPtrs CalcGraph::tiers_of(EndpointNumber endpoint) const {
  return nodes_->resolver.tiers_of(endpoint);
}

const std::optional<std::string>& CalcGraph::panic() const {
  const auto& panic = nodes_->sequencer.panic();
  return panic ? panic : nodes_->ip_sets->panic();
}

const std::string& CalcGraph::panic_cause() const { return nodes_->sequencer.panic_cause(); }

const LiveConfig& CalcGraph::live_config() const { return nodes_->sequencer.live_config(); }

GraphDescription CalcGraph::describe() const {
  const GraphOptions& options = nodes_->options;
  EdgeCounts counts = nodes_->counts;
  const auto set = [&](Edge edge, uint64_t passed) { counts[static_cast<size_t>(edge)] = passed; };
  const IndexTraffic taken = nodes_->ip_sets->taken() - options.index_traffic_before;
  set(Edge::all_to_member_index, taken.items);
  set(Edge::profiles_to_member_index, taken.profiles);
  set(Edge::members_to_sequencer, nodes_->ip_set_uses.members_told());
  return describe_graph(counts, options.needs_routes(), options.needs_vteps(),
                        options.istio_ambient);
}

}  // namespace felixsim::calc
