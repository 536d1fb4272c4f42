// SPDX-License-Identifier: Apache-2.0
// Resources as people and API servers write them (kubectl or calicoctl manifests, watch events),
// turned into what the datastore holds: v3 keys and values in their etcd form. Calico's own are
// stored as they are; Kubernetes' become Calico's. Mirrors libcalico-go/lib/backend/k8s
// (conversion/, resources/node.go, livemigration.go) and model/resource.go.
// Left out: fields unknown to Calico stay in Calico resources; Go would drop them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/result.h"

namespace felixsim {

struct ResourceOptions {
  bool use_pod_cidr = false;  // host-local IPAM: tunnel addresses come from the nodes' pod CIDRs
  std::string interface_prefix = "cali";  // of the workloads' host-side interfaces
};

struct StoredResource {
  std::string key;                   // /calico/resources/v3/projectcalico.org/...
  std::optional<std::string> value;  // JSON; unset is a delete
};

struct ConvertedResource {
  std::vector<StoredResource> stored;  // empty where `skipped` is set
  std::string skipped;                 // why Calico does not know the object: "host-networked pod"
  std::vector<std::string> errors;     // what could not be converted; the rest is in `stored`
};

// Is this kind of object one that convert_resource knows?
bool is_known_resource(std::string_view api_version, std::string_view kind);

// One object, put or deleted. An error if it cannot be converted at all: no JSON, an unknown kind,
// no name, wrong types. A deleted object needs kind, name and namespace (a pod its node as well).
Result<ConvertedResource> convert_resource(std::string_view json, bool deleted,
                                           const ResourceOptions& options = {});

}  // namespace felixsim
