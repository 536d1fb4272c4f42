// SPDX-License-Identifier: Apache-2.0
#include "folded_state.h"

#include <fmt/format.h>

namespace felixsim::conform {
namespace {

using nlohmann::json;

bool cut_suffix(std::string& text, const std::string& suffix) {
  if (text.size() < suffix.size() || text.substr(text.size() - suffix.size()) != suffix)
    return false;
  text.resize(text.size() - suffix.size());
  return true;
}

std::string identity(const json& body) {
  std::string id;
  for (const char* field : {"id", "hostname", "dst", "node", "namespace", "name"})
    if (body.contains(field)) id += fmt::format("{}={} ", field, body.at(field).dump());
  return id;
}

}  // namespace

void FoldedState::apply(const std::string& name, const json& body) {
  if (name == "IPSetUpdate") {
    IpSet& set = ip_sets_[body.value("id", "")] = {};
    set.type = body.value("type", "");
    for (const auto& member : body.value("members", json::array())) set.members.insert(member);
  } else if (name == "IPSetDeltaUpdate") {
    IpSet& set = ip_sets_[body.value("id", "")];
    for (const auto& member : body.value("added_members", json::array()))
      set.members.insert(member);
    for (const auto& member : body.value("removed_members", json::array()))
      set.members.erase(member.get<std::string>());
  } else if (name == "IPSetRemove") {
    ip_sets_.erase(body.value("id", ""));
  } else if (std::string kind = name; cut_suffix(kind, "Remove")) {
    objects_.erase(kind + " " + identity(body));
  } else {
    const bool update = cut_suffix(kind, "Update");
    objects_[update ? kind + " " + identity(body) : kind] = body;
  }
}

std::optional<std::string> FoldedState::difference(const FoldedState& got) const {
  for (const auto& [id, set] : ip_sets_) {
    const auto it = got.ip_sets_.find(id);
    if (it == got.ip_sets_.end()) return fmt::format("IP set {} is missing", id);
    if (it->second == set) continue;
    return fmt::format("IP set {}: want {}, got {}", id, json(set.members).dump(),
                       json(it->second.members).dump());
  }
  for (const auto& [id, set] : got.ip_sets_)
    if (!ip_sets_.contains(id)) return fmt::format("unexpected IP set {}", id);
  for (const auto& [id, object] : objects_) {
    const auto it = got.objects_.find(id);
    if (it == got.objects_.end()) return fmt::format("{} is missing", id);
    if (it->second != object)
      return fmt::format("{}: want {}, got {}", id, object.dump(), it->second.dump());
  }
  for (const auto& [id, object] : got.objects_)
    if (!objects_.contains(id)) return fmt::format("unexpected {}", id);
  return std::nullopt;
}

}  // namespace felixsim::conform
