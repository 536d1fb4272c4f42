// SPDX-License-Identifier: Apache-2.0
// Hashes of identities, for look-up only.
#pragma once

#include <absl/hash/hash.h>

#include "felixsim/messages.h"

namespace felixsim {

struct IdHash {
  size_t operator()(Symbol symbol) const { return absl::HashOf(symbol.hash()); }
  size_t operator()(const msg::PolicyId& id) const {
    return absl::HashOf(id.kind.hash(), id.ns.hash(), id.name.hash());
  }
  size_t operator()(const msg::WorkloadEndpointId& id) const {
    return absl::HashOf(id.orchestrator.hash(), id.workload.hash(), id.endpoint.hash());
  }
  template <class... Ids>
  size_t operator()(const std::variant<Ids...>& id) const {
    return std::visit(*this, id);
  }
};

}  // namespace felixsim
