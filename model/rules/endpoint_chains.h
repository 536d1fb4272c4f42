// SPDX-License-Identifier: Apache-2.0
// Chains of one endpoint, in each table. Mirrors felix/rules/endpoints.go. "To" and "from" are as
// seen from the network stack: traffic to a workload is its ingress, traffic to a host endpoint's
// interface is the host's egress.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "felixsim/messages.h"
#include "felixsim/result.h"
#include "model/rules/chain.h"
#include "model/rules/endpoint_marks.h"
#include "model/rules/policy_group.h"
#include "model/rules/renderer.h"

namespace felixsim::rules {

// The rules of a workload's chains to and from it, which its name has no part in. An error is what
// Felix panics of: packet rates or bursts out of the kernel's range. `profiles` in the endpoint's
// order.
struct WorkloadRules {
  std::vector<Rule> to, from;
};
Result<WorkloadRules> workload_rules(const Renderer& r, bool admin_up,
                                     const std::vector<TierGroups>& tiers,
                                     const std::vector<Symbol>& profiles,
                                     const std::optional<QosControls>& qos);
// With kube-ipvs: the chain that sets the endpoint's mark.
Chain set_endpoint_mark_chain(const Renderer& r, std::string_view interface, EndpointMarks& marks);

// filter: to, from, and with kube-ipvs the chain that sets the endpoint's mark. `marks` may be null
// without kube-ipvs.
Result<Chains> workload_endpoint_chains(const Renderer& r, std::string_view interface,
                                        bool admin_up, const std::vector<TierGroups>& tiers,
                                        const std::vector<Symbol>& profiles,
                                        const std::optional<QosControls>& qos,
                                        EndpointMarks* marks);

// filter: to, from, to-forward, from-forward, and with kube-ipvs the mark chain.
Chains host_endpoint_filter_chains(const Renderer& r, std::string_view interface,
                                   const std::vector<TierGroups>& tiers,
                                   const std::vector<TierGroups>& forward_tiers,
                                   const std::vector<Symbol>& profiles, EndpointMarks* marks);
// mangle POSTROUTING: to; applies normal policy to what was DNATed on the host.
Chains host_endpoint_mangle_egress_chains(const Renderer& r, std::string_view interface,
                                          const std::vector<TierGroups>& tiers,
                                          const std::vector<Symbol>& profiles);
// mangle PREROUTING: from, pre-DNAT policy.
Chains host_endpoint_mangle_ingress_chains(const Renderer& r, std::string_view interface,
                                           const std::vector<TierGroups>& pre_dnat_tiers);
// raw: to, from, untracked policy.
Chains host_endpoint_raw_chains(const Renderer& r, std::string_view interface,
                                const std::vector<TierGroups>& untracked_tiers);
// raw: to only, as in BPF mode.
Chain host_endpoint_raw_egress_chain(const Renderer& r, std::string_view interface,
                                     const std::vector<TierGroups>& untracked_tiers);

}  // namespace felixsim::rules
