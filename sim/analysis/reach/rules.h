// SPDX-License-Identifier: Apache-2.0
// Rules of policies and profiles as conditions on elements of the address space and classes of
// headers. What a rule matches is what Felix renders of it (felix/rules/policy.go,
// CalculateRuleMatch; model/rules/match_blocks.cc).
#pragma once

#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "sim/analysis/reach/addresses.h"
#include "sim/analysis/reach/headers.h"
#include "sim/analysis/reach/state.h"
#include "sim/analysis/reach/unknown_labels.h"

namespace felixsim::reach {

inline constexpr size_t no_match = std::numeric_limits<size_t>::max();

using TriPtr = std::shared_ptr<const Tri>;

// Members of an IP set that have ports, by condition on the header.
struct PortSet {
  std::map<size_t, Tri> members;  // number of the condition -> elements
};
using PortSetPtr = std::shared_ptr<const PortSet>;

struct RuleSideMatch {
  TriPtr addresses;             // null: any
  size_t ports = no_match;      // numeric ports; only where there are named ones beside them
  std::vector<PortSetPtr> any;  // named ports, one of which (or `ports`) must hold; empty: any
  std::vector<PortSetPtr> all;  // services: each must hold
  std::vector<PortSetPtr> none;
  bool says_nothing() const { return !addresses && any.empty() && all.empty() && none.empty(); }
};

enum class RuleAction : uint8_t { allow, deny, pass };

struct RuleMatch {
  size_t index = 0;  // in the policy
  RuleAction action = RuleAction::allow;
  size_t header = 0;  // number of the condition
  RuleSideMatch source, destination;
};
using RuleMatches = std::vector<RuleMatch>;

// Compiles rules for one IP version. The state must outlive it. First add_nets() for all rules and
// sets, then compile(), then HeaderSpace::build().
class RuleCompiler {
 public:
  // `names` are those of the endpoints that the address space numbers.
  RuleCompiler(const ClusterState& state, const UnknownLabels& unknown,
               const std::vector<EndpointName>& names, AddressSpace& addresses,
               HeaderSpace& headers)
      : state_(state), unknown_(unknown), names_(names), addresses_(addresses), headers_(headers) {}

  void add_nets();
  // Without rules that match nothing of this IP version, and such that only log.
  RuleMatches compile(const std::vector<msg::Rule>& rules);

 private:
  bool compile_side(const msg::RuleMatchSide& side, bool source, RuleSideMatch& out);
  TriPtr addresses_of(const msg::RuleMatchSide& side);
  TriPtr ip_set(Symbol id);
  PortSetPtr port_set(Symbol id, bool source);
  void add_untold(Symbol id, Tri& set) const;
  void add_untold_ports(Symbol id, bool source, PortSet& set);
  template <class Each>
  void for_each_untold(const Selector& selector, Each each) const;
  void add_nets_of(const std::vector<msg::Rule>& rules);

  const ClusterState& state_;
  const UnknownLabels& unknown_;
  const std::vector<EndpointName>& names_;
  AddressSpace& addresses_;
  HeaderSpace& headers_;
  std::map<Symbol, TriPtr> ip_sets_;
  std::map<std::pair<Symbol, bool>, PortSetPtr> port_sets_;
};

}  // namespace felixsim::reach
