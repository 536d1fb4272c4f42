// SPDX-License-Identifier: Apache-2.0
#include "replay/capture/manifest.h"

#include <fmt/format.h>

#include <span>

#include "model/hash/hash.h"

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

yaml::NodePtr with_value_at(const yaml::Node* map, std::span<const std::string_view> path,
                            yaml::NodePtr value) {
  auto copy = std::make_shared<yaml::Node>();
  if (map != nullptr && map->kind == yaml::Node::Kind::map) *copy = *map;
  copy->kind = yaml::Node::Kind::map;
  const auto member = std::find_if(copy->members.begin(), copy->members.end(),
                                   [&](const auto& known) { return known.key == path[0]; });
  const bool there = member != copy->members.end();
  if (path.size() > 1)
    value = with_value_at(there ? member->value.get() : nullptr, path.subspan(1), std::move(value));
  if (there)
    member->value = std::move(value);
  else
    copy->members.push_back({std::string(path[0]), {}, std::move(value)});
  return copy;
}

}  // namespace

const yaml::Node* find_at(const yaml::Node& node, ManifestPath path) {
  const yaml::Node* at = &node;
  for (const auto key : path)
    at = at != nullptr && at->kind == yaml::Node::Kind::map ? at->find(key) : nullptr;
  return at;
}

std::string text_at(const yaml::Node& node, ManifestPath path) {
  const auto* value = find_at(node, path);
  return value != nullptr && value->kind == yaml::Node::Kind::string ? value->text : std::string();
}

yaml::NodePtr with_value(const yaml::NodePtr& map, ManifestPath path, yaml::NodePtr value) {
  return with_value_at(map.get(), {path.begin(), path.size()}, std::move(value));
}

yaml::NodePtr text_node(std::string text) {
  auto node = std::make_shared<yaml::Node>();
  node->kind = yaml::Node::Kind::string;
  node->text = std::move(text);
  return node;
}

yaml::NodePtr completed_object(std::string_view kind, yaml::NodePtr object) {
  const auto* metadata = find_at(*object, {"metadata"});
  if (metadata == nullptr || metadata->kind != yaml::Node::Kind::map) return object;
  for (const std::string_view namespaced :
       {"Pod", "ServiceAccount", "NetworkPolicy", "Service", "EndpointSlice"})
    if (kind == namespaced && metadata->find("namespace") == nullptr)
      object = with_value(object, {"metadata", "namespace"}, text_node("default"));
  if (find_at(*object, {"metadata", "uid"}) != nullptr) return object;
  const std::string digest = hex(sha256({kind, "/", text_at(*object, {"metadata", "namespace"}),
                                         "/", text_at(*object, {"metadata", "name"})}));
  return with_value(
      object, {"metadata", "uid"},
      text_node(fmt::format("{}-{}-4{}-8{}-{}", digest.substr(0, 8), digest.substr(8, 4),
                            digest.substr(12, 3), digest.substr(15, 3), digest.substr(18, 12))));
}

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
