// SPDX-License-Identifier: Apache-2.0
// Tells only the widest members of an IP set: what lies inside a member adds nothing to the set,
// and nftables refuses it. Mirrors the member de-duplicator of felix/labelindex/named_port_index.go
// and the parts of felix/ip/trie.go that it uses, including what it gets wrong: taking out a member
// that was itself covered is told, and so are the members inside it, though still covered.
#pragma once

#include <absl/container/btree_set.h>

#include <array>
#include <cstdint>
#include <vector>

#include "felixsim/ip.h"

namespace felixsim::calc {

class OverlapSuppressor {
 public:
  // Adds a member that is not there. False: it is covered, tell nothing. True: tell it as added,
  // then `masked` as removed.
  bool add(const Cidr& cidr, std::vector<Cidr>& masked);

  bool has(const Cidr& cidr) const { return members_.contains(cidr); }
  bool is_covered(const Cidr& cidr) const;  // by a wider member

  // Takes out a member that is there: tell it as removed, then the result as added.
  std::vector<Cidr> remove(const Cidr& cidr);

 private:
  std::vector<Cidr> closest_inside(const Cidr& cidr) const;
  std::array<uint32_t, 129>& lengths(IpFamily family) {
    return family == IpFamily::v4 ? lengths_v4_ : lengths_v6_;
  }
  const std::array<uint32_t, 129>& lengths(IpFamily family) const {
    return family == IpFamily::v4 ? lengths_v4_ : lengths_v6_;
  }

  absl::btree_set<Cidr> members_;
  std::array<uint32_t, 129> lengths_v4_{}, lengths_v6_{};  // number of members of each length
};

}  // namespace felixsim::calc
