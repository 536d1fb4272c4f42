// SPDX-License-Identifier: Apache-2.0
// What workloads of a host may not send whatever policy says: packets that would enter an overlay
// past it (felix/rules/endpoints.go). Read from what the datastore configures for the host.
#pragma once

#include <map>
#include <vector>

#include "felixsim/resource.h"

namespace felixsim::reach {

struct EncapsulationLimits {  // parameters of Felix of the same names
  int vxlan_port = 4789;
  bool allow_vxlan_from_workloads = false, allow_ipip_from_workloads = false;
  bool operator==(const EncapsulationLimits&) const = default;
};

class EncapsulationConfig {
 public:
  // Whether the update may change any host's limits.
  bool update(const Update& update);
  EncapsulationLimits of(Symbol host) const;

 private:
  bool has_own_values(Symbol host) const;

  std::map<Key, ValuePtr> values_;
  mutable std::map<Symbol, EncapsulationLimits> known_;
};

}  // namespace felixsim::reach
