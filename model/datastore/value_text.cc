// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/value_text.h"

#include <utility>

#include "model/datastore/json_reader.h"
#include "model/datastore/syncer_job.h"
#include "model/datastore/v1_values.h"
#include "model/datastore/v3_values.h"

namespace felixsim {
namespace {

template <class T>
ValuePtr read_shared(JsonReader& in, JsonView view) {
  T value;
  read_value(in, view, value);
  return std::make_shared<const Value>(std::in_place_type<T>, std::move(value));
}

template <class T>
Result<ValuePtr> read_as(JsonView view) {
  JsonReader in;
  ValuePtr value = read_shared<T>(in, view);
  if (!in.ok()) return invalid(in.error());
  return value;
}

template <class T>
ValuePtr shared(T value) {
  return std::make_shared<const Value>(std::in_place_type<T>, std::move(value));
}

// What the value of a key is, if it is JSON.
struct ReadJson {
  JsonView view;

  Result<ValuePtr> operator()(const WorkloadEndpointKey&) const {
    return read_as<WorkloadEndpoint>(view);
  }
  Result<ValuePtr> operator()(const HostEndpointKey&) const { return read_as<HostEndpoint>(view); }
  Result<ValuePtr> operator()(const PolicyKey&) const { return read_as<Policy>(view); }
  Result<ValuePtr> operator()(const TierKey&) const { return read_as<Tier>(view); }
  Result<ValuePtr> operator()(const ProfileRulesKey&) const { return read_as<ProfileRules>(view); }
  Result<ValuePtr> operator()(const ProfileLabelsKey&) const {
    return read_as<ProfileLabels>(view);
  }
  Result<ValuePtr> operator()(const NetworkSetKey&) const { return read_as<NetworkSet>(view); }
  Result<ValuePtr> operator()(const IpPoolKey&) const { return read_as<IpPool>(view); }
  Result<ValuePtr> operator()(const BlockKey&) const { return read_as<AllocationBlock>(view); }
  Result<ValuePtr> operator()(const WireguardKey&) const { return read_as<Wireguard>(view); }
  Result<ValuePtr> operator()(const ResourceKey& key) const {
    JsonReader in;
    ValuePtr value = read_resource_value(in, key.kind, view);
    if (!in.ok()) return invalid(in.error());
    return value;
  }
  Result<ValuePtr> operator()(const HostIpKey&) const { return shared(UnreadResource{}); }
  Result<ValuePtr> operator()(const HostConfigKey&) const { return shared(UnreadResource{}); }
  Result<ValuePtr> operator()(const GlobalConfigKey&) const { return shared(UnreadResource{}); }
  Result<ValuePtr> operator()(const ReadyFlagKey&) const { return shared(UnreadResource{}); }
};

// Keys whose values are bare text (model/keys.go parseRawString and its like); null for the others.
ValuePtr bare_value(const Key& key, std::string_view text) {
  if (std::holds_alternative<HostIpKey>(key)) return shared(HostIp{Ip::parse(text)});
  if (std::holds_alternative<ReadyFlagKey>(key)) return shared(ReadyFlag{text == "true"});
  if (std::holds_alternative<HostConfigKey>(key) || std::holds_alternative<GlobalConfigKey>(key)) {
    return shared(RawText{std::string(text)});
  }
  return nullptr;
}

}  // namespace

ValuePtr read_resource_value(JsonReader& in, Symbol kind, JsonView view) {
  const std::string_view name = kind.view();
  if (name == "Node") return read_shared<Node>(in, view);
  if (name == "Profile") return read_shared<Profile>(in, view);
  if (name == "KubernetesService") return read_shared<Service>(in, view);
  if (name == "KubernetesEndpointSlice") return read_shared<EndpointSlice>(in, view);
  if (name == "BGPConfiguration") return read_shared<BgpConfiguration>(in, view);
  if (name == "BGPPeer") return read_shared<BgpPeer>(in, view);
  if (name == "FelixConfiguration") {
    ValuePtr value = read_shared<FelixConfiguration>(in, view);
    const std::string& panic = std::get<FelixConfiguration>(*value).panic;
    return panic.empty() ? value : shared(FelixPanic{panic});
  }
  if (name == "LiveMigration") return read_shared<LiveMigration>(in, view);
  return read_shared<UnreadResource>(in, view);
}

struct ValueParser::Buffers {
  JsonParser json;
};

ValueParser::ValueParser() : buffers_(std::make_unique<Buffers>()) {}
ValueParser::~ValueParser() = default;
ValueParser::ValueParser(ValueParser&&) noexcept = default;
ValueParser& ValueParser::operator=(ValueParser&&) noexcept = default;

Result<ValuePtr> ValueParser::parse(const Key& key, std::string_view text) {
  if (ValuePtr bare = bare_value(key, text)) return bare;
  auto view = buffers_->json.parse(text);
  if (!view) return forward(view);
  return std::visit(ReadJson{*view}, key);
}

Result<ValuePtr> parse_value(const Key& key, std::string_view text) {
  static thread_local ValueParser parser;
  return parser.parse(key, text);
}

Result<ValuePtr> parse_value(const ParsedKey& key, std::string_view text) {
  auto value = parse_value(key.key, text);
  if (!value || !key.legacy_tier) return value;
  Policy policy = std::get<Policy>(**value);
  policy.tier = *key.legacy_tier;
  return shared(std::move(policy));
}

}  // namespace felixsim
