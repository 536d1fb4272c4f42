// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/grouping.h"

#include <absl/container/flat_hash_map.h>

#include "sim/analysis/reach/allowed_by.h"

namespace felixsim::reach {
namespace {

void find_identity(const Stack& stack, bool ingress, std::vector<uint64_t>& identity) {
  identity.assign({static_cast<uint64_t>(stack.kind), ingress ? 1u : 0u});
  const auto add = [&](const auto& layers) {
    identity.push_back(layers.size());
    for (const Layer* layer : layers) identity.push_back(reinterpret_cast<uintptr_t>(layer));
  };
  for (const auto& tier : stack.tiers) {
    identity.push_back(tier.denies_rest ? 1 : 0);
    add(tier.policies);
  }
  add(stack.others);
  if (stack.denied_first)
    identity.insert(identity.end(), stack.denied_first->begin(), stack.denied_first->end());
}

}  // namespace

void find_groups(Stacks& stacks, FamilyMatrix& out) {
  const size_t elements = out.addresses.size();
  out.ingress.assign(elements, -1);
  out.egress.assign(elements, -1);
  TierOutcomes tiers(out.headers, out.addresses.live());
  absl::flat_hash_map<std::vector<uint64_t>, int> numbers;
  std::vector<uint64_t> identity;
  for (const size_t element : listed(out.addresses.live())) {
    if (out.is_world(element)) continue;
    for (const bool ingress : {true, false}) {
      const Stack stack = stacks.of(element, ingress);
      find_identity(stack, ingress, identity);
      const auto [it, fresh] = numbers.try_emplace(identity, static_cast<int>(out.groups.size()));
      (ingress ? out.ingress : out.egress)[element] = it->second;
      if (!fresh) continue;
      out.groups.push_back(allowed_by(stack, tiers));
      out.programs.push_back(stacks.program_of(element, ingress));
      out.representatives.push_back(element);
    }
  }
}

}  // namespace felixsim::reach
