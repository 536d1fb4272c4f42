// SPDX-License-Identifier: Apache-2.0
// The larger parts of messages as JSON values, and `put`, which leaves out what protojson leaves
// out. Only message_json*.cc include this: nlohmann's header is heavy.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/messages.h"

namespace felixsim::calc::json_parts {

using nlohmann::json;

inline void put(json& object, const char* name, std::string_view text) {
  if (!text.empty()) object[name] = text;
}
inline void put(json& object, const char* name, const std::string& text) {
  put(object, name, std::string_view(text));
}
inline void put(json& object, const char* name, const char* text) {
  put(object, name, std::string_view(text));
}
inline void put(json& object, const char* name, Symbol symbol) { put(object, name, symbol.view()); }
inline void put(json& object, const char* name, bool flag) {
  if (flag) object[name] = true;
}
inline void put(json& object, const char* name, int32_t number) {
  if (number != 0) object[name] = number;
}
inline void put(json& object, const char* name, int64_t number) {
  if (number != 0) object[name] = std::to_string(number);
}
// Lists and objects built by the caller: left out when empty.
inline void put(json& object, const char* name, json value) {
  if (!value.empty()) object[name] = std::move(value);
}
inline void put(json& object, const char* name, const StringMap& map) {
  if (!map.empty()) object[name] = map;
}
inline void put(json& object, const char* name, const Labels& labels) {
  if (!labels || labels->empty()) return;
  json map = json::object();
  for (const auto& [key, value] : *labels) map[key.str()] = value.str();
  object[name] = std::move(map);
}
inline void put(json& object, const char* name, const std::vector<std::string>& list) {
  if (!list.empty()) object[name] = list;
}
inline void put(json& object, const char* name, const std::vector<Symbol>& list) {
  if (list.empty()) return;
  json array = json::array();
  for (const Symbol symbol : list) array.push_back(symbol.str());
  object[name] = std::move(array);
}
// Addresses and prefixes.
template <class Address>
auto put(json& object, const char* name, const std::vector<Address>& list)
    -> decltype(list.front().str(), void()) {
  if (list.empty()) return;
  json array = json::array();
  for (const auto& address : list) array.push_back(address.str());
  object[name] = std::move(array);
}

json policy_id(const msg::PolicyId& id);
json rule(const msg::Rule& rule);
json policy(const msg::Policy& policy);
json profile(const msg::Profile& profile);
json workload_endpoint(const msg::WorkloadEndpoint& endpoint);
json host_endpoint(const msg::HostEndpoint& endpoint);
json route(const msg::RouteUpdate& route);
std::string_view encap_mode(EncapMode mode);

}  // namespace felixsim::calc::json_parts
