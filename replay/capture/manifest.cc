// SPDX-License-Identifier: Apache-2.0
#include "replay/capture/manifest.h"

#include <fmt/format.h>

namespace felixsim {
namespace {

Result<std::string> need_text(const yaml::Node& node, const char* key, const std::string& name) {
  const auto* value = node.find(key);
  if (value == nullptr || value->kind != yaml::Node::Kind::string || value->text.empty())
    return invalid(fmt::format("{}: resource without {}",
                               yaml::at(name, value != nullptr ? value->place : node.place), key),
                   fmt::format("add `{}:`, a text", key));
  return value->text;
}

Status add_items(const yaml::NodePtr& node, const std::string& name, bool inside_list,
                 std::vector<ManifestItem>& out) {
  if (node->kind != yaml::Node::Kind::map)
    return invalid(fmt::format("{}: not a resource", yaml::at(name, node->place)),
                   "a resource is a map with apiVersion, kind and metadata");
  auto kind = need_text(*node, "kind", name);
  if (!kind) return forward(kind);
  const auto* items = node->find("items");
  if (kind->ends_with("List") && items != nullptr && !inside_list) {
    if (items->kind == yaml::Node::Kind::null) return {};
    if (items->kind != yaml::Node::Kind::list)
      return invalid(fmt::format("{}: 'items' is not a list", yaml::at(name, items->place)));
    for (const auto& item : items->items)
      if (auto added = add_items(item, name, true, out); !added) return added;
    return {};
  }
  auto api_version = need_text(*node, "apiVersion", name);
  if (!api_version) return forward(api_version);
  out.push_back({*std::move(api_version), *std::move(kind), node});
  return {};
}

}  // namespace

Result<std::vector<ManifestItem>> manifest_items(const yaml::NodePtr& document,
                                                 const std::string& name) {
  std::vector<ManifestItem> items;
  if (document->kind == yaml::Node::Kind::null) return items;
  if (auto added = add_items(document, name, false, items); !added) return forward(added);
  return items;
}

Result<std::vector<ManifestItem>> manifest_items(const std::string& text, const std::string& name) {
  auto documents = yaml::parse(text, name);
  if (!documents) return forward(documents);
  std::vector<ManifestItem> all;
  for (const auto& document : *documents) {
    auto items = manifest_items(document, name);
    if (!items) return items;
    all.insert(all.end(), items->begin(), items->end());
  }
  return all;
}

}  // namespace felixsim
