// SPDX-License-Identifier: Apache-2.0
#include "sim/report/drift_text.h"

#include <nlohmann/json.hpp>

namespace felixsim {
namespace {

using nlohmann::ordered_json;

constexpr size_t max_lines = 20;  // of one side of a drift; JSON has them all

void append_lines(std::string& out, char sign, const std::vector<std::string>& lines) {
  for (size_t i = 0; i < std::min(lines.size(), max_lines); ++i)
    out += fmt::format("  {} {}\n", sign, lines[i]);
  if (lines.size() > max_lines)
    out += fmt::format("  {} ... and {} more (--json shows all)\n", sign, lines.size() - max_lines);
}

std::vector<std::string> compared_parts(const DriftReport& report) {
  std::vector<std::string> parts;
  for (const auto& file : report.compared)
    if (std::find(parts.begin(), parts.end(), file.part) == parts.end()) parts.push_back(file.part);
  return parts;
}

}  // namespace

std::vector<std::string> parts_not_captured(const NodeCapture& capture,
                                            const KernelState& predicted) {
  const bool encrypts = std::any_of(predicted.links.begin(), predicted.links.end(),
                                    [](const auto& link) { return !!link.second.wireguard; });
  std::vector<std::string> missing;
  for (const std::string part : {"iptables", "ip6tables", "nft", "ipsets", "routes", "routes6",
                                 "rules", "neigh", "fdb", "sysctls", "wireguard"})
    if ((encrypts || part != "wireguard") &&
        std::none_of(capture.files.begin(), capture.files.end(),
                     [&](const CapturedFile& file) { return file.part == part; }))
      missing.push_back(part);
  return missing;
}

std::string drift_text(const DriftReport& report) {
  std::string out;
  for (const auto& drift : report.drifts) {
    out += fmt::format("{} {}: {}\n", drift.part, drift.place, drift_name(drift.kind));
    append_lines(out, '-', drift.want);
    append_lines(out, '+', drift.got);
    out += fmt::format("  cause: {}\n", drift.cause);
  }
  const size_t count = report.drifts.size();
  out += fmt::format("{}: {} (compared: {})\n", report.node,
                     count == 0   ? "no drift"
                     : count == 1 ? "1 drift"
                                  : fmt::format("{} drifts", count),
                     fmt::join(compared_parts(report), ", "));
  return out;
}

std::string drift_json(const DriftReport& report, int schema) {
  ordered_json drifts = ordered_json::array();
  for (const auto& drift : report.drifts)
    drifts.push_back({{"kind", drift_name(drift.kind)},
                      {"part", drift.part},
                      {"place", drift.place},
                      {"want", drift.want},
                      {"got", drift.got},
                      {"cause", drift.cause}});
  ordered_json compared = ordered_json::array();
  for (const auto& file : report.compared)
    compared.push_back({{"file", file.name}, {"part", file.part}});
  const ordered_json document{{"schema", schema},
                              {"node", report.node},
                              {"against", report.against},
                              {"felix", report.felix},
                              {"assumed", report.assumed},
                              {"compared", std::move(compared)},
                              {"not_captured", report.missing_parts},
                              {"unread", report.unread},
                              {"drifts", std::move(drifts)}};
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace felixsim
