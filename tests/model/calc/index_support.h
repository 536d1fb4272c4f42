// SPDX-License-Identifier: Apache-2.0
// Short ways to write updates for the tests of the calc graph's indexes and resolvers.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "felixsim/messages.h"
#include "felixsim/resource.h"

namespace felixsim::test {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

inline Labels labels(const LabelPairs& pairs) {
  LabelMap map;
  for (const auto& [key, value] : pairs) map.emplace_back(Symbol(key), Symbol(value));
  std::sort(map.begin(), map.end());
  return std::make_shared<const LabelMap>(std::move(map));
}

inline std::vector<Symbol> symbols(const std::vector<std::string>& texts) {
  std::vector<Symbol> out;
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

inline std::vector<Cidr> cidrs(const std::vector<std::string>& texts) {
  std::vector<Cidr> out;
  for (const auto& text : texts) out.push_back(*Cidr::parse_cidr_or_ip(text));
  return out;
}

template <class T>
ValuePtr value(T content) {
  return std::make_shared<const Value>(std::move(content));
}

inline Key workload_key(const std::string& name, const std::string& host = "n") {
  return WorkloadEndpointKey{Symbol(host), Symbol("k8s"), Symbol(name), Symbol("eth0")};
}
inline Key resource_key(const std::string& kind, const std::string& name,
                        const std::string& ns = "") {
  return ResourceKey{Symbol(kind), Symbol(ns), Symbol(name)};
}

struct WorkloadText {
  std::string name;
  LabelPairs labels{};
  std::vector<std::string> nets{};
  std::vector<std::string> profiles{};
  std::vector<EndpointPort> ports{};
  std::string host = "n";
};
inline Update workload(const WorkloadText& text) {
  WorkloadEndpoint endpoint;
  endpoint.labels = labels(text.labels);
  endpoint.profile_ids = symbols(text.profiles);
  for (const auto& net : cidrs(text.nets))
    (net.address.is_v4() ? endpoint.ipv4_nets : endpoint.ipv6_nets).push_back(net);
  endpoint.ports = text.ports;
  return {workload_key(text.name, text.host), value(std::move(endpoint))};
}
inline Update network_set(const std::string& name, const LabelPairs& pairs,
                          const std::vector<std::string>& nets,
                          const std::vector<std::string>& profiles = {}) {
  return {NetworkSetKey{Symbol(name)},
          value(NetworkSet{cidrs(nets), labels(pairs), symbols(profiles)})};
}
inline Update profile(const std::string& name, const LabelPairs& pairs) {
  return {resource_key("Profile", name), value(Profile{labels(pairs), {}})};
}

// "+set member" and "-set member", in order of telling.
struct MemberLog {
  std::vector<std::string> told;
  msg::IpSetType type = msg::IpSetType::net;
  void add(char sign, Symbol set, const msg::IpSetMember& member) {
    const auto kind = member.protocol == 0 ? msg::IpSetType::net : msg::IpSetType::ip_and_port;
    told.push_back(fmt::format("{}{} {}", sign, set.view(), msg::member_text(kind, member)));
  }
  std::string take() {
    auto text = fmt::format("{}", fmt::join(told, "; "));
    told.clear();
    return text;
  }
  std::string take_sorted() {
    std::sort(told.begin(), told.end());
    return take();
  }
};

}  // namespace felixsim::test
