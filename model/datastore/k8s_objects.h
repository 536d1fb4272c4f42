// SPDX-License-Identifier: Apache-2.0
// Kubernetes objects as v3 resources, one function a kind (see resources.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/datastore/json_reader.h"
#include "model/datastore/resources.h"
#include "model/datastore/v3_values.h"

namespace felixsim {

// What a conversion appends to: stored values, why it was skipped, errors. What makes a conversion
// impossible goes to the reader.
struct ResourceJob {
  JsonReader& in;
  JsonView view;
  bool deleted;
  const ResourceOptions& options;
  ConvertedResource& out;

  // A v3 resource; its value is asked for only if the object is not deleted.
  template <class Text>
  void store(std::string_view kind, std::string_view ns, std::string_view name, Text&& text) {
    store_text(kind, ns, name, deleted ? std::nullopt : std::optional<std::string>(text()));
  }
  void store_text(std::string_view kind, std::string_view ns, std::string_view name,
                  std::optional<std::string> text);
};

void convert_pod(ResourceJob& job);
void convert_namespace(ResourceJob& job);
void convert_service_account(ResourceJob& job);
void convert_k8s_network_policy(ResourceJob& job);
void convert_cluster_network_policy(ResourceJob& job);
void convert_k8s_node(ResourceJob& job);
void convert_service(ResourceJob& job);
void convert_endpoint_slice(ResourceJob& job);
void convert_vm_migration(ResourceJob& job);

// conversion.go ConvertUID: a different UID that follows from this one (bits of each byte
// reversed, version and variant kept). Nothing if it is no UUID.
std::optional<std::string> reversed_uid(std::string_view uid);

}  // namespace felixsim
