// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/verify/drift.h"

#include "model/rules/names.h"

namespace felixsim {

std::string_view drift_name(DriftKind kind) {
  switch (kind) {
    case DriftKind::missing_table:
      return "missing-table";
    case DriftKind::missing_chain:
      return "missing-chain";
    case DriftKind::stale_chain:
      return "stale-chain";
    case DriftKind::missing_rule:
      return "missing-rule";
    case DriftKind::stale_rule:
      return "stale-rule";
    case DriftKind::changed_rule:
      return "changed-rule";
    case DriftKind::foreign_rule:
      return "foreign-rule";
    case DriftKind::foreign_rule_in_front:
      return "foreign-rule-in-front";
    case DriftKind::foreign_rule_behind:
      return "foreign-rule-behind";
    case DriftKind::wrong_order:
      return "wrong-order";
    case DriftKind::missing_set:
      return "missing-set";
    case DriftKind::stale_set:
      return "stale-set";
    case DriftKind::changed_set:
      return "changed-set";
    case DriftKind::missing_member:
      return "missing-member";
    case DriftKind::extra_member:
      return "extra-member";
    case DriftKind::lost_route:
      return "lost-route";
    case DriftKind::stale_route:
      return "stale-route";
    case DriftKind::changed_route:
      return "changed-route";
    case DriftKind::foreign_route:
      return "foreign-route";
    case DriftKind::lost_routing_rule:
      return "lost-routing-rule";
    case DriftKind::stale_routing_rule:
      return "stale-routing-rule";
    case DriftKind::lost_neighbour:
      return "lost-neighbour";
    case DriftKind::stale_neighbour:
      return "stale-neighbour";
    case DriftKind::lost_fdb_entry:
      return "lost-fdb-entry";
    case DriftKind::stale_fdb_entry:
      return "stale-fdb-entry";
    case DriftKind::changed_sysctl:
      return "changed-sysctl";
    case DriftKind::lost_wireguard_device:
      return "lost-wireguard-device";
    case DriftKind::stale_wireguard_device:
      return "stale-wireguard-device";
    case DriftKind::changed_wireguard_device:
      return "changed-wireguard-device";
    case DriftKind::lost_peer:
      return "lost-peer";
    case DriftKind::stale_peer:
      return "stale-peer";
    case DriftKind::changed_peer:
      return "changed-peer";
  }
  return "";
}

std::string chain_purpose(std::string_view name) {
  namespace prefix = rules::prefix;
  if (const size_t dash = name.find("-cali-"); dash != std::string_view::npos)
    name.remove_prefix(dash + 1);
  const std::pair<std::string_view, std::string_view> purposes[] = {
      {prefix::to_workload, "to the workload interface"},
      {prefix::from_workload, "from the workload interface"},
      {prefix::set_endpoint_mark, "mark of the workload interface"},
      {prefix::to_host_forward, "forwarded to the host endpoint of"},
      {prefix::from_host_forward, "forwarded from the host endpoint of"},
      {prefix::to_host, "to the host endpoint of"},
      {prefix::from_host, "from the host endpoint of"},
      {prefix::arp, "ARP answers on the workload interface"},
      {prefix::profile_in, "profile, ingress:"},
      {prefix::profile_out, "profile, egress:"},
      {prefix::policy_in, "policy, ingress:"},
      {prefix::policy_out, "policy, egress:"},
      {prefix::group_in, "group of policies, ingress:"},
      {prefix::group_out, "group of policies, egress:"}};
  for (const auto& [start, purpose] : purposes)
    if (name.starts_with(start)) return fmt::format("{} {}", purpose, name.substr(start.size()));
  return "one of Calico's chains";
}

std::vector<Drift> find_drifts(const KernelState& predicted, const NodeCapture& captured,
                               const VerifyOptions& options) {
  std::vector<Drift> drifts;
  find_iptables_drifts(predicted, captured, options, drifts);
  find_nft_drifts(predicted, captured, drifts);
  find_set_drifts(predicted, captured, drifts);
  find_route_drifts(predicted, captured, options, drifts);
  find_wireguard_drifts(predicted, captured, options, drifts);
  return drifts;
}

}  // namespace felixsim
