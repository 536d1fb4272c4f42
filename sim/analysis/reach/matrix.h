// SPDX-License-Identifier: Apache-2.0
// Who may send what to whom: exact for all headers at once, for every pair of endpoints and for the
// world outside. A packet passes if the egress policy of its source and the ingress policy of its
// destination both let it, as Felix's chains on the two nodes do, and policy of the nodes' host
// endpoints for what they forward; replies pass by conntrack. Left out: what routes and NAT do to
// packets (sim/analysis/probe.h walks them), a pod's packets to itself, which never leave it.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/analysis/reach/addresses.h"
#include "sim/analysis/reach/allowed.h"
#include "sim/analysis/reach/cells.h"

namespace felixsim::reach {

// The answers of one IP version. Elements are numbered as in `addresses`.
struct FamilyMatrix {
  FamilyMatrix(AddressSpace addresses_known, HeaderSpace headers_known)
      : addresses(std::move(addresses_known)), headers(std::move(headers_known)) {}

  AddressSpace addresses;
  HeaderSpace headers;
  std::vector<Allowed> groups;       // what may pass, one direction, for endpoints alike
  std::vector<int> ingress, egress;  // of an element: its group; -1: everything may pass (world)

  // Of each group: what is asked, and an element that has it. The rules live as long as the matrix.
  std::vector<Program> programs;
  std::vector<size_t> representatives;
  std::shared_ptr<const void> rules;

  // Headers that may go from one element to the other.
  Tri allowed(size_t source, size_t destination) const;
  // The same for one class of headers, for all destinations at once.
  Tri row(size_t source, size_t header) const;

  bool is_world(size_t element) const { return addresses.elements()[element].endpoint < 0; }

 private:
  void restrict_to(Tri& headers, int group, size_t peer) const;
};

struct MatrixOptions {
  std::vector<HeaderMatch> told_apart;  // headers that the answer must tell from all others
  // What the input does not tell: pods ("ns/pod") whose address only stands for one, and namespaces
  // of which it has no more than the name.
  std::set<Symbol> without_address, unknown_namespaces;
  std::vector<Cidr> pools;  // where such addresses are; none of an IP version: not known either
  std::vector<Number> cuts_v4, cuts_v6;  // where pieces of the world must begin
};

struct Matrix {
  std::vector<EndpointInfo> endpoints;  // by name
  std::vector<calc::TierPtrs> tiers;    // of each endpoint, in order of evaluation
  FamilyMatrix v4, v6;
};

// So that a matrix tells the same headers and pieces of the world apart as `other`.
void tell_apart_like(const Matrix& other, MatrixOptions& options);

Matrix compute_matrix(const ClusterState& state, const MatrixOptions& options = {});

}  // namespace felixsim::reach
