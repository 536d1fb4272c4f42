// SPDX-License-Identifier: Apache-2.0
#include "sim/report/all_pairs.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/report/pair_explanations.h"

namespace felixsim {
namespace {

void append_number(std::string& out, uint32_t number) {
  const fmt::format_int text(number);
  out.append(text.data(), text.size());
}

void append_reason(std::string& out, const char* prefix, uint32_t number) {
  if (number == 0) return;
  out += prefix;
  append_number(out, number);
}

void send_lines(PairExplanations& pairs, const TextSink& sink) {
  const auto& names = pairs.parties();
  std::vector<std::string> arrows;
  for (const auto& name : names) arrows.push_back(" -> " + name + ": ");
  std::vector<PairExplanations::Cell> row;
  std::string lines;
  for (size_t from = 0; from < names.size(); ++from) {
    pairs.row(from, row);
    lines.clear();
    for (size_t to = 0; to < row.size(); ++to) {
      if (!row[to].meant) continue;
      lines.append(names[from]).append(arrows[to]).append(pairs.connections()[row[to].connection]);
      append_reason(lines, " E", row[to].egress);
      append_reason(lines, " I", row[to].ingress);
      lines += '\n';
    }
    sink(lines);
  }
}

std::string list_text(const std::vector<std::string>& list) {
  const nlohmann::ordered_json array(list);
  return array.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void append_row(std::string& out, const std::vector<PairExplanations::Cell>& row) {
  char before = '[';
  for (uint32_t to = 0; to < row.size(); ++to) {
    if (!row[to].meant) continue;
    out.append({before, '['});
    append_number(out, to);
    for (const uint32_t number : {row[to].connection, row[to].egress, row[to].ingress}) {
      out += ',';
      append_number(out, number);
    }
    out += ']';
    before = ',';
  }
  out += before == '[' ? "[]" : "]";
}

void send_rows(PairExplanations& pairs, const TextSink& sink) {
  std::vector<PairExplanations::Cell> row;
  std::string text;
  for (size_t from = 0; from < pairs.parties().size(); ++from) {
    pairs.row(from, row);
    text = from == 0 ? "\n" : ",\n";
    append_row(text, row);
    sink(text);
  }
}

}  // namespace

void all_pairs_text(const reach::Matrix& matrix, const TextSink& sink) {
  Legend legend;
  for (const auto* family : reach::families_of(matrix)) {
    PairExplanations pairs(matrix, *family, legend);
    send_lines(pairs, sink);
  }
  sink("E: by egress policy of the sender, I: by ingress policy of the receiver\n");
  for (size_t i = 0; i < legend.texts().size(); ++i)
    sink(fmt::format("{} {}\n", i + 1, legend.texts()[i]));
}

void all_pairs_json(const reach::Matrix& matrix, const TextSink& sink) {
  Legend legend;
  sink("{\"families\":[");
  const char* between_families = "";
  for (const auto* family : reach::families_of(matrix)) {
    PairExplanations pairs(matrix, *family, legend);
    const bool v4 = family->addresses.family() == IpFamily::v4;
    sink(fmt::format("{}{{\"family\":\"{}\",\n\"parties\":{},\n\"may_send\":[", between_families,
                     v4 ? "ipv4" : "ipv6", list_text(pairs.parties())));
    between_families = ",\n";
    send_rows(pairs, sink);
    sink(fmt::format("],\n\"connections\":{}}}", list_text(pairs.connections())));
  }
  sink(fmt::format("],\n\"explanations\":{}}}", list_text(legend.texts())));
}

}  // namespace felixsim
