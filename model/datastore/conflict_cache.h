// SPDX-License-Identifier: Apache-2.0
// Several v3 resources may turn into one v1 key: two pools of one CIDR, two network sets. The one
// whose name sorts first holds; the others wait. Mirrors
// libcalico-go/lib/backend/syncersv1/updateprocessors/conflictresolvingcacheproc.go.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "felixsim/resource.h"

namespace felixsim {

class ConflictCache {
 public:
  // Resource `name` now stands for `key` and `value`; appends what Felix is told. O(log n).
  void put(Symbol name, const Key& key, ValuePtr value, std::vector<Update>& out);
  // Resource `name` is gone; nothing happens if it was not there, and that is false.
  bool remove(Symbol name, std::vector<Update>& out);
  // The name that stands in the way of this one, empty if none does.
  Symbol holder_before(Symbol name) const;

 private:
  struct Entry {
    Key key;
    ValuePtr value;
  };
  std::map<Symbol, Entry> entries_;
  std::map<Key, std::set<Symbol>> names_;  // never an empty set
};

}  // namespace felixsim
