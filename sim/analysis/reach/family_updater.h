// SPDX-License-Identifier: Apache-2.0
// Keeps the layers of one IP version as the cluster changes: what an event does not touch stays.
// Elements keep their numbers.
#pragma once

#include <memory>
#include <vector>

#include "sim/analysis/reach/grouping.h"

namespace felixsim::reach {

// How the numbers of endpoints changed; all empty: no endpoint did.
struct EndpointsMoved {
  std::vector<int> to;          // by old number: the new one; -1: it is gone
  std::vector<size_t> renewed;  // new numbers of endpoints that came, or have other addresses
  std::vector<size_t> other_profiles;  // of others with other profiles, or another state
};

class FamilyUpdater {
 public:
  // All must outlive it. `endpoints` is up to date at each update().
  FamilyUpdater(IpFamily family, const ClusterState& state, const MatrixOptions& options,
                const std::vector<EndpointInfo>& endpoints, const UnknownLabels& unknown);
  FamilyUpdater(const FamilyUpdater&) = delete;
  FamilyUpdater& operator=(const FamilyUpdater&) = delete;

  void update(const Changes& changes, const EndpointsMoved& moved);

  // Conditions on headers that nothing needs any more are never dropped; are they too many?
  bool worn_out() const;

  const AddressSpace& addresses() const { return addresses_; }
  const HeaderSpace& headers() const { return headers_; }
  // Headers that may go from one element to the other.
  Tri allowed(size_t source, size_t destination);
  FamilyMatrix written_out();

 private:
  void move_endpoints(const EndpointsMoved& moved);
  void renew_addresses(size_t endpoint, std::vector<size_t> elements);
  void update_nets(const Changes& changes);
  void update_headers(const Changes& changes, const EndpointsMoved& moved);
  void prepare(const Changes& changes, const Bits& dirty);
  const EndpointInfo& endpoint_of(size_t element) const {
    return endpoints_[static_cast<size_t>(addresses_.elements()[element].endpoint)];
  }

  const ClusterState& state_;
  const MatrixOptions& options_;
  const std::vector<EndpointInfo>& endpoints_;
  AddressSpace addresses_;
  HeaderSpace headers_;
  ElementSets sets_;
  std::shared_ptr<CompiledRules> rules_;
  Layers layers_;
  Stacks stacks_;
  size_t update_ = 0;  // counts them
  size_t first_conditions_ = 0;
  std::vector<size_t> other_profiles_;  // elements of endpoints that have them
};

}  // namespace felixsim::reach
