// SPDX-License-Identifier: Apache-2.0
// Which local workload endpoints are source or target of a live migration. Mirrors
// felix/calc/live_migration_calculator.go. Sees endpoints before the active rules calculator does.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>

#include "felixsim/keys.h"
#include "felixsim/resource.h"
#include "model/calc/active_rules_calculator.h"
#include "model/calc/event_sequencer.h"
#include "model/calc/policy_resolver.h"

namespace felixsim::calc {

class LiveMigrationCalculator {
 public:
  LiveMigrationCalculator(EventSequencer& sequencer, PolicyResolver& resolver)
      : sequencer_(sequencer), resolver_(resolver) {}
  void set_active_rules(ActiveRulesCalculator* active_rules) { active_rules_ = active_rules; }

  // Local endpoints only.
  void on_endpoint(const WorkloadEndpointKey& key, bool exists);
  // Null is a deletion. A target selector that does not parse makes Felix panic.
  void on_live_migration(const ResourceKey& key, const LiveMigration* migration);
  void on_computed_match(Symbol selector, const EndpointKey& endpoint, bool matches);

 private:
  enum Side : size_t { source, target, side_count };
  using Keys = std::set<ResourceKey>;
  struct Endpoint {
    WorkloadEndpointKey key;
    std::array<Keys, side_count> named_by;  // migrations that name this endpoint
    Symbol target_selector;                 // the one that matched last; empty: none
  };
  struct Role {
    msg::LiveMigrationRole role = msg::LiveMigrationRole::none;
    std::string uid;
  };
  Role role_of(const Endpoint& endpoint) const;
  std::string greatest_uid(const Keys& migrations) const;
  // Changes the endpoint and tells the resolver if its role is another after it.
  template <class Change>
  void change(Endpoint& endpoint, Change apply);
  void set_reference(Side side, const MigrationOwner& owner, const ResourceKey& key, bool refers);
  void reference_selector(Symbol selector, const ResourceKey& key);
  void unreference_selector(Symbol selector, const ResourceKey& key);

  EventSequencer& sequencer_;
  PolicyResolver& resolver_;
  ActiveRulesCalculator* active_rules_ = nullptr;
  std::map<MigrationOwner, Endpoint> endpoints_;
  std::map<ResourceKey, LiveMigration> migrations_;
  std::array<std::map<MigrationOwner, Keys>, side_count> references_;
  std::map<Symbol, Keys> selectors_;
};

}  // namespace felixsim::calc
