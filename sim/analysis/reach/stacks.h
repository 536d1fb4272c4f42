// SPDX-License-Identifier: Apache-2.0
// Which layers are asked about the packets of an endpoint, in order.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <array>
#include <set>
#include <vector>

#include "sim/analysis/reach/layers.h"
#include "sim/analysis/reach/program_tiers.h"
#include "sim/analysis/reach/unknown_labels.h"

namespace felixsim::reach {

// One direction of an endpoint's policy.
struct Stack {
  enum class Kind : uint8_t {
    asked,
    down,   // the endpoint's state is not active: nothing passes
    untold  // nobody knows which policies apply
  } kind = Kind::asked;
  // Policies are asked about what those before left to them. What is left at the end of a tier is
  // denied or goes on to the next one, as what they passed does.
  struct Tier {
    absl::InlinedVector<const Layer*, 4> policies;
    bool denies_rest = true;
  };
  absl::InlinedVector<Tier, 2> tiers;
  // Asked about what is left then, or (sections of host endpoints) allowed.
  absl::InlinedVector<const Layer*, 2> others;
  // Header conditions of what is denied before: encapsulation that workloads may not send.
  const std::vector<size_t>* denied_first = nullptr;
};

// Of one IP version.
class Stacks {
 public:
  // All must outlive them; `endpoints` are those that the address space numbers.
  Stacks(const ClusterState& state, const std::vector<EndpointInfo>& endpoints,
         const UnknownLabels& unknown, const CompiledRules& rules, const AddressSpace& addresses,
         HeaderSpace& headers, ElementSets& sets, Layers& layers);

  // Of an element that is an endpoint's. Layers that are not there are made.
  Stack of(size_t element, bool ingress);
  // Makes the layers that an element asks for the first time; that of a policy, if it is shared.
  void prepare(size_t element);
  void prepare(const RuleMatches& policy);
  // All that it asks, in one.
  Program program_of(size_t element, bool ingress);

  // Names the headers that workloads of the host may not send.
  void add_limits(Symbol host) { limits_of(host); }
  // Those of all hosts changed, or may have.
  void forget_limits() { limits_.clear(); }
  bool knows_limits() const { return !limits_.empty(); }

  void forget_hosts() { hosts_.clear(); }
  void forget_profiles(const std::set<Symbol>& changed);
  // Now and then: drops layers that nothing asks any more.
  void sweep();

 private:
  using LayerPair = std::array<LayerPtr, 2>;  // egress, ingress; null: none, or not shared
  struct TierParts {
    std::array<ProgramTierPtr, 2> tiers;
    std::array<std::vector<LayerPtr>, 2> policies;  // null: not asked for yet, or not shared
  };
  using Sections = std::array<std::vector<HostSection>, 2>;

  const EndpointInfo& endpoint_of(size_t element) const {
    return endpoints_[static_cast<size_t>(addresses_.elements()[element].endpoint)];
  }
  const std::vector<size_t>& limits_of(Symbol host);
  TierParts& parts_of(const calc::TierPtr& tier);
  void push_tier(const ProgramTier& tier, std::vector<LayerPtr>& known, size_t element,
                 Stack& stack);
  const Sections& sections_of(Symbol host);
  void add_profiles(const WorkloadEndpoint& workload, bool ingress, Program& part) const;
  Stack::Kind kind_of(const EndpointInfo& endpoint) const;
  void push_profiles(size_t element, bool ingress, ProgramTierPtr last, Stack& stack);
  const Layer* unshared(const Program& part, size_t element);

  const ClusterState& state_;
  const std::vector<EndpointInfo>& endpoints_;
  const UnknownLabels& unknown_;
  const CompiledRules& rules_;
  const AddressSpace& addresses_;
  HeaderSpace& headers_;
  ElementSets& sets_;
  Layers& layers_;
  ProgramTiers tiers_;
  absl::flat_hash_map<calc::TierPtr, TierParts> parts_;
  absl::flat_hash_map<std::vector<Symbol>, LayerPair> profiles_;
  absl::flat_hash_map<Symbol, Sections> hosts_;
  absl::flat_hash_map<Symbol, std::vector<size_t>> limits_;  // by host
  bool any_unshared_ = false;  // layers that are of no policy or list of profiles alone; or were
  size_t kept_ = 0;            // layers and tiers, the last time that what is unused was forgotten
};

}  // namespace felixsim::reach
