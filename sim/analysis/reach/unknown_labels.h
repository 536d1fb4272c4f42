// SPDX-License-Identifier: Apache-2.0
// Selectors over pods of namespaces of which only the name is known: does one match, or does the
// input not tell?
#pragma once

#include <map>
#include <set>

#include "model/selector/selector.h"
#include "sim/analysis/reach/bits.h"
#include "sim/analysis/reach/state.h"

namespace felixsim::reach {

class UnknownLabels {
 public:
  UnknownLabels(const ClusterState& state, const std::set<Symbol>& namespaces);

  bool concerns(const EndpointName& name) const;
  // Of an endpoint in such a namespace.
  Verdict matches(const Selector& selector, const EndpointName& name) const;
  // Whether some policy may or may not apply to it.
  bool policy_unknown(const EndpointName& name) const;
  // What an IP set's id stands for; null: unknown to the policies in force.
  const calc::IpSetDefinition* definition(Symbol ip_set) const;

 private:
  const ClusterState& state_;
  const std::set<Symbol>& namespaces_;
  std::map<Symbol, calc::IpSetDefinition> definitions_;
  std::vector<SelectorPtr> subjects_;
};

}  // namespace felixsim::reach
