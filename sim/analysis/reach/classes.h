// SPDX-License-Identifier: Apache-2.0
// The matrix in factored form: classes of elements that are alike as senders, classes that are
// alike as receivers, and what each of the former may send to each of the latter.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/analysis/reach/matrix.h"

namespace felixsim::reach {

// Which part of the matrix is asked for. Elements are those of one IP version.
struct Focus {
  std::function<bool(const EndpointInfo&)> from, to;  // null: every endpoint
  bool from_world = true, to_world = true;
  std::optional<HeaderMatch> header;  // only these; must be told apart in the matrix
};

struct ElementClass {
  bool world = false;
  std::vector<size_t> elements;  // in order of endpoints' names, or of addresses
};

class Classes {
 public:
  // The matrix must outlive it. O(elements × groups) at worst, mostly much less.
  Classes(const Matrix& matrix, const FamilyMatrix& family, const Focus& focus = {});

  // By the name of the first endpoint, the world last.
  const std::vector<ElementClass>& senders() const { return senders_; }
  const std::vector<ElementClass>& receivers() const { return receivers_; }

  // What passes between two classes, by number: headers that do, and that may. 0 is nothing.
  const std::vector<Tri>& connections() const { return connections_; }
  // For each class of receivers, the number of what a sender may send to it; members of both are
  // not meant to send to themselves. O(receivers + groups).
  void row(size_t sender, std::vector<uint32_t>& out);

  const FamilyMatrix& family() const { return family_; }

 private:
  std::vector<ElementClass> find_classes(const Matrix& matrix, const Focus& focus,
                                         bool as_senders) const;
  void gather_ingress();
  void ask_ingress(size_t block);
  const std::vector<uint32_t>& egress_masks(size_t group);
  uint32_t mask_of(size_t group, size_t peer);
  uint32_t number_of(Tri mask);
  uint32_t combined(uint32_t a, uint32_t b);

  const FamilyMatrix& family_;
  std::vector<ElementClass> senders_, receivers_;
  std::vector<size_t> canonical_;             // of a group: the first one with the same contents
  std::vector<std::vector<uint32_t>> masks_;  // of a group, by the parts a peer is in
  std::vector<Tri> connections_;
  std::vector<std::vector<uint32_t>> combined_;  // memory of combined()
  // Ingress by sender, 64 senders at a time: neighbours in `senders_` are neighbours in memory.
  struct PartBits {
    std::vector<uint64_t> yes, may;  // by sender
  };
  std::vector<size_t> ingress_groups_;              // those of receivers, each once
  std::vector<std::vector<PartBits>> sender_bits_;  // of each of them, by part
  std::vector<size_t> ingress_of_;  // of a receiver: where in them; past the end: any
  std::vector<std::vector<uint32_t>> ingress_now_;  // of 64 senders, by place in ingress_groups_
  size_t block_ = ~size_t{0};
  std::map<size_t, std::vector<uint32_t>> egress_masks_;  // of a group, by receiver
  uint32_t everything_ = 0;
  std::map<std::vector<uint64_t>, uint32_t> numbers_;
  Bits header_focus_;
};

}  // namespace felixsim::reach
