// SPDX-License-Identifier: Apache-2.0
#include "sim/report/reach_json.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace felixsim {
namespace {

using reach::Bits;
using reach::Classes;
using reach::FamilyMatrix;

void append_number(std::string& out, size_t number) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

void append_text(std::string& out, const std::string& text) {
  out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// 3, or [3,7] for 3 to 7.
void append_range(std::string& out, size_t first, size_t last) {
  if (first == last) return append_number(out, first);
  out += '[';
  append_number(out, first);
  out += ',';
  append_number(out, last);
  out += ']';
}

void append_class(std::string& out, const ReachAnswer& answer, const FamilyMatrix& family,
                  const reach::ElementClass& one) {
  if (one.world) {
    out += "{\"world\":[";
    const char* separator = "";
    for (const auto& range : family.addresses.range_texts(one.elements)) {
      out += separator;
      append_text(out, range);
      separator = ",";
    }
  } else {
    out += "{\"endpoints\":[";
    const char* separator = "";
    for (const size_t element : one.elements) {
      out += separator;
      const int endpoint = family.addresses.elements()[element].endpoint;
      append_text(out, reach::endpoint_text(answer.matrix, static_cast<size_t>(endpoint)));
      separator = ",";
    }
  }
  out += "]}";
}

// {"from":0,"to":{"1":[0,[3,7]]}}: keys are numbers of connections.
void append_row(std::string& out, const std::vector<uint32_t>& row, size_t from,
                std::vector<std::string>& by_connection, std::vector<uint32_t>& used) {
  for (size_t i = 0; i < row.size();) {
    size_t end = i + 1;
    while (end < row.size() && row[end] == row[i]) ++end;
    if (row[i] != 0) {
      if (by_connection.size() <= row[i]) by_connection.resize(row[i] + 1);
      std::string& list = by_connection[row[i]];
      if (list.empty())
        used.push_back(row[i]);
      else
        list += ',';
      append_range(list, i, end - 1);
    }
    i = end;
  }
  out += "{\"from\":";
  append_number(out, from);
  out += ",\"to\":{";
  std::sort(used.begin(), used.end());
  for (const uint32_t number : used) {
    if (number != used.front()) out += ',';
    out += '"';
    append_number(out, number);
    out.append("\":[").append(by_connection[number]) += ']';
    by_connection[number].clear();
  }
  used.clear();
  out += "}}";
}

void append_connections(std::string& out, const Classes& classes) {
  out += "\"connections\":[";
  for (size_t i = 0; i < classes.connections().size(); ++i) {
    const auto& mask = classes.connections()[i];
    const auto& headers = classes.family().headers;
    out += i == 0 ? "\n{\"allowed\":" : ",\n{\"allowed\":";
    append_text(out, headers.text(mask.yes));
    if (const Bits unknown = mask.may - mask.yes; unknown.any()) {
      out += ",\"unknown\":";
      append_text(out, headers.text(unknown));
    }
    out += '}';
  }
  out += "]";
}

void append_classes(std::string& out, const ReachAnswer& answer, const FamilyMatrix& family,
                    const char* name, const std::vector<reach::ElementClass>& classes) {
  out.append("\"").append(name).append("\":[");
  for (size_t i = 0; i < classes.size(); ++i) {
    out += i == 0 ? "\n" : ",\n";
    append_class(out, answer, family, classes[i]);
  }
  out += "],\n";
}

void append_family(std::string& out, const ReachAnswer& answer, const FamilyMatrix& family) {
  Classes classes(answer.matrix, family, answer.focus);
  out += family.addresses.family() == IpFamily::v4 ? "{\"family\":\"ipv4\",\n"
                                                   : "{\"family\":\"ipv6\",\n";
  append_classes(out, answer, family, "senders", classes.senders());
  append_classes(out, answer, family, "receivers", classes.receivers());
  out += "\"may_send\":[";
  std::vector<uint32_t> row, used;
  std::vector<std::string> by_connection;
  for (size_t i = 0; i < classes.senders().size(); ++i) {
    classes.row(i, row);
    out += i == 0 ? "\n" : ",\n";
    append_row(out, row, i, by_connection, used);
  }
  out += "],\n";
  append_connections(out, classes);
  out += "}";
}

}  // namespace

std::string reach_json(const ReachAnswer& answer, int schema) {
  std::string out = fmt::format("{{\"schema\":{},\"complete\":{},\n\"unusable\":", schema,
                                answer.unusable.empty());
  out += nlohmann::json(answer.unusable)
             .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto names = [](const std::vector<std::string>& list) {
    return nlohmann::json(list).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  out += ",\n\"not_isolated\":{\"ingress\":" + names(reach::not_isolated(answer.matrix, true));
  out += ",\"egress\":" + names(reach::not_isolated(answer.matrix, false));
  out += "},\n\"families\":[\n";
  const char* separator = "";
  for (const auto* family : reach::families_of(answer.matrix)) {
    out += separator;
    append_family(out, answer, *family);
    separator = ",\n";
  }
  out += "]}\n";
  return out;
}

}  // namespace felixsim
