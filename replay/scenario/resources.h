// SPDX-License-Identifier: Apache-2.0
// Calico v3 resources: checks of what a scenario writes, and what calicoctl makes of it in etcd.
// Mirrors libcalico-go (clientv3 defaults, lib/backend/model/resource.go) v3.32.1 and v3.28.5. Left
// out: calicoctl's full validation; the model validates what it reads again. Internal to
// replay/scenario.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "felixsim/felix_version.h"
#include "replay/scenario/reader.h"

namespace felixsim::scenario {

// Kind and name are there and known, keys of the common kinds are known, enumerations hold known
// words. `apiVersion` may be left out.
Status check_resource(const Reader& reader, const Node& node);

// Whether the kind's resources live in namespaces; CHECKs that the kind is known.
bool is_namespaced(const std::string& kind);

// The etcd key of the resource; its name and namespace are completed in place.
std::string prepare_resource(nlohmann::json& resource, FelixVersion version);

// Why calicoctl refuses to store the (policy) resource; empty if it does not. Only the one check
// that catches policies which are otherwise well-formed: a negated net that covers everything.
std::string refusal(const nlohmann::json& resource);

// Fills in what calicoctl fills in and drops what it drops. Without uid and creation time.
void fill_defaults(nlohmann::json& resource, FelixVersion version);

}  // namespace felixsim::scenario
