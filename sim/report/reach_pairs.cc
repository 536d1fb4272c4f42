// SPDX-License-Identifier: Apache-2.0
#include "sim/report/reach_pairs.h"

namespace felixsim {
namespace {

using reach::Bits;
using reach::Tri;

// Adds to `pods` what the elements of one IP version reach.
void add_family(const reach::FamilyMatrix& family, size_t header, const std::vector<size_t>& from,
                const std::vector<size_t>& pod_of, Tri& pods) {
  for (const size_t source : from) {
    const Tri row = family.row(source, header);
    for (size_t i = row.may.find_first(); i != Bits::npos; i = row.may.find_next(i)) {
      if (family.is_world(i)) continue;
      const size_t pod = pod_of[static_cast<size_t>(family.addresses.elements()[i].endpoint)];
      pods.may.set(pod);
      if (row.yes.test(i)) pods.yes.set(pod);
    }
  }
}

}  // namespace

std::string reach_pairs(const reach::Matrix& matrix, const reach::Header& header,
                        const reach::Focus& focus, size_t* unknown) {
  // Endpoints of one workload are one pod; names are in order.
  std::vector<std::string> names;
  std::vector<size_t> pod_of;
  std::vector<char> sends, receives;  // by pod: whether it is in focus
  for (const auto& endpoint : matrix.endpoints) {
    if (names.empty() || names.back() != endpoint.name.workload.str()) {
      names.push_back(endpoint.name.workload.str());
      sends.push_back(!focus.from || focus.from(endpoint));
      receives.push_back(!focus.to || focus.to(endpoint));
    }
    pod_of.push_back(names.size() - 1);
  }
  struct Family {
    const reach::FamilyMatrix& matrix;
    size_t header;
    std::vector<std::vector<size_t>> elements;  // of a pod
  };
  std::vector<Family> families;
  for (const auto* family : {&matrix.v4, &matrix.v6}) {
    if (family->addresses.endpoints().empty()) continue;
    families.push_back({*family, family->headers.class_of(header), {}});
    families.back().elements.resize(names.size());
    for (const size_t i : family->addresses.endpoints())
      families.back()
          .elements[pod_of[static_cast<size_t>(family->addresses.elements()[i].endpoint)]]
          .push_back(i);
  }
  std::string out;
  size_t untold = 0;
  for (size_t source = 0; source < names.size(); ++source) {
    if (!sends[source]) continue;
    Tri pods = Tri::none(names.size());
    for (const auto& family : families)
      add_family(family.matrix, family.header, family.elements[source], pod_of, pods);
    for (size_t i = pods.may.find_first(); i < names.size(); i = pods.may.find_next(i)) {
      if (i == source || !receives[i]) continue;
      if (!pods.yes.test(i)) {
        ++untold;
        continue;
      }
      out.append(names[source]).append(" ").append(names[i]) += '\n';
    }
  }
  if (unknown) *unknown = untold;
  return out;
}

}  // namespace felixsim
