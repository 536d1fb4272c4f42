// SPDX-License-Identifier: Apache-2.0
// v3 resources printed as etcd holds them, for those that are made of Kubernetes objects.
#pragma once

#include <string>
#include <string_view>

#include "model/datastore/json_view.h"
#include "model/datastore/json_writer.h"
#include "model/datastore/v3_policy.h"
#include "model/datastore/v3_values.h"

namespace felixsim {

// Whole resources; `members` writes what comes after metadata.
template <class Members>
std::string v3_resource_text(std::string_view kind, const ObjectMeta& meta, Members&& members);

void write_metadata(JsonWriter& out, const ObjectMeta& meta);
void write_v3_rules(JsonWriter& out, std::string_view name, const std::vector<V3Rule>& rules);
std::string v3_policy_text(const V3Policy& policy, bool global);

// The same JSON again.
void copy_json(JsonWriter& out, JsonView view);

template <class Members>
std::string v3_resource_text(std::string_view kind, const ObjectMeta& meta, Members&& members) {
  JsonWriter out;
  out.object([&] {
    out.member("kind", kind);
    out.member("apiVersion", "projectcalico.org/v3");
    write_metadata(out, meta);
    members(out);
  });
  return std::move(out).take();
}

}  // namespace felixsim
