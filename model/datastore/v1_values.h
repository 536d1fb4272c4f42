// SPDX-License-Identifier: Apache-2.0
// Readers of the v1 values that are JSON objects (libcalico-go/lib/backend/model).
#pragma once

#include "felixsim/resource.h"
#include "model/datastore/json_reader.h"

namespace felixsim {

void read_value(JsonReader& in, JsonView view, WorkloadEndpoint& out);
void read_value(JsonReader& in, JsonView view, HostEndpoint& out);
void read_value(JsonReader& in, JsonView view, Policy& out);
void read_value(JsonReader& in, JsonView view, Tier& out);
void read_value(JsonReader& in, JsonView view, ProfileRules& out);
void read_value(JsonReader& in, JsonView view, ProfileLabels& out);
void read_value(JsonReader& in, JsonView view, NetworkSet& out);
void read_value(JsonReader& in, JsonView view, IpPool& out);
void read_value(JsonReader& in, JsonView view, AllocationBlock& out);
void read_value(JsonReader& in, JsonView view, Wireguard& out);

}  // namespace felixsim
