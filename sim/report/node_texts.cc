// SPDX-License-Identifier: Apache-2.0
#include "sim/report/node_texts.h"

#include <nlohmann/json.hpp>

#include "model/config/derived.h"
#include "model/config/parameters.h"
#include "sim/report/felix_reports.h"
#include "sim/report/kernel_texts.h"

namespace felixsim {
namespace {

std::string source_text(ConfigSource source) {
  return source == ConfigSource::built_in ? "default" : std::string(source_name(source));
}

// name = value (source), and below it what that source hides; last what Felix warns of: unknown,
// unusable and ignored values.
std::string config_text(const NodeFlight& node) {
  if (!node.felix || !node.felix->config()) return {};
  const Config& config = *node.felix->config();
  std::string out;
  for (const auto& parameter : parameters(config.version())) {
    const ConfigExplanation e = config.explain(parameter.name);
    out += fmt::format("{} = {}  ({})\n", e.name, e.raw, source_text(e.source));
    if (!e.problem.empty()) out += fmt::format("    {}\n", e.problem);
    for (const auto& [source, raw] : e.overridden)
      out += fmt::format("    overrides {} ({})\n", raw, source_text(source));
  }
  for (const auto& warning : config.warnings()) out += fmt::format("# {}\n", warning);
  return out;
}

// Which parameter the bits are taken from, and what it hides.
std::string mark_mask_text(const Config& config) {
  const auto e = config.explain(nftables_enabled(config) ? "NftablesMarkMask" : "IptablesMarkMask");
  std::string out = fmt::format("{:<20}{:#x}  from {} = {} ({})\n", "mask", mark_mask(config),
                                e.name, e.raw, source_text(e.source));
  if (!e.problem.empty()) out += fmt::format("    {}\n", e.problem);
  for (const auto& [source, raw] : e.overridden)
    out += fmt::format("    overrides {} ({})\n", raw, source_text(source));
  return out;
}

std::string marks_text(const NodeFlight& node) {
  if (!node.felix || !node.felix->marks()) return {};
  const MarkBits& marks = *node.felix->marks();
  const std::pair<const char*, uint32_t> rows[] = {
      {"accept", marks.accept},     {"pass", marks.pass},
      {"drop", marks.drop},         {"scratch0", marks.scratch0},
      {"scratch1", marks.scratch1}, {"wireguard", marks.wireguard},
      {"endpoint", marks.endpoint}, {"non-calico-endpoint", marks.non_cali_endpoint}};
  std::string out;
  for (const auto& [name, bits] : rows)
    out += bits == 0 ? fmt::format("{:<20}-\n", name) : fmt::format("{:<20}{:#x}\n", name, bits);
  if (node.felix->config()) out += mark_mask_text(*node.felix->config());
  return out;
}

std::string programming_text(const NodeFlight& node) {
  std::string out;
  for (const auto& command : node.programming) {
    const nlohmann::ordered_json line{{"command", command.command},
                                      {"input", command.input},
                                      {"rc", command.rc},
                                      {"stderr", command.error}};
    out += line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }
  return out;
}

using Printer = std::string (*)(const NodeFlight&);
const std::vector<std::pair<std::string, Printer>>& felix_printers() {
  static const std::vector<std::pair<std::string, Printer>> printers{
      {"health", health_text}, {"statuses", statuses_text}, {"reports", reports_text},
      {"config", config_text}, {"marks", marks_text},       {"programming", programming_text}};
  return printers;
}

}  // namespace

const std::vector<std::string>& node_parts() {
  static const std::vector<std::string> parts = [] {
    std::vector<std::string> names;
    for (const auto& part : kernel_parts()) names.emplace_back(part.name);
    for (const auto& [name, printer] : felix_printers()) names.push_back(name);
    return names;
  }();
  return parts;
}

std::string node_text(const NodeFlight& node, std::string_view part) {
  for (const auto& [name, printer] : felix_printers())
    if (name == part) return printer(node);
  return kernel_text(node.kernel.state(), part);
}

std::map<std::string, std::string> node_texts(const NodeFlight& node) {
  std::map<std::string, std::string> texts;
  for (const auto& part : node_parts())
    if (part != "programming" && part != "reports") texts[part] = node_text(node, part);
  return texts;
}

}  // namespace felixsim
