// SPDX-License-Identifier: Apache-2.0
#include "sim/engine/datastore_view.h"

#include <nlohmann/json.hpp>

namespace felixsim {
namespace {

// Every list of profiles that Felix reads has this one, though nobody stored it
// (libcalico-go/lib/backend/etcdv3/etcdv3.go List, lib/backend/k8s/resources/profile.go).
constexpr char default_allow_key[] =
    "/calico/resources/v3/projectcalico.org/profiles/projectcalico-default-allow";
constexpr char default_allow_profile[] =
    R"({"kind":"Profile","apiVersion":"projectcalico.org/v3",)"
    R"("metadata":{"name":"projectcalico-default-allow"},)"
    R"("spec":{"ingress":[{"action":"Allow"}],"egress":[{"action":"Allow"}]}})";

constexpr std::string_view node_prefix = "/calico/resources/v3/projectcalico.org/nodes/";

// The resource with another key in its status; nothing if that changes nothing.
std::optional<std::string> with_key(const std::string& text, const WireguardKeyReport& report) {
  auto node = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!node.is_object()) return std::nullopt;
  const char* field = report.family == IpFamily::v4 ? "wireguardPublicKey" : "wireguardPublicKeyV6";
  auto& status = node["status"];
  if (!status.is_object()) status = nlohmann::ordered_json::object();
  const auto had = status.find(field);
  const bool same = had != status.end() ? *had == report.public_key : report.public_key.empty();
  if (same) return std::nullopt;
  if (report.public_key.empty())
    status.erase(field);
  else
    status[field] = report.public_key;
  return node.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

DatastoreView::DatastoreView(FelixVersion version) : syncer_({true, false, facts_of(version)}) {
  pending_[default_allow_key] = default_allow_profile;
}

bool DatastoreView::set_wireguard_key(const std::string& node, const WireguardKeyReport& report) {
  const auto found = nodes_.find(std::string(node_prefix) + node);
  if (found == nodes_.end()) return false;
  if (auto changed = with_key(found->second, report)) {
    pending_[found->first] = *changed;
    found->second = std::move(*changed);
  }
  return true;
}

void DatastoreView::put(const DatastoreEvent& event) {
  if (event.key.starts_with(node_prefix)) {
    if (event.value)
      nodes_[event.key] = *event.value;
    else
      nodes_.erase(event.key);
  }
  pending_[event.key] = event.value;
  if (event.revision != 0) revision_ = event.revision;
}

std::vector<Update> DatastoreView::flush() {
  std::vector<Update> updates;
  for (const auto& [key, value] : pending_)
    syncer_.apply(key, value ? std::optional<std::string_view>(*value) : std::nullopt, updates);
  add_warnings(syncer_.take_warnings());
  pending_.clear();
  if (!updates.empty()) snapshot_.clear();
  for (const auto& update : updates) {
    if (update.value)
      current_[update.key] = update.value;
    else
      current_.erase(update.key);
  }
  return updates;
}

void DatastoreView::add_warnings(std::vector<DatastoreWarning> found) {
  for (auto& warning : found)
    if (told_.emplace(warning.key, warning.fact).second) warnings_.push_back(std::move(warning));
}

const std::vector<Update>& DatastoreView::snapshot() {
  if (!snapshot_.empty()) return snapshot_;
  snapshot_.reserve(current_.size());
  for (const auto& [key, value] : current_) snapshot_.push_back({key, value});
  return snapshot_;
}

}  // namespace felixsim
