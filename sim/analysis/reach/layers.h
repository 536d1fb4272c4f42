// SPDX-License-Identifier: Apache-2.0
// All layers of one IP version, each once, kept up to date as rules and sets change.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <vector>

#include "sim/analysis/reach/compiled_rules.h"
#include "sim/analysis/reach/layer.h"

namespace felixsim::reach {

class Layers {
 public:
  // All must outlive them.
  Layers(const HeaderSpace& headers, const AddressSpace& addresses, ElementSets& sets)
      : headers_(headers), addresses_(addresses), sets_(sets), cuts_(headers) {}

  // The layer that asks this part of a program, of endpoints like that of `local`; evaluated when
  // first asked for, and kept up to date until it is dropped.
  LayerPtr get(const Program& part, size_t local);
  size_t size() const { return by_identity_.size(); }

  void follow_headers(const std::vector<size_t>& cut_off_of);
  // Sets have their members of this update; `dirty`: elements whose membership may have changed.
  // Drops layers whose rules are gone, or may ask other things about the endpoint itself than
  // before.
  void update(const RulesUpdate& rules, const Bits& dirty);
  // Beside those of policies, which all endpoints share while the policy is in force. `used`:
  // ascending by address.
  void drop_others(const std::vector<const Layer*>& used);

 private:
  void drop(Layer* layer);
  void drop_old(const std::vector<const RuleMatches*>& changed);
  void grow();
  std::vector<Layer*> users_of(const std::vector<const void*>& causes) const;
  void ask_about(const std::vector<Layer*>& layers, const Bits& elements);

  const HeaderSpace& headers_;
  const AddressSpace& addresses_;
  ElementSets& sets_;
  HeaderCuts cuts_;
  ColumnEvaluator columns_;
  absl::flat_hash_map<std::vector<uint64_t>, std::shared_ptr<Layer>> by_identity_;
  // Of rules, and of sets that the layer names itself.
  absl::flat_hash_map<const void*, std::vector<Layer*>> users_;
  size_t elements_ = 0;             // so many are in the layers
  std::vector<uint64_t> identity_;  // that is looked for
};

}  // namespace felixsim::reach
