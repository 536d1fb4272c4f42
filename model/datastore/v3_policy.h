// SPDX-License-Identifier: Apache-2.0
// Calico's v3 policies: read, and turned into the v1 form that Felix computes on. Mirrors
// api/pkg/apis/projectcalico/v3 (networkpolicy.go, globalnetworkpolicy.go, staged*.go) and
// libcalico-go/lib/backend/syncersv1/updateprocessors (rules.go, selectors.go,
// networkpolicyprocessor.go, globalnetworkpolicyprocessor.go). The text of combined selectors is
// hashed later on, so it is exact to the byte.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "felixsim/resource.h"
#include "model/datastore/json_reader.h"
#include "model/datastore/v3_values.h"

namespace felixsim {

struct V3EntityRule {
  std::vector<std::string> nets, not_nets;
  std::string selector, namespace_selector, not_selector;
  std::vector<Port> ports, not_ports;
  std::string service, service_namespace;
  std::vector<std::string> service_account_names;
  std::string service_account_selector;
};

struct V3Rule {
  std::string action;
  std::optional<int64_t> ip_version;
  std::optional<Protocol> protocol, not_protocol;
  std::optional<int64_t> icmp_type, icmp_code, not_icmp_type, not_icmp_code;
  V3EntityRule source, destination;
  std::optional<HttpMatch> http;
  std::optional<StringMap> annotations;
};

// A (Staged)NetworkPolicy or (Staged)GlobalNetworkPolicy; a kind without a field leaves it empty.
struct V3Policy {
  ObjectMeta meta;
  std::string staged_action, tier;
  std::optional<double> order;
  std::vector<V3Rule> ingress, egress;
  std::string selector, service_account_selector, namespace_selector;
  std::vector<std::string> types, performance_hints;
  bool do_not_track = false, pre_dnat = false, apply_on_forward = false;
};

// What was dropped or could not be read on the way, one fact each.
using Facts = std::vector<std::string>;

// What a port is that is written as text and has digits only.
enum class PortTexts : uint8_t {
  any,          // a number
  from_object,  // a name: made by converting an object, numbers are written as numbers
};

void read_v3_rules(JsonReader& in, JsonView view, std::vector<V3Rule>& out,
                   PortTexts texts = PortTexts::any);
// A whole policy resource. The fields of a GlobalNetworkPolicy that a NetworkPolicy does not have
// are only read where `global`. The name is that of determinePolicyName (model/keys.go).
void read_v3_policy(JsonReader& in, JsonView view, bool global, V3Policy& out,
                    PortTexts texts = PortTexts::any);

// `ns` is empty for global policies and profiles.
std::vector<Rule> to_v1_rules(const std::vector<V3Rule>& rules, std::string_view ns, Facts& facts);
Policy namespaced_policy_to_v1(const V3Policy& policy, Facts& facts);
Policy global_policy_to_v1(const V3Policy& policy, Facts& facts);

// Networks and addresses, masked; what does not parse is dropped and noted. Where Felix keeps empty
// texts they become Cidr::none().
enum class EmptyNets : uint8_t { kept, dropped };
std::vector<Cidr> to_nets(const std::vector<std::string>& texts, EmptyNets empty, Facts& facts);

// The name that a stored policy had, and its annotations without the one that held it
// (model/keys.go determinePolicyName): the name in annotation projectcalico.org/metadata, or
// without the prefix "default." in the default tier.
void determine_policy_name(JsonReader& in, const std::string& tier, ObjectMeta& meta);

}  // namespace felixsim
