// SPDX-License-Identifier: Apache-2.0
// Readers of the v3 and Kubernetes resources that Felix's calc graph takes as they are
// (libcalico-go/lib/apis/internalapi, api/pkg/apis/projectcalico/v3, k8s core/v1, discovery/v1).
#pragma once

#include "felixsim/resource.h"
#include "model/datastore/json_reader.h"

namespace felixsim {

// metav1.ObjectMeta, as far as anybody here reads it.
struct ObjectMeta {
  std::string name, ns, uid, generate_name, resource_version, creation_timestamp,
      deletion_timestamp;
  Labels labels;
  StringMap annotations;
};
// metav1.Time, as Go prints it again; empty if null.
void read_time(JsonReader& in, JsonView view, std::string& out);
void read_metadata(JsonReader& in, JsonView view, ObjectMeta& out);

void read_value(JsonReader& in, JsonView view, Node& out);
void read_value(JsonReader& in, JsonView view, Profile& out);
void read_value(JsonReader& in, JsonView view, Service& out);
void read_value(JsonReader& in, JsonView view, EndpointSlice& out);
void read_value(JsonReader& in, JsonView view, BgpConfiguration& out);
void read_value(JsonReader& in, JsonView view, BgpPeer& out);
void read_value(JsonReader& in, JsonView view, FelixConfiguration& out);
void read_value(JsonReader& in, JsonView view, LiveMigration& out);
void read_value(JsonReader& in, JsonView view, UnreadResource& out);

// numorstring.ASNumber: a number, or text "N" or "N.N".
std::optional<uint32_t> parse_as_number(std::string_view text);
void read_as_number(JsonReader& in, JsonView view, std::optional<std::string>& out);

}  // namespace felixsim
