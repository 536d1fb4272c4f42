// SPDX-License-Identifier: Apache-2.0
// Rules as the dataplane gets them: selectors, named ports and services replaced by the ids of IP
// sets, and the definitions of those sets. Mirrors felix/calc/rule_scanner.go (ruleToParsedRule)
// and rule_convert.go. What a policy parses to depends on nothing but its value and name, so that
// all nodes of a process share it (SharedRules).
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "felixsim/keys.h"
#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/symbol.h"
#include "model/calc/calc_hash.h"
#include "model/selector/selector.h"

namespace felixsim::calc {

// An IP set by what is in it: a selector, perhaps cut down to a named port, or a service.
struct IpSetDefinition {
  Symbol id;
  msg::IpSetType type = msg::IpSetType::net;
  SelectorPtr selector;  // null for a service's set
  uint8_t protocol = 0;  // of the named port: named_port_protocol_* or its number
  Symbol port_name;      // empty: no named port
  Symbol service;        // "namespace/name"; empty: selector or named port
};

struct ParsedRules {
  ValuePtr source;                              // keeps the value's address taken
  std::vector<IpSetDefinition> ip_sets;         // by id, each once
  std::shared_ptr<const msg::Policy> policy;    // of a policy
  std::shared_ptr<const msg::Profile> profile;  // of a profile
};
using ParsedRulesPtr = std::shared_ptr<const ParsedRules>;

// `value` holds a Policy, or ProfileRules. All selectors in it are valid (validation_filter.h).
ParsedRulesPtr parse_policy(const PolicyKey& key, const ValuePtr& value);
ParsedRulesPtr parse_profile(Symbol name, const ValuePtr& value);

// What stands in for a profile that is missing: one deny rule each way.
const ValuePtr& drop_rules();

// Keeps what is parsed for as long as somebody uses it. Thread-safe.
class SharedRules {
 public:
  ParsedRulesPtr policy(const PolicyKey& key, const ValuePtr& value);
  ParsedRulesPtr profile(Symbol name, const ValuePtr& value);

 private:
  using Entry = std::pair<PolicyKey, const Value*>;  // profiles have no kind
  template <class Parse>
  ParsedRulesPtr find_or(const Entry& entry, Parse parse);

  std::mutex mutex_;
  absl::flat_hash_map<Entry, std::weak_ptr<const ParsedRules>> parsed_;
  size_t sweep_at_ = 1024;
};

}  // namespace felixsim::calc
