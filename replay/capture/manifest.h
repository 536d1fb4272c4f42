// SPDX-License-Identifier: Apache-2.0
// Manifests taken apart: documents, Lists and their items, each with its place. Internal to
// replay/capture.
#pragma once

#include <string>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/result.h"
#include "replay/scenario/yaml.h"

namespace felixsim {

inline constexpr size_t max_manifest_bytes = 256 << 20;

struct ManifestItem {
  std::string api_version, kind;
  yaml::NodePtr node;  // a map
};

// The resources of all documents of YAML or JSON text. A List (of whatever kind) stands for its
// items; empty documents are skipped.
Result<std::vector<ManifestItem>> manifest_items(const std::string& text, const std::string& name);
Result<std::vector<ManifestItem>> manifest_items(const yaml::NodePtr& document,
                                                 const std::string& name);

// Datastore events that put `items`, Calico v3 resources, as calicoctl does; also what is in every
// datastore from the start (ClusterInformation, tiers).
Result<std::vector<Event>> store_calico_resources(const std::vector<ManifestItem>& items,
                                                  const std::string& name);

}  // namespace felixsim
