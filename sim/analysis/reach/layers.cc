// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/layers.h"

namespace felixsim::reach {
namespace {

constexpr size_t too_many = 8 * Bits::word_bits;  // elements: columns cost more than the whole

// What tells parts apart: tiers and rules by address, and what the rules find at the endpoint
// itself.
void find_identity(const Program& part, size_t local, std::vector<uint64_t>& identity) {
  const auto add = [&](const auto* address) {
    identity.push_back(reinterpret_cast<uintptr_t>(address));
  };
  identity.assign({part.ingress ? 1u : 0u, part.asks_profiles ? 1u : 0u});
  add(part.policy);
  identity.push_back(part.tiers.size());
  for (const auto& tier : part.tiers) add(tier.get());
  for (const auto* profile : part.profiles) add(profile);
  for (const auto& section : part.host_sections) {
    identity.push_back((section.surely ? 5u : 4u) + (section.untold ? 2u : 0u));
    add(section.never.get());
    identity.push_back(section.tiers.size());
    for (const auto& tier : section.tiers) add(tier.get());
  }
  const auto answers = local_answers(part, local);
  identity.insert(identity.end(), answers.begin(), answers.end());
}

// Calls each(rules or set) for all that a layer depends on.
template <class Each>
void for_each_cause(const Program& part, Each each) {
  for_each_policy(part, [&](const RuleMatches& rules) { each(&rules); });
  for (const auto& section : part.host_sections)
    if (section.never) each(section.never.get());
}

}  // namespace

LayerPtr Layers::get(const Program& part, size_t local) {
  find_identity(part, local, identity_);
  auto& layer = by_identity_[identity_];
  if (layer) return layer;
  layer = std::make_shared<Layer>();
  layer->part = part;
  layer->identity = identity_;
  evaluate_whole(local, headers_, cuts_, elements_, *layer);
  for_each_cause(part, [&](const void* cause) { users_[cause].push_back(layer.get()); });
  return layer;
}

void Layers::drop(Layer* layer) {
  for_each_cause(layer->part, [&](const void* cause) {
    const auto users = users_.find(cause);
    if (users == users_.end()) return;
    std::erase(users->second, layer);
    if (users->second.empty()) users_.erase(users);
  });
  layer->dropped = true;
  by_identity_.erase(by_identity_.find(layer->identity));
}

void Layers::follow_headers(const std::vector<size_t>& cut_off_of) {
  for (auto& [identity, layer] : by_identity_)
    reach::follow_headers(cut_off_of, headers_.size(), *layer);
}

void Layers::grow() {
  const size_t before = std::exchange(elements_, addresses_.size());
  if (by_identity_.empty() || before == elements_) return;
  const size_t last = elements_ - 1;
  FELIXSIM_CHECK(!addresses_.live().test(last));  // AddressSpace grows by more than is needed
  const ElementColumn vacant({last});
  sets_.look_at(vacant);
  for (auto& [identity, layer] : by_identity_)
    columns_.grow(vacant, before, elements_, headers_, *layer);
}

std::vector<Layer*> Layers::users_of(const std::vector<const void*>& causes) const {
  std::vector<Layer*> out;
  for (const void* one : causes)
    if (const auto users = users_.find(one); users != users_.end())
      out.insert(out.end(), users->second.begin(), users->second.end());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void Layers::update(const RulesUpdate& rules, const Bits& dirty) {
  grow();
  drop_old(rules.changed);
  std::vector<const void*> whole(rules.changed.begin(), rules.changed.end());
  std::vector<const void*> by_column(rules.touched.begin(), rules.touched.end());
  by_column.insert(by_column.end(), sets_.touched().begin(), sets_.touched().end());
  if (dirty.count() > too_many) whole.insert(whole.end(), by_column.begin(), by_column.end());
  // One endpoint can no longer stand for all that have it.
  for (Layer* layer : users_of(whole))
    if (layer->part.asks_local) drop(layer);
  const std::vector<Layer*> changed = users_of(whole), touched = users_of(by_column);
  for (Layer* layer : changed) evaluate_whole(0, headers_, cuts_, elements_, *layer);
  std::vector<Layer*> others;
  std::set_difference(touched.begin(), touched.end(), changed.begin(), changed.end(),
                      std::back_inserter(others));
  ask_about(others, dirty);
}

// Those of rules that are gone, or may ask other things about the endpoint itself than before.
void Layers::drop_old(const std::vector<const RuleMatches*>& changed) {
  std::vector<const void*> other_questions;
  for (const auto* one : changed)
    if (one->gone || one->asks_local || one->asked_local) other_questions.push_back(one);
  for (Layer* layer : users_of(other_questions)) drop(layer);
}

void Layers::ask_about(const std::vector<Layer*>& layers, const Bits& elements) {
  const std::vector<size_t> list = listed(elements);
  for (size_t begin = 0; begin < list.size() && !layers.empty(); begin += Bits::word_bits) {
    const auto first = list.begin() + static_cast<std::ptrdiff_t>(begin);
    const size_t count = std::min(Bits::word_bits, list.size() - begin);
    const ElementColumn some({first, first + static_cast<std::ptrdiff_t>(count)});
    sets_.look_at(some);
    for (Layer* layer : layers) columns_.evaluate(some, elements_, headers_, *layer);
  }
}

void Layers::drop_others(const std::vector<const Layer*>& used) {
  std::vector<Layer*> unused;
  for (const auto& [identity, layer] : by_identity_)
    if ((!layer->part.policy || layer->part.asks_local) &&
        !std::binary_search(used.begin(), used.end(), layer.get()))
      unused.push_back(layer.get());
  for (Layer* layer : unused) drop(layer);
}

}  // namespace felixsim::reach
