// SPDX-License-Identifier: Apache-2.0
// Calico policies and profiles: their rules.
#include <algorithm>
#include <array>

#include "model/datastore/resource_shapes.h"

namespace felixsim {
namespace {

using enum JsonKind;
using enum Presence;

constexpr std::array icmp_fields{
    JsonField{"type", int64, given},
    JsonField{"code", int64, given},
};

constexpr std::array service_match_fields{
    JsonField{"name"},
    JsonField{"namespace"},
};

constexpr std::array service_account_match_fields{
    JsonField{"names", text, nonzero, true},
    JsonField{"selector"},
};

constexpr std::array entity_rule_fields{
    JsonField{"nets", text, nonzero, true},
    JsonField{"selector"},
    JsonField{"namespaceSelector"},
    JsonField{"services", object, given, false, service_match_fields},
    JsonField{"ports", port, nonzero, true},
    JsonField{"notNets", text, nonzero, true},
    JsonField{"notSelector"},
    JsonField{"notPorts", port, nonzero, true},
    JsonField{"serviceAccounts", object, given, false, service_account_match_fields},
};

constexpr std::array http_path_fields{
    JsonField{"exact"},
    JsonField{"prefix"},
};

constexpr std::array http_match_fields{
    JsonField{"methods", text, nonzero, true},
    JsonField{"paths", object, nonzero, true, http_path_fields},
};

constexpr std::array rule_metadata_fields{
    JsonField{"annotations", text_map},
};

constexpr std::array rule_fields{
    JsonField{"action", text, always},
    JsonField{"ipVersion", int64, given},
    JsonField{"protocol", protocol, given},
    JsonField{"icmp", object, given, false, icmp_fields},
    JsonField{"notProtocol", protocol, given},
    JsonField{"notICMP", object, given, false, icmp_fields},
    JsonField{"source", object, nonzero, false, entity_rule_fields},
    JsonField{"destination", object, nonzero, false, entity_rule_fields},
    JsonField{"http", object, given, false, http_match_fields},
    JsonField{"metadata", object, given, false, rule_metadata_fields},
};

constexpr std::array global_network_policy_spec_fields{
    JsonField{"tier"},
    JsonField{"order", real, given},
    JsonField{"ingress", object, nonzero, true, rule_fields},
    JsonField{"egress", object, nonzero, true, rule_fields},
    JsonField{"selector"},
    JsonField{"types", text, nonzero, true},
    JsonField{"doNotTrack", flag},
    JsonField{"preDNAT", flag},
    JsonField{"applyOnForward", flag},
    JsonField{"serviceAccountSelector"},
    JsonField{"namespaceSelector"},
    JsonField{"performanceHints", text, nonzero, true},
};

constexpr std::array network_policy_spec_fields{
    JsonField{"tier"},
    JsonField{"order", real, given},
    JsonField{"ingress", object, nonzero, true, rule_fields},
    JsonField{"egress", object, nonzero, true, rule_fields},
    JsonField{"selector"},
    JsonField{"types", text, nonzero, true},
    JsonField{"serviceAccountSelector"},
    JsonField{"performanceHints", text, nonzero, true},
};

// A staged policy has the fields of the policy that it stands for, and one more.
template <size_t count>
constexpr std::array<JsonField, count + 1> staged(const std::array<JsonField, count>& fields) {
  std::array<JsonField, count + 1> out{JsonField{"stagedAction"}};
  std::copy(fields.begin(), fields.end(), out.begin() + 1);
  return out;
}

constexpr auto staged_global_network_policy_spec_fields = staged(global_network_policy_spec_fields);
constexpr auto staged_network_policy_spec_fields = staged(network_policy_spec_fields);

constexpr std::array profile_spec_fields{
    JsonField{"ingress", object, nonzero, true, rule_fields},
    JsonField{"egress", object, nonzero, true, rule_fields},
    JsonField{"labelsToApply", text_map},
};

constexpr std::array global_network_policy{
    JsonField{"spec", object, always, false, global_network_policy_spec_fields}};

constexpr std::array network_policy{
    JsonField{"spec", object, always, false, network_policy_spec_fields}};

constexpr std::array staged_global_network_policy{
    JsonField{"spec", object, always, false, staged_global_network_policy_spec_fields}};

constexpr std::array staged_network_policy{
    JsonField{"spec", object, always, false, staged_network_policy_spec_fields}};

constexpr std::array profile{JsonField{"spec", object, always, false, profile_spec_fields}};

}  // namespace

std::span<const JsonField> policy_shape(std::string_view kind) {
  if (kind == "GlobalNetworkPolicy") return global_network_policy;
  if (kind == "NetworkPolicy") return network_policy;
  if (kind == "StagedGlobalNetworkPolicy") return staged_global_network_policy;
  if (kind == "StagedNetworkPolicy") return staged_network_policy;
  return {};
}

std::span<const JsonField> profile_shape() { return profile; }

}  // namespace felixsim
