// SPDX-License-Identifier: Apache-2.0
// Metadata, Services, EndpointSlices and the spec of Kubernetes network policies.
#include <array>

#include "model/datastore/resource_shapes.h"

namespace felixsim {
namespace {

using enum JsonKind;
using enum Presence;

constexpr std::array owner_reference_fields{
    JsonField{"apiVersion", text, always}, JsonField{"kind", text, always},
    JsonField{"name", text, always},       JsonField{"uid", text, always},
    JsonField{"controller", flag, given},  JsonField{"blockOwnerDeletion", flag, given},
};

constexpr std::array managed_fields_entry_fields{
    JsonField{"manager"},           JsonField{"operation"},  JsonField{"apiVersion"},
    JsonField{"time", time, given}, JsonField{"fieldsType"}, JsonField{"fieldsV1", anything, given},
    JsonField{"subresource"},
};

constexpr std::array metadata_fields{
    JsonField{"generateName"},
    JsonField{"namespace"},
    JsonField{"selfLink"},
    JsonField{"uid"},
    JsonField{"resourceVersion"},
    JsonField{"generation", int64},
    JsonField{"creationTimestamp", time},
    JsonField{"deletionTimestamp", time, given},
    JsonField{"deletionGracePeriodSeconds", int64, given},
    JsonField{"labels", text_map},
    JsonField{"ownerReferences", object, nonzero, true, owner_reference_fields},
    JsonField{"finalizers", text, nonzero, true},
    JsonField{"managedFields", object, nonzero, true, managed_fields_entry_fields},
};

constexpr std::array label_selector_requirement_fields{
    JsonField{"key", text, always},
    JsonField{"operator", text, always},
    JsonField{"values", text, nonzero, true},
};

constexpr std::array label_selector_fields{
    JsonField{"matchLabels", text_map},
    JsonField{"matchExpressions", object, nonzero, true, label_selector_requirement_fields},
};

constexpr std::array network_policy_port_fields{
    JsonField{"protocol", text, given},
    JsonField{"port", int_or_text, given},
    JsonField{"endPort", int32, given},
};

constexpr std::array ip_block_fields{
    JsonField{"cidr", text, always},
    JsonField{"except", text, nonzero, true},
};

constexpr std::array network_policy_peer_fields{
    JsonField{"podSelector", object, given, false, label_selector_fields},
    JsonField{"namespaceSelector", object, given, false, label_selector_fields},
    JsonField{"ipBlock", object, given, false, ip_block_fields},
};

constexpr std::array network_policy_ingress_rule_fields{
    JsonField{"ports", object, nonzero, true, network_policy_port_fields},
    JsonField{"from", object, nonzero, true, network_policy_peer_fields},
};

constexpr std::array network_policy_egress_rule_fields{
    JsonField{"ports", object, nonzero, true, network_policy_port_fields},
    JsonField{"to", object, nonzero, true, network_policy_peer_fields},
};

constexpr std::array condition_fields{
    JsonField{"type", text, always},        JsonField{"status", text, always},
    JsonField{"observedGeneration", int64}, JsonField{"lastTransitionTime", time, always},
    JsonField{"reason", text, always},      JsonField{"message", text, always},
};

constexpr std::array service_port_fields{
    JsonField{"name"},
    JsonField{"protocol"},
    JsonField{"appProtocol", text, given},
    JsonField{"port", int32, always},
    JsonField{"targetPort", int_or_text, always},
    JsonField{"nodePort", int32},
};

constexpr std::array client_ip_config_fields{
    JsonField{"timeoutSeconds", int32, given},
};

constexpr std::array session_affinity_config_fields{
    JsonField{"clientIP", object, given, false, client_ip_config_fields},
};

constexpr std::array service_spec_fields{
    JsonField{"ports", object, nonzero, true, service_port_fields},
    JsonField{"selector", text_map},
    JsonField{"clusterIP"},
    JsonField{"clusterIPs", text, nonzero, true},
    JsonField{"type"},
    JsonField{"externalIPs", text, nonzero, true},
    JsonField{"sessionAffinity"},
    JsonField{"loadBalancerIP"},
    JsonField{"loadBalancerSourceRanges", text, nonzero, true},
    JsonField{"externalName"},
    JsonField{"externalTrafficPolicy"},
    JsonField{"healthCheckNodePort", int32},
    JsonField{"publishNotReadyAddresses", flag},
    JsonField{"sessionAffinityConfig", object, given, false, session_affinity_config_fields},
    JsonField{"ipFamilies", text, nonzero, true},
    JsonField{"ipFamilyPolicy", text, given},
    JsonField{"allocateLoadBalancerNodePorts", flag, given},
    JsonField{"loadBalancerClass", text, given},
    JsonField{"internalTrafficPolicy", text, given},
    JsonField{"trafficDistribution", text, given},
};

constexpr std::array port_status_fields{
    JsonField{"port", int32, always},
    JsonField{"protocol", text, always},
    JsonField{"error", text, given},
};

constexpr std::array load_balancer_ingress_fields{
    JsonField{"ip"},
    JsonField{"hostname"},
    JsonField{"ipMode", text, given},
    JsonField{"ports", object, nonzero, true, port_status_fields},
};

constexpr std::array load_balancer_status_fields{
    JsonField{"ingress", object, nonzero, true, load_balancer_ingress_fields},
};

constexpr std::array service_status_fields{
    JsonField{"loadBalancer", object, always, false, load_balancer_status_fields},
    JsonField{"conditions", object, nonzero, true, condition_fields},
};

constexpr std::array endpoint_conditions_fields{
    JsonField{"ready", flag, given},
    JsonField{"serving", flag, given},
    JsonField{"terminating", flag, given},
};

constexpr std::array object_reference_fields{
    JsonField{"kind"},       JsonField{"namespace"},       JsonField{"name"},      JsonField{"uid"},
    JsonField{"apiVersion"}, JsonField{"resourceVersion"}, JsonField{"fieldPath"},
};

constexpr std::array for_zone_fields{
    JsonField{"name", text, always},
};

constexpr std::array for_node_fields{
    JsonField{"name", text, always},
};

constexpr std::array endpoint_hints_fields{
    JsonField{"forZones", object, nonzero, true, for_zone_fields},
    JsonField{"forNodes", object, nonzero, true, for_node_fields},
};

constexpr std::array slice_endpoint_fields{
    JsonField{"addresses", text, always, true},
    JsonField{"conditions", object, always, false, endpoint_conditions_fields},
    JsonField{"hostname", text, given},
    JsonField{"targetRef", object, given, false, object_reference_fields},
    JsonField{"deprecatedTopology", text_map},
    JsonField{"nodeName", text, given},
    JsonField{"zone", text, given},
    JsonField{"hints", object, given, false, endpoint_hints_fields},
};

constexpr std::array slice_port_fields{
    JsonField{"name", text, given},
    JsonField{"protocol", text, given},
    JsonField{"port", int32, given},
    JsonField{"appProtocol", text, given},
};

constexpr std::array staged_kubernetes_network_policy_spec_fields{
    JsonField{"stagedAction"},
    JsonField{"podSelector", object, always, false, label_selector_fields},
    JsonField{"ingress", object, nonzero, true, network_policy_ingress_rule_fields},
    JsonField{"egress", object, nonzero, true, network_policy_egress_rule_fields},
    JsonField{"policyTypes", text, nonzero, true},
};

constexpr std::array service{
    JsonField{"spec", object, always, false, service_spec_fields},
    JsonField{"status", object, always, false, service_status_fields},
};

constexpr std::array endpoint_slice{
    JsonField{"addressType", text, always},
    JsonField{"endpoints", object, always, true, slice_endpoint_fields},
    JsonField{"ports", object, always, true, slice_port_fields},
};

constexpr std::array staged_kubernetes_network_policy{
    JsonField{"spec", object, always, false, staged_kubernetes_network_policy_spec_fields},
};

}  // namespace

std::span<const JsonField> metadata_shape() { return metadata_fields; }

std::span<const JsonField> kubernetes_shape(std::string_view kind) {
  if (kind == "Service") return service;
  if (kind == "EndpointSlice") return endpoint_slice;
  if (kind == "StagedKubernetesNetworkPolicy") return staged_kubernetes_network_policy;
  return {};
}

}  // namespace felixsim
