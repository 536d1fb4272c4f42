// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/matrix.h"

namespace felixsim::reach {

void FamilyMatrix::restrict_to(Tri& headers_left, int group, size_t peer) const {
  if (group < 0) return;
  Tri allowed = Tri::none(headers.size());
  for (const auto& part : groups[static_cast<size_t>(group)]) {
    if (part.peers.yes.test(peer)) allowed.yes |= part.headers;
    if (part.peers.may.test(peer)) allowed.may |= part.headers;
  }
  headers_left &= allowed;
}

Tri FamilyMatrix::allowed(size_t source, size_t destination) const {
  Tri out = Tri::all(headers.size());
  restrict_to(out, egress[source], destination);
  restrict_to(out, ingress[destination], source);
  return out;
}

Tri FamilyMatrix::row(size_t source, size_t header) const {
  Tri out = Tri::none(addresses.size());
  const auto part_of = [&](int group) -> const AllowedPart* {
    for (const auto& part : groups[static_cast<size_t>(group)])
      if (part.headers.test(header)) return &part;
    return nullptr;
  };
  std::vector<int8_t> verdicts(groups.size(), -1);  // of each group, once asked
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (!addresses.live().test(i)) continue;
    if (ingress[i] < 0) {
      out.yes.set(i);
      out.may.set(i);
      continue;
    }
    int8_t& verdict = verdicts[static_cast<size_t>(ingress[i])];
    if (verdict < 0) {
      const AllowedPart* part = part_of(ingress[i]);
      verdict = static_cast<int8_t>(part ? verdict_of(part->peers, source) : Verdict::no);
    }
    if (verdict == static_cast<int8_t>(Verdict::yes)) out.yes.set(i);
    if (verdict != static_cast<int8_t>(Verdict::no)) out.may.set(i);
  }
  if (egress[source] < 0) return out;
  const AllowedPart* part = part_of(egress[source]);
  if (!part) return Tri::none(addresses.size());
  out &= part->peers;
  return out;
}

void tell_apart_like(const Matrix& other, MatrixOptions& options) {
  for (const auto* family : {&other.v4, &other.v6}) {
    const auto& conditions = family->headers.conditions();
    options.told_apart.insert(options.told_apart.end(), conditions.begin(), conditions.end());
    const auto starts = family->addresses.cuts();
    auto& cuts = family == &other.v4 ? options.cuts_v4 : options.cuts_v6;
    cuts.insert(cuts.end(), starts.begin(), starts.end());
  }
}

}  // namespace felixsim::reach
