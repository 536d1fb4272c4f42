// SPDX-License-Identifier: Apache-2.0
// Manifests taken apart: documents, Lists and their items, each with its place. Internal to
// replay/capture.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
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

// The value at a path of keys; null when there is none.
using ManifestPath = std::initializer_list<std::string_view>;
const yaml::Node* find_at(const yaml::Node& node, ManifestPath path);
std::string text_at(const yaml::Node& node, ManifestPath path);  // empty: none, or no text

// The same map with `value` at the path; maps on the way are made where there are none.
yaml::NodePtr with_value(const yaml::NodePtr& map, ManifestPath path, yaml::NodePtr value);
yaml::NodePtr text_node(std::string text);

// What an API server gives an object that people wrote: the namespace `default` and a UID; the UID
// follows from the names, so that importing twice gives the same.
yaml::NodePtr completed_object(std::string_view kind, yaml::NodePtr object);

}  // namespace felixsim
