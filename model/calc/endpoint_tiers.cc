// SPDX-License-Identifier: Apache-2.0
#include "model/calc/endpoint_tiers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

namespace felixsim::calc {
namespace {

constexpr std::array all_lists{&TierLists::normal, &TierLists::untracked, &TierLists::pre_dnat,
                               &TierLists::forward};

bool equal_fold(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](unsigned char a, char b) {
           return std::tolower(a) == static_cast<unsigned char>(b);
         });
}

void add_policy(msg::TierInfo& tier, const AppliedPolicy& policy, bool egress_allowed) {
  if (policy.meta.ingress) tier.ingress.push_back(policy.key);
  if (egress_allowed && policy.meta.egress) tier.egress.push_back(policy.key);
}

void append_unless_empty(std::vector<TierPtr>& tiers, msg::TierInfo tier) {
  if (!tier.ingress.empty() || !tier.egress.empty())
    tiers.push_back(std::make_shared<msg::TierInfo>(std::move(tier)));
}

std::vector<msg::TierInfo> message_tiers(const TierListsPtr& lists,
                                         std::vector<TierPtr> TierLists::*list) {
  std::vector<msg::TierInfo> out;
  if (!lists) return out;
  out.reserve(((*lists).*list).size());
  for (const TierPtr& tier : (*lists).*list) out.push_back(*tier);
  return out;
}

Symbol label(const Labels& labels, Symbol name) {
  if (!labels) return {};
  const auto it = std::lower_bound(labels->begin(), labels->end(), name,
                                   [](const auto& entry, Symbol key) { return entry.first < key; });
  return it != labels->end() && it->first == name ? it->second : Symbol();
}

bool has_label(const Labels& labels, Symbol name) {
  return labels && std::any_of(labels->begin(), labels->end(),
                               [&](const auto& entry) { return entry.first == name; });
}

// KubeVirt's name of the virtual machine: the newer label first (vmiNameFromLabels).
std::string vmi_name(const Labels& labels) {
  static const Symbol id("vmi.kubevirt.io/id"), name("vm.kubevirt.io/name");
  return (has_label(labels, id) ? label(labels, id) : label(labels, name)).str();
}

// BPF redirection is skipped for virtual machines and where bandwidth is limited.
std::optional<std::pair<bool, bool>> skip_redirect(const WorkloadEndpoint& endpoint) {
  static const Symbol kubevirt("kubevirt.io"), launcher("virt-launcher");
  const auto& qos = endpoint.qos;
  const bool ingress = label(endpoint.labels, kubevirt) == launcher ||
                       (qos && (qos->ingress_bandwidth > 0 || qos->ingress_packet_rate > 0));
  const bool egress = qos && (qos->egress_bandwidth > 0 || qos->egress_packet_rate > 0);
  if (!ingress && !egress) return std::nullopt;
  return std::pair{egress, ingress};
}

std::vector<msg::QosPolicy> qos_policies(const std::optional<QosControls>& qos) {
  if (!qos || !qos->dscp) return {};
  return {msg::QosPolicy{"", *qos->dscp}};
}

}  // namespace

void TierLists::append(const TierLists& other) {
  for (const auto list : all_lists)
    (this->*list).insert((this->*list).end(), (other.*list).begin(), (other.*list).end());
}

void TierLists::keep_equal(const TierLists& other) {
  for (const auto list : all_lists)
    for (size_t i = 0; i < std::min((this->*list).size(), (other.*list).size()); ++i)
      if (*(this->*list)[i] == *(other.*list)[i]) (this->*list)[i] = (other.*list)[i];
}

// After an untracked or pre-DNAT tier the normal tiers are still to be asked: default action Pass.
TierLists lists_of(const AppliedTier& tier) {
  static const Symbol pass("Pass");
  msg::TierInfo normal{tier.name, {}, {}, tier.default_action}, forward = normal;
  msg::TierInfo untracked{tier.name, {}, {}, pass}, pre_dnat = untracked;
  for (const AppliedPolicy& policy : tier.policies) {
    if (policy.meta.do_not_track) {
      add_policy(untracked, policy, true);
    } else if (policy.meta.pre_dnat) {
      add_policy(pre_dnat, policy, false);
    } else {
      if (policy.meta.apply_on_forward) add_policy(forward, policy, true);
      add_policy(normal, policy, true);
    }
  }
  TierLists lists;
  append_unless_empty(lists.untracked, std::move(untracked));
  append_unless_empty(lists.pre_dnat, std::move(pre_dnat));
  append_unless_empty(lists.forward, std::move(forward));
  append_unless_empty(lists.normal, std::move(normal));
  return lists;
}

PolicyMeta policy_meta(const Policy& policy) {
  static const Symbol default_tier("default");
  PolicyMeta meta;
  meta.tier = policy.tier.empty() ? default_tier : policy.tier;
  meta.order = policy.order.value_or(std::numeric_limits<double>::infinity());
  meta.do_not_track = policy.do_not_track;
  meta.pre_dnat = policy.pre_dnat;
  meta.apply_on_forward = policy.apply_on_forward;
  meta.ingress = meta.egress = policy.types.empty();
  for (const std::string& type : policy.types) {
    if (equal_fold(type, "ingress")) meta.ingress = true;
    if (equal_fold(type, "egress")) meta.egress = true;
  }
  return meta;
}

msg::WorkloadEndpoint workload_endpoint_message(const ResolvedEndpoint& resolved) {
  const auto& endpoint = std::get<WorkloadEndpoint>(*resolved.value);
  msg::WorkloadEndpoint message;
  message.state = endpoint.state;
  message.name = endpoint.name;
  message.mac = endpoint.mac.str();
  message.profile_ids = endpoint.profile_ids;
  message.ipv4_nets = endpoint.ipv4_nets;
  message.ipv6_nets = endpoint.ipv6_nets;
  message.tiers = message_tiers(resolved.tiers, &TierLists::normal);
  message.ipv4_nat = endpoint.ipv4_nat;
  message.ipv6_nat = endpoint.ipv6_nat;
  message.allow_spoofed_source_prefixes = endpoint.allow_spoofed_source_prefixes;
  message.annotations = endpoint.annotations;
  message.qos = endpoint.qos;
  if (!resolved.computed.bgp_peer.empty())
    message.local_bgp_peer = resolved.computed.bgp_peer.str();
  message.skip_redir = skip_redirect(endpoint);
  message.qos_policies = qos_policies(endpoint.qos);
  message.is_istio_ambient = resolved.computed.istio_ambient;
  message.live_migration_role = resolved.computed.role;
  message.live_migration_uid = resolved.computed.migration_uid;
  message.live_migration_vmi_name = vmi_name(endpoint.labels);
  return message;
}

msg::HostEndpoint host_endpoint_message(const ResolvedEndpoint& resolved) {
  const auto& endpoint = std::get<HostEndpoint>(*resolved.value);
  msg::HostEndpoint message;
  message.name = endpoint.name;
  message.profile_ids = endpoint.profile_ids;
  message.tiers = message_tiers(resolved.tiers, &TierLists::normal);
  message.untracked_tiers = message_tiers(resolved.tiers, &TierLists::untracked);
  message.pre_dnat_tiers = message_tiers(resolved.tiers, &TierLists::pre_dnat);
  message.forward_tiers = message_tiers(resolved.tiers, &TierLists::forward);
  message.expected_ipv4 = endpoint.expected_ipv4;
  message.expected_ipv6 = endpoint.expected_ipv6;
  message.qos_policies = qos_policies(endpoint.qos);
  return message;
}

}  // namespace felixsim::calc
