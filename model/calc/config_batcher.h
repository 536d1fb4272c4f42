// SPDX-License-Identifier: Apache-2.0
// Gathers the datastore's configuration for this host: global values, those of the
// FelixConfiguration whose node selector matches, and the host's own. Mirrors
// felix/calc/config_batcher.go. Nothing is sent before the datastore is in sync.
#pragma once

#include <map>
#include <string>

#include "felixsim/keys.h"
#include "felixsim/resource.h"
#include "model/calc/event_sequencer.h"
#include "model/selector/selector.h"

namespace felixsim::calc {

class ConfigBatcher {
 public:
  ConfigBatcher(EventSequencer& sequencer, Symbol hostname)
      : sequencer_(sequencer), hostname_(hostname) {}

  // Null values are deletions.
  void on_global_config(Symbol name, const RawText* value);
  void on_host_config(const HostConfigKey& key, const RawText* value);
  void on_ready_flag(const ReadyFlag* flag);
  void on_felix_configuration(Symbol name, const FelixConfiguration* configuration);
  void on_node(Symbol name, const Node* node);
  void on_in_sync();

 private:
  struct Scoped {
    SelectorPtr selector;  // null: no node selector, so it matches nothing
    int64_t created = 0;   // seconds since 1970
    StringMap config;
  };
  void set(StringMap& values, Symbol name, const RawText* value);
  void maybe_send();
  StringMap selector_config() const;

  EventSequencer& sequencer_;
  Symbol hostname_;
  bool in_sync_ = false, dirty_ = true, ready_ = false;
  StringMap global_, host_;
  std::map<Symbol, Scoped> scoped_;
  Labels node_labels_;  // a node without labels counts as no node
};

}  // namespace felixsim::calc
