// SPDX-License-Identifier: Apache-2.0
// Datastore keys to and from text. Mirrors libcalico-go/lib/backend/model/keys.go
// (KeyFromDefaultPath, KeyToDefaultPath), name.go (escapes) and policy.go (LegacyPolicyKey).
// Left out: the keys that Felix's syncer never delivers keep no identity (`other`).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "felixsim/keys.h"
#include "felixsim/symbol.h"

namespace felixsim {

struct ParsedKey {
  enum class Kind : uint8_t {
    unknown,  // no key of Calico's data model
    other,    // a key of the data model, but not one that Felix's calc graph reads
    felix,    // `key` holds
  };
  Kind kind = Kind::unknown;
  Key key;
  // Set for /calico/v1/policy/tier/<tier>/policy/<name>, as Typha before v3.32 sends them: the tier
  // is not in the value, so parse_value must be given it.
  std::optional<Symbol> legacy_tier{};
};

// O(length). Percent escapes in names are undone (%2f, %25). A v3 resource of any kind of Calico's
// is `felix`, by its kind ("GlobalNetworkPolicy"); an unknown plural is `unknown`.
ParsedKey parse_key(std::string_view text);

// The text that etcd would hold: parse_key(key_text(k)).key == k for keys that parse_key yields.
std::string key_text(const Key& key);

// A name as it stands in a key: % and / are escaped, as parse_key undoes it.
std::string escaped_name(Symbol name);

// What error messages call the thing behind a key: "GlobalNetworkPolicy 'p1'", "IPPool
// '10.0.0.0/16'".
std::string describe(const Key& key);

// Is a v3 kind namespaced (libcalico-go/lib/namespace/resource.go)? False for unknown kinds.
bool is_namespaced_kind(std::string_view kind);

}  // namespace felixsim
