// SPDX-License-Identifier: Apache-2.0
// Routes, routing rules, neighbours, tunnel forwarding and interface settings compared. Mirrors
// which routes felix/routetable/ownershippol (v3.32.1) takes for Felix's own: those of workload
// interfaces and of its tunnels, and those with its protocol.
#include "model/kernel/link_text.h"
#include "model/kernel/route_text.h"
#include "sim/analysis/verify/drift.h"

namespace felixsim {
namespace {

constexpr int kernel_protocol = 2, local_table = 255, main_table = 254;

bool is_workload(const std::string& device, const VerifyOptions& options) {
  return std::any_of(
      options.interface_prefixes.begin(), options.interface_prefixes.end(),
      [&](const std::string& prefix) { return !prefix.empty() && device.starts_with(prefix); });
}

bool is_kernels(const Route& route) {
  return route.protocol == kernel_protocol || route.table == local_table;
}

// Main, local and default are everybody's; of the others those are Felix's that look into a table
// in which its routes are, by a mark.
bool is_plain(const RoutingRule& rule) {
  return rule.table >= 253 && rule.table <= local_table && !rule.mark && !rule.from && !rule.to;
}

// WireGuard's table, where routes by its device or by none are Felix's.
bool is_in_own_table(const Route& route, const KernelState& predicted) {
  const auto device = predicted.links.find(route.device);
  const bool fits = route.type != Route::Type::unicast || is_calico_tunnel(route.device) ||
                    (device != predicted.links.end() && device->second.wireguard);
  return fits &&
         std::any_of(predicted.rules.begin(), predicted.rules.end(), [&](const RoutingRule& rule) {
           return !is_plain(rule) && rule.table == route.table;
         });
}

std::string line_of(const Route& route) {
  std::string line = print_route(route);
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

class RouteComparer {
 public:
  RouteComparer(std::string part, const KernelState& kernel, const VerifyOptions& options,
                std::vector<Drift>& out)
      : part_(std::move(part)), kernel_(kernel), options_(options), out_(out) {}

  void compare(const std::set<Route>& predicted, const CapturedRoutes& captured) {
    std::set<Route> taken;  // captured ones that are a predicted one with other attributes
    for (const auto& route : predicted) {
      if (is_kernels(route) || !is_felixes(route)) continue;
      if (!captured.all_tables && route.table != main_table) continue;
      if (captured.routes.contains(route))
        find_preferred(route, captured.routes, predicted);
      else
        lost(route, captured.routes, predicted, taken);
    }
    for (const auto& route : captured.routes)
      if (!is_kernels(route) && is_felixes(route) && !predicted.contains(route) &&
          !taken.contains(route))
        add(DriftKind::stale_route, route, {}, {line_of(route)}, stale_cause(route));
  }

 private:
  void add(DriftKind kind, const Route& route, std::vector<std::string> want,
           std::vector<std::string> got, std::string cause) {
    const std::string table =
        route.table == main_table ? "table main" : fmt::format("table {}", route.table);
    out_.push_back({kind, part_, table, std::move(want), std::move(got), std::move(cause)});
  }

  std::string stale_cause(const Route& route) const {
    if (is_workload(route.device, options_))
      return fmt::format(
          "no workload endpoint of {} has this address: a pod that is gone, or a "
          "route added by hand; {}",
          route.device, route_resync);
    return fmt::format(
        "nothing in the input asks for it (a block, a node or a pool that is gone, "
        "or a route added by hand); {}",
        route_resync);
  }

  void lost(const Route& route, const std::set<Route>& captured, const std::set<Route>& predicted,
            std::set<Route>& taken) {
    for (const auto& other : captured) {
      if (other.dst != route.dst || other.table != route.table || is_kernels(other) ||
          predicted.contains(other))
        continue;
      taken.insert(other);
      const bool ours = is_felixes(other);
      add(ours ? DriftKind::changed_route : DriftKind::foreign_route, route, {line_of(route)},
          {line_of(other)},
          ours ? fmt::format("the route differs in its parts: changed by hand, or Felix has not "
                             "seen the latest changes; {}",
                             route_resync)
               : "another program's route stands in the place of Felix's (a BGP daemon, a DHCP "
                 "client, by hand); who wrote it last wins until the next resync");
      return;
    }
    add(DriftKind::lost_route, route, {line_of(route)}, {},
        route.device.empty() || captured_device(captured, route.device)
            ? fmt::format("deleted by hand or by another program, or not written yet; {}",
                          route_resync)
            : fmt::format("no route of the capture uses {}: is the interface there, and up?",
                          route.device));
  }

  static bool captured_device(const std::set<Route>& captured, const std::string& device) {
    return std::any_of(captured.begin(), captured.end(),
                       [&](const Route& route) { return route.device == device; });
  }

  // A route of somebody else to the same destination with a smaller metric is used instead.
  void find_preferred(const Route& route, const std::set<Route>& captured,
                      const std::set<Route>& predicted) {
    for (const auto& other : captured)
      if (other.dst == route.dst && other.table == route.table && other.metric < route.metric &&
          !is_kernels(other) && !is_felixes(other) && !predicted.contains(other))
        add(DriftKind::foreign_route, route, {line_of(route)}, {line_of(other)},
            "another program's route to the same destination has the smaller metric, so that the "
            "kernel prefers it");
  }

  bool is_felixes(const Route& route) const {
    return options_.route_protocols.contains(route.protocol) || is_calico_tunnel(route.device) ||
           is_workload(route.device, options_) || is_in_own_table(route, kernel_);
  }

  std::string part_;
  const KernelState& kernel_;
  const VerifyOptions& options_;
  std::vector<Drift>& out_;
};

// Which of several in one place comes first is not compared.
template <class Entry>
std::set<Entry> without_ranks(const std::set<Entry>& entries) {
  std::set<Entry> out;
  for (Entry entry : entries) {
    entry.rank = 0;
    out.insert(std::move(entry));
  }
  return out;
}

void compare_rules(const std::set<RoutingRule>& predicted, IpFamily family,
                   const std::set<RoutingRule>& captured, std::vector<Drift>& out) {
  std::set<int> tables;
  for (const auto& rule : predicted)
    if (rule.family == family && !is_plain(rule)) tables.insert(rule.table);
  const auto line = [](const RoutingRule& rule) { return print_rule(rule); };
  for (const auto& rule : predicted)
    if (rule.family == family && !is_plain(rule) && !captured.contains(rule))
      out.push_back({DriftKind::lost_routing_rule,
                     "rules",
                     std::string(family_name(family)),
                     {line(rule)},
                     {},
                     fmt::format("deleted by hand or by another program, or not written yet; {}",
                                 route_resync)});
  for (const auto& rule : captured)
    if (tables.contains(rule.table) && !predicted.contains(rule))
      out.push_back({DriftKind::stale_routing_rule,
                     "rules",
                     std::string(family_name(family)),
                     {},
                     {line(rule)},
                     "it looks into a table of Felix's and is not what Felix writes: from another "
                     "configuration, or by hand"});
}

// `line` prints one entry. Both sets hold only entries of Calico's tunnels.
template <class Entry, class Line>
void compare_entries(const std::set<Entry>& predicted, const std::set<Entry>& captured,
                     DriftKind lost, DriftKind stale, const std::string& part, Line line,
                     std::vector<Drift>& out) {
  const auto add = [&](DriftKind kind, const Entry& entry, bool wanted, const char* cause) {
    std::vector<std::string> lines{line(entry)};
    out.push_back({kind, part, entry.device, wanted ? lines : std::vector<std::string>{},
                   wanted ? std::vector<std::string>{} : lines, cause});
  };
  for (const auto& entry : predicted)
    if (is_calico_tunnel(entry.device) && !captured.contains(entry))
      add(lost, entry, true,
          "deleted by hand or with its interface, or not written yet: packets to that node do not "
          "get into the tunnel");
  for (const auto& entry : captured)
    if (!predicted.contains(entry))
      add(stale, entry, false, "of a node that is gone or has changed, or added by hand");
}

std::string trimmed_line(std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

std::set<Neighbour> tunnel_neighbours(const KernelState& state) {
  std::set<Neighbour> out;
  for (const auto& one : state.neighbours)
    if (is_calico_tunnel(one.device) && one.state == "PERMANENT" && !one.proxy) out.insert(one);
  return out;
}

// The device of "net.ipv4.conf.cali1.rp_filter", if Felix writes this setting of a workload's
// interface (felix/dataplane/linux/endpoint_mgr.go configureInterface); else empty.
std::string written_device(const std::string& name, const KernelState& predicted,
                           const VerifyOptions& options) {
  static const std::set<std::string> settings{"rp_filter",   "route_localnet", "proxy_arp",
                                              "proxy_delay", "forwarding",     "accept_ra",
                                              "proxy_ndp"};
  const size_t conf = name.find(".conf."), neigh = name.find(".neigh.");
  const size_t start = conf != std::string::npos ? conf + 6 : neigh + 7;
  const size_t end = name.rfind('.');
  if ((conf == std::string::npos && neigh == std::string::npos) || end <= start) return {};
  std::string device = name.substr(start, end - start);
  if (!settings.contains(name.substr(end + 1)) || !is_workload(device, options)) return {};
  if (!name.starts_with("net.ipv6.")) return device;
  const auto ndp = predicted.sysctls.find(fmt::format("net.ipv6.conf.{}.proxy_ndp", device));
  const bool has_ipv6 = ndp != predicted.sysctls.end() && ndp->second == "1";
  return has_ipv6 ? device : std::string();
}

void compare_sysctls(const KernelState& predicted, const NodeCapture& captured,
                     const VerifyOptions& options, std::vector<Drift>& out) {
  std::map<std::string, Drift> by_device;
  for (const auto& [name, value] : predicted.sysctls) {
    const std::string device = written_device(name, predicted, options);
    const auto found = captured.sysctls->find(name);
    if (device.empty() || found == captured.sysctls->end()) continue;
    if (found->second.empty() || found->second == value) continue;
    Drift& drift = by_device[device];
    drift.want.push_back(fmt::format("{} = {}", name, value));
    drift.got.push_back(fmt::format("{} = {}", name, found->second));
  }
  for (auto& [device, drift] : by_device) {
    drift.kind = DriftKind::changed_sysctl;
    drift.part = "sysctls";
    drift.place = device;
    drift.cause =
        "set by another program (systemd-sysctl, an administrator); Felix sets it when the "
        "interface comes up, and not again";
    out.push_back(std::move(drift));
  }
}

}  // namespace

void find_route_drifts(const KernelState& predicted, const NodeCapture& captured,
                       const VerifyOptions& options, std::vector<Drift>& out) {
  for (const auto& [family, routes] : captured.routes) {
    std::set<Route> wanted;
    for (const auto& route : predicted.routes)
      if (route.dst.address.family == family) wanted.insert(route);
    RouteComparer(family == IpFamily::v4 ? "routes" : "routes6", predicted, options, out)
        .compare(without_ranks(wanted), {routes.all_tables, without_ranks(routes.routes)});
  }
  for (const auto& [family, rules] : captured.rules)
    compare_rules(without_ranks(predicted.rules), family, without_ranks(rules), out);
  if (captured.neighbours)
    compare_entries(
        tunnel_neighbours(predicted), *captured.neighbours, DriftKind::lost_neighbour,
        DriftKind::stale_neighbour, "neigh",
        [](const Neighbour& one) { return trimmed_line(print_neighbours({one})); }, out);
  if (captured.fdb)
    compare_entries(
        predicted.fdb, *captured.fdb, DriftKind::lost_fdb_entry, DriftKind::stale_fdb_entry, "fdb",
        [](const FdbEntry& one) { return trimmed_line(print_fdb({one})); }, out);
  if (captured.sysctls) compare_sysctls(predicted, captured, options, out);
}

}  // namespace felixsim
