// SPDX-License-Identifier: Apache-2.0
// The shapes of the resources that are stored as Go prints them: Calico's own
// (api/pkg/apis/projectcalico/v3, libcalico-go/lib/apis/internalapi), Services (k8s core/v1) and
// EndpointSlices (discovery/v1), v3.32.1 and Kubernetes 1.35.
// Left out: kinds that Felix does not watch, and the status that controllers write to others.
#pragma once

#include <span>
#include <string_view>

#include "model/datastore/json_shape.h"
#include "model/datastore/v3_values.h"

namespace felixsim {

// Members of a resource beside kind, apiVersion and metadata; nothing for kinds unknown here.
std::span<const JsonField> resource_shape(std::string_view kind);

// Writes a resource's members, without braces. Name and annotations are those of `meta`; what is
// of the wrong type fails `in`.
void write_resource_members(JsonReader& in, JsonWriter& out, JsonView view, std::string_view kind,
                            const ObjectMeta& meta);

// metav1.ObjectMeta but for name and annotations.
std::span<const JsonField> metadata_shape();
// The part of resource_shape for policies, and for kinds of Kubernetes.
std::span<const JsonField> policy_shape(std::string_view kind);
std::span<const JsonField> kubernetes_shape(std::string_view kind);
std::span<const JsonField> profile_shape();
std::span<const JsonField> felix_configuration_shape();

}  // namespace felixsim
