// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/v3_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "felixsim/ip.h"
#include "model/datastore/json_fields.h"
#include "model/datastore/name_text.h"
#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_values.h"
#include "model/selector/selector.h"

namespace felixsim {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// One to `most` letters, digits and characters of `others`.
bool is_word(std::string_view text, std::string_view others, size_t most) {
  return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
  });
}

bool is_address(std::string_view text, IpFamily family) {
  const auto ip = Ip::parse(text);
  return ip && ip->family == family;
}

template <class T>
std::optional<T> number(std::string_view digits) {
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// processIPPort: "1.2.3.4", "1.2.3.4:179", "fd00::1" or "[fd00::1]:179"; the address.
std::optional<Ip> peer_address(std::string_view text) {
  const bool bracket = text.starts_with('[');
  const bool v4_port = !bracket && std::count(text.begin(), text.end(), ':') == 1;
  if (!bracket && !v4_port) return Ip::parse(text);
  const size_t colon = text.rfind(':');
  const auto port = number<uint16_t>(text.substr(colon + 1));
  std::string_view address = text.substr(0, colon);
  if (bracket) {
    if (!address.ends_with(']')) return std::nullopt;
    address = address.substr(1, address.size() - 2);
  }
  return port && *port > 0 ? Ip::parse(address) : std::nullopt;
}

// Numbers joined by two or three parts: 16 bits each, or 32 bits each for a large community.
enum class CommunityText { none, bad, good };
CommunityText community(std::string_view text) {
  const auto parts = std::count(text.begin(), text.end(), ':') + 1;
  if (parts != 2 && parts != 3) return CommunityText::none;
  const uint32_t most = parts == 3 ? 0xffffffff : 0xffff;
  bool fits = true;
  for (auto left = parts; left > 0; --left) {
    const std::string_view part = text.substr(0, text.find(':'));
    if (part.empty() || part.find_first_not_of("0123456789") != std::string_view::npos)
      return CommunityText::none;
    const auto value = number<uint64_t>(part);
    fits = fits && value && *value <= most;
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return fits ? CommunityText::good : CommunityText::bad;
}

std::string bad_selector(const JsonFields& spec, std::string_view field) {
  const std::string text = spec.text(field);
  return is_valid_selector(text) ? "" : fmt::format("{} '{}' is no selector", field, text);
}

bool has_as_number(const JsonFields& spec) {
  const auto value = spec.member("asNumber");
  if (!value) return false;
  if (const auto text = value->text()) return parse_as_number(*text).value_or(0) != 0;
  return value->natural().value_or(0) != 0;
}

// What cannot be said together.
std::string bgp_peer_conflict(const JsonFields& spec) {
  const bool ip = !spec.text("peerIP").empty(), peers = !spec.text("peerSelector").empty();
  const bool workloads = !spec.text("localWorkloadSelector").empty();
  const bool as_number = has_as_number(spec);
  if (ip && peers) return "both peerIP and peerSelector";
  if (as_number && peers) return "both asNumber and peerSelector";
  if (!as_number && workloads) return "localWorkloadSelector without asNumber";
  if (ip && workloads) return "both peerIP and localWorkloadSelector";
  if (peers && workloads) return "both peerSelector and localWorkloadSelector";
  if (spec.flag("keepOriginalNextHop") && spec.has("nextHopMode"))
    return "both keepOriginalNextHop and nextHopMode";
  return {};
}

std::string prefixes_problem(const JsonFields& spec) {
  std::vector<std::string> names;
  std::string problem;
  spec.each("communities", [&](const JsonFields& entry) {
    names.push_back(entry.text("name"));
    if (!is_valid_name(names.back())) problem = fmt::format("community name '{}'", names.back());
    if (community(entry.text("value")) != CommunityText::good)
      problem = fmt::format("community value '{}'", entry.text("value"));
  });
  if (!names.empty() && spec.size("prefixAdvertisements") == 0) problem = "unused communities";
  spec.each("prefixAdvertisements", [&](const JsonFields& entry) {
    const std::string cidr = entry.text("cidr");
    if (cidr.empty() || !is_strict_net(cidr)) problem = fmt::format("prefix '{}'", cidr);
    if (!entry.has("communities")) problem = fmt::format("prefix '{}' without communities", cidr);
    for (const auto& text : entry.texts("communities")) {
      const CommunityText kind = community(text);
      const bool named = std::find(names.begin(), names.end(), text) != names.end();
      if (kind == CommunityText::bad || (kind == CommunityText::none && !named))
        problem = fmt::format("community '{}'", text);
    }
  });
  return problem;
}

std::string range_problem(const JsonFields& spec, std::string_view field, int64_t low,
                          int64_t high) {
  if (!spec.has(field)) return {};
  const int64_t value = spec.integer(field);
  if (value >= low && value <= high) return {};
  return fmt::format("{} {} is not in {}..{}", field, value, low, high);
}

bool is_log_level(std::string_view text) {
  for (const std::string_view known : {"Trace", "Debug", "Info", "Warning", "Error", "Fatal"})
    if (text == known) return true;
  return false;
}

}  // namespace

bool is_valid_name(std::string_view text) {
  if (text.empty()) return false;
  while (true) {
    const std::string_view label = text.substr(0, text.find('.'));
    const bool lower =
        std::none_of(label.begin(), label.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!is_word(label, "-", label.size()) || !lower || label.front() == '-' || label.back() == '-')
      return false;
    if (label.size() == text.size()) return true;
    text.remove_prefix(label.size() + 1);
  }
}

bool is_wireguard_key(std::string_view written) {
  std::string text(written);
  std::erase_if(text, [](char c) { return c == '\r' || c == '\n'; });  // as Go's decoder does
  return text.size() == 44 && text.back() == '=' && is_word(text.substr(0, 43), "+/", 43);
}

bool is_valid_selector(std::string_view text) { return text.empty() || parse_selector(text); }

std::string annotations_problem(const StringMap& annotations) {
  constexpr size_t most = 256 * 1024;
  size_t size = 0;
  for (const auto& [name, value] : annotations) {
    std::string lower = name;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (!is_qualified_name(lower)) return fmt::format("invalid annotation '{}'", name);
    size += name.size() + value.size();
  }
  return size > most ? fmt::format("annotations of {} bytes", size) : "";
}

std::string metadata_problem(const ObjectMeta& meta) {
  if (!is_subdomain(meta.name)) return fmt::format("invalid name '{}'", meta.name);
  if (auto problem = annotations_problem(meta.annotations); !problem.empty()) return problem;
  if (!meta.labels) return {};
  for (const auto& [key, value] : *meta.labels) {
    if (!is_qualified_name(key.view())) return fmt::format("invalid label '{}'", key.str());
    if (!is_label_value(value.view())) return fmt::format("invalid label value '{}'", value.str());
  }
  return {};
}

// The tag "cidrs" of a number: the validator takes it for a list.
std::string felix_configuration_validator_panic(JsonView spec) {
  return JsonFields(spec).has("bpfExportBufferSizeMB")
             ? "interface conversion: interface {} is int, not []string"
             : "";
}

std::string bgp_peer_problem(JsonView view) {
  const JsonFields spec(view);
  if (auto problem = bgp_peer_conflict(spec); !problem.empty()) return problem;
  if (auto problem = bad_selector(spec, "peerSelector"); !problem.empty()) return problem;
  const std::string peer_ip = spec.text("peerIP"), reachable_by = spec.text("reachableBy");
  const auto peer = peer_address(peer_ip);
  if (!peer_ip.empty() && !peer) return fmt::format("peerIP '{}'", peer_ip);
  if (!reachable_by.empty() && (!peer || !is_address(reachable_by, peer->family)))
    return fmt::format("reachableBy '{}'", reachable_by);
  const std::string source = spec.text("sourceAddress");
  if (!source.empty() && source != "UseNodeIP" && source != "None")
    return fmt::format("sourceAddress '{}'", source);
  for (const auto& filter : spec.texts("filters"))
    if (!is_valid_name(filter)) return fmt::format("filter '{}'", filter);
  return {};
}

std::string bgp_configuration_problem(JsonView view) {
  const JsonFields spec(view);
  const std::string level = spec.text("logSeverityScreen");
  if (!level.empty() && !is_log_level(level)) return fmt::format("logSeverityScreen '{}'", level);
  for (const auto& interface : spec.texts("ignoredInterfaces"))
    if (interface == "*" || !is_word(interface, "_.*-", 15))
      return fmt::format("ignored interface '{}'", interface);
  for (const char* field : {"ipv4NormalRoutePriority", "ipv6NormalRoutePriority"})
    if (auto problem = range_problem(spec, field, 1, 2147483646); !problem.empty()) return problem;
  const bool no_mesh = spec.has("nodeToNodeMeshEnabled") && !spec.flag("nodeToNodeMeshEnabled");
  for (const char* field : {"nodeMeshPassword", "nodeMeshMaxRestartTime"})
    if (no_mesh && spec.has(field)) return fmt::format("{} without a mesh", field);
  return prefixes_problem(spec);
}

std::string node_spec_problem(JsonView view) {
  const JsonFields spec(view);
  const auto bgp = spec.object("bgp");
  if (!bgp) return {};
  const std::string cluster = bgp->text("routeReflectorClusterID");
  if (!cluster.empty() && !is_address(cluster, IpFamily::v4))
    return fmt::format("routeReflectorClusterID '{}'", cluster);
  bool empty = !bgp->has("asNumber");
  for (const char* field :
       {"ipv4Address", "ipv6Address", "ipv4IPIPTunnelAddr", "routeReflectorClusterID"})
    empty = empty && bgp->text(field).empty();
  return empty ? "bgp is empty" : "";
}

std::string node_status_problem(JsonView view) {
  const JsonFields status(view);
  for (const char* field : {"wireguardPublicKey", "wireguardPublicKeyV6"}) {
    const std::string key = status.text(field);
    if (!key.empty() && !is_wireguard_key(key)) return fmt::format("{} '{}'", field, key);
  }
  return {};
}

}  // namespace felixsim
