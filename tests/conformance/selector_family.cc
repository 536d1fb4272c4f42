// SPDX-License-Identifier: Apache-2.0
// The selector family: selectors, ids of IP sets, length-limited ids, ids of rules. A case is a
// line.
#include "conform.h"
#include "model/hash/hash.h"
#include "model/selector/ip_set_ids.h"
#include "model/selector/selector.h"
#include "rule_ids.h"

namespace felixsim::conform {
namespace {

using Difference = std::optional<std::string>;

Difference compare_fields(const json& want, const json& got) {
  for (const auto& [key, value] : got.items())
    if (want.value(key, json()) != value)
      return first_difference(want.value(key, json()), value, key);
  return std::nullopt;
}

std::vector<LabelMap> label_maps(const json& meta) {
  std::vector<LabelMap> maps;
  for (const auto& object : meta.at("label_maps")) {
    auto& map = maps.emplace_back();
    for (const auto& [key, value] : object.items())
      map.emplace_back(Symbol(key), Symbol(value.get<std::string>()));
    std::sort(map.begin(), map.end());
  }
  return maps;
}

Difference check_selector(const json& want, const std::vector<LabelMap>& maps) {
  const auto selector = parse_selector(want.at("in").get<std::string>());
  const bool want_error = want.value("err", false);
  if (!selector)
    return want_error ? Difference() : Difference("refused: " + selector.error().message);
  if (want_error) return fmt::format("accepted as {}", (*selector)->text());
  std::string eval;
  for (const auto& map : maps) eval += (*selector)->matches(map) ? '1' : '0';
  const auto again = parse_selector((*selector)->text());
  // `!!x`, the canonical text of !(!x), parses to x: Felix's texts are not always stable.
  const bool stable = again && **again == **selector;
  if (stable == want.value("norm_not_stable", false))
    return fmt::format("canonical text parses to itself: want {}, got {}", !stable, stable);
  return compare_fields(
      want, {{"norm", (*selector)->text()}, {"id", (*selector)->id().str()}, {"eval", eval}});
}

uint8_t protocol_number(const std::string& name) {
  if (name.empty()) return named_port_protocol_any;
  return name == "tcp" ? 6 : name == "udp" ? 17 : name == "sctp" ? 132 : named_port_protocol_none;
}

Difference check_ip_set_id(const json& want) {
  json got;
  Symbol id;
  if (want.at("kind") == "service") {
    id = service_set_id(want.at("service").get<std::string>(), want.at("include_ports"));
  } else {
    const auto selector = parse_selector(want.at("selector").get<std::string>());
    if (!selector) return "refused: " + selector.error().message;
    got["norm"] = (*selector)->text();
    id = (*selector)->id();
    if (want.at("kind") == "named_port") {
      const uint8_t protocol = protocol_number(want.at("protocol").get<std::string>());
      got["protocol_in_hash"] = named_port_protocol_text(protocol);
      id = named_port_set_id(**selector, protocol, want.at("port").get<std::string>());
    }
  }
  got["id"] = id.str();
  got["ipset_v4"] = ip_set_name(IpFamily::v4, id.view());
  got["ipset_v6"] = ip_set_name(IpFamily::v6, id.view());
  got["nft_v4"] = nft_set_name(IpFamily::v4, id.view());
  got["nft_v6"] = nft_set_name(IpFamily::v6, id.view());
  return compare_fields(want, got);
}

Difference check_limited_id(const json& want) {
  const std::string prefix = want.at("prefix"), suffix = want.at("suffix");
  return compare_fields(want,
                        {{"out", length_limited_id(prefix, suffix, want.at("max").get<size_t>())},
                         {"unique_id", make_unique_id(prefix, suffix)}});
}

}  // namespace

void run_family(const Options& options, Report& report) {
  for (const auto& file : files_in(options.dir, ".jsonl")) {
    std::vector<LabelMap> maps;
    for_each_line(file, [&](int number, const json& line) {
      if (line.contains("meta")) {
        if (line["meta"].contains("label_maps")) maps = label_maps(line["meta"]);
        return;
      }
      const std::string name = fmt::format("{}:{}", file.filename().string(), number);
      if (line.contains("in"))
        report.add(name, check_selector(line, maps));
      else if (line.contains("kind"))
        report.add(name, check_ip_set_id(line));
      else if (line.contains("max"))
        report.add(name, check_limited_id(line));
      else if (line.contains("seed_text"))
        report.add(name, check_rule_ids(line));
      else
        report.add(name, "a kind of line that this runner does not know");
    });
  }
}

}  // namespace felixsim::conform
