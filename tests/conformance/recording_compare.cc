// SPDX-License-Identifier: Apache-2.0
#include "recording_compare.h"

#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "felixsim/ip.h"

namespace felixsim::conform {
namespace {

using Lines = std::vector<std::string>;

Lines split_lines(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

// Sections whose order is free ("*filter" tables, nft blocks), each with its ordered body.
using Sections = std::map<std::string, Lines>;

Sections iptables_sections(const std::string& text) {
  Sections tables;
  Lines* current = nullptr;
  for (const auto& line : split_lines(text)) {
    if (line.rfind('*', 0) == 0)
      current = &tables[line];
    else if (current)
      current->push_back(line);
  }
  return tables;
}

// Elements of an interval set as the addresses they cover: ranges, merged. Empty if they are not
// addresses.
std::vector<std::pair<Ip, Ip>> address_ranges(const Lines& elements) {
  std::vector<std::pair<Ip, Ip>> ranges;
  for (const auto& element : elements) {
    const size_t dash = element.find('-');
    const auto low = Cidr::parse_cidr_or_ip(element.substr(0, dash));
    const auto high =
        dash == std::string::npos ? low : Cidr::parse_cidr_or_ip(element.substr(dash + 1));
    if (!low || !high) return {};
    Ip last = high->address;
    for (int bit = high->length; bit < last.max_prefix(); ++bit)
      last.bytes[static_cast<size_t>(bit) / 8] |= static_cast<uint8_t>(0x80 >> bit % 8);
    ranges.emplace_back(low->address, last);
  }
  std::sort(ranges.begin(), ranges.end());
  return ranges;
}

bool adjacent(const Ip& last, const Ip& next) {
  if (next <= last) return true;
  Ip after = last;
  for (int i = after.max_prefix() / 8 - 1; i >= 0; --i)
    if (++after.bytes[static_cast<size_t>(i)] != 0) break;
  return after == next;
}

Lines merged_intervals(const Lines& elements) {
  auto ranges = address_ranges(elements);
  if (ranges.empty()) return sorted(elements);
  std::vector<std::pair<Ip, Ip>> merged;
  for (const auto& range : ranges) {
    if (!merged.empty() && adjacent(merged.back().second, range.first))
      merged.back().second = std::max(merged.back().second, range.second);
    else
      merged.push_back(range);
  }
  Lines out;
  for (const auto& [low, high] : merged) out.push_back(low.str() + "-" + high.str());
  return out;
}

// "elements = { a, b }" of a set's or map's body, taken out of `body` and returned as a set.
Lines take_elements(std::string& body) {
  const size_t start = body.find("elements = {");
  if (start == std::string::npos) return {};
  const size_t end = body.find('}', start);
  Lines elements;
  std::istringstream in(body.substr(start + 12, end - start - 12));
  for (std::string element; std::getline(in, element, ',');)
    elements.push_back(std::regex_replace(
        trimmed(std::regex_replace(element, std::regex("\\s+"), " ")), std::regex(" +"), " "));
  const bool interval = body.find("flags interval") != std::string::npos;
  body.erase(start, end - start + 1);
  return interval ? merged_intervals(elements) : sorted(elements);
}

Sections nft_sections(const std::string& text) {
  static const std::regex block(R"(^\t(chain|set|map) )");
  static const std::regex comment(R"re((comment "cali:[A-Za-z0-9_-]{16};)[^"]*")re");
  Sections sections;
  std::string table;
  std::string name;
  std::string body;
  for (const auto& line : split_lines(text)) {
    if (line.rfind("table ", 0) == 0) {
      table = line;
      sections[table];
    } else if (std::regex_search(line, block)) {
      name = table + " " + trimmed(line);
      body.clear();
    } else if (line == "\t}") {
      Lines elements = take_elements(body);
      Lines content = split_lines(body);
      content.insert(content.end(), elements.begin(), elements.end());
      sections[name] = content;
      name.clear();
    } else if (!name.empty()) {
      body += std::regex_replace(trimmed(line), comment, "$1\"") + "\n";
    }
  }
  return sections;
}

Lines kept(const std::string& text, const std::function<bool(const std::string&)>& keep) {
  Lines lines;
  for (const auto& line : split_lines(text))
    if (keep(line)) lines.push_back(trimmed(line));
  return lines;
}

bool has(const std::string& line, const char* part) { return line.find(part) != std::string::npos; }

// What is compared of each vxlan device's `ip link` line. The recorder lists the device of IPv4
// first, whichever was made first.
Lines vxlan_link_facts(const std::string& text) {
  static const std::regex fact(
      R"(mtu \d+|state \w+|link/ether [0-9a-f:]+|vxlan id \d+|local [0-9a-f.:]+|dev \w+|dstport \d+|nolearning)");
  Lines out;
  for (const auto& line : split_lines(text)) {
    if (line.rfind("vxlan", 0) != 0) continue;
    std::set<std::string> facts;
    for (std::sregex_iterator it(line.begin(), line.end(), fact), end; it != end; ++it)
      facts.insert(it->str());
    std::string joined;
    for (const auto& f : facts) joined += f + "; ";
    out.push_back(joined);
  }
  return sorted(std::move(out));
}

Lines comparable_lines(const std::string& file, const std::string& text) {
  if (file == "ipset-save.txt") {
    static const std::regex hash_size(R"( hashsize \d+)");
    // Where there is no set, the recorder wrote an empty line.
    return sorted(kept(std::regex_replace(text, hash_size, ""),
                       [](const std::string& l) { return !l.empty(); }));
  }
  if (file == "ip-route.txt" || file == "ip6-route.txt")
    return sorted(kept(text, [](const std::string& l) {
      return !has(l, "proto kernel") && !has(l, "table local");
    }));
  if (file == "neigh.txt" || file == "fdb.txt" || file == "addr.txt")
    return sorted(
        kept(text, [](const std::string& l) { return has(l, "vxlan") && !has(l, "fe80"); }));
  if (file == "link.txt") return vxlan_link_facts(text);
  if (file == "sysctl.txt") {
    static const std::regex workload(R"(\.(conf|neigh)\.(cali|tap))");
    return kept(text, [](const std::string& l) { return std::regex_search(l, workload); });
  }
  return split_lines(text);
}

std::optional<std::string> compare_lines(const Lines& want, const Lines& got) {
  for (size_t i = 0; i < std::min(want.size(), got.size()); ++i)
    if (want[i] != got[i])
      return fmt::format("line {}: want '{}', got '{}'", i + 1, want[i], got[i]);
  if (want.size() > got.size()) return fmt::format("missing '{}'", want[got.size()]);
  if (got.size() > want.size()) return fmt::format("unexpected '{}'", got[want.size()]);
  return std::nullopt;
}

std::optional<std::string> compare_sections(const Sections& want, const Sections& got) {
  for (const auto& [name, lines] : want) {
    const auto it = got.find(name);
    if (it == got.end()) return fmt::format("no '{}'", name);
    if (auto difference = compare_lines(lines, it->second)) return name + ": " + *difference;
  }
  for (const auto& [name, lines] : got)
    if (!want.contains(name)) return fmt::format("unexpected '{}'", name);
  return std::nullopt;
}

// A line without an answer in the recording (000) says nothing of Felix.
std::optional<std::string> compare_health(const std::string& want, const std::string& got) {
  const Lines answers = split_lines(got);
  for (const auto& line : split_lines(want)) {
    if (line.ends_with(" 000")) continue;
    if (std::find(answers.begin(), answers.end(), line) == answers.end())
      return fmt::format("missing '{}'", line);
  }
  return std::nullopt;
}

std::optional<std::string> compare_json(const std::string& want, const std::string& got) {
  const auto want_json = nlohmann::json::parse(want);
  const auto got_json = nlohmann::json::parse(got, nullptr, false);
  if (want_json == got_json) return std::nullopt;
  return fmt::format("want {}, got {}", want_json.dump(),
                     got_json.is_discarded() ? got : got_json.dump());
}

}  // namespace

std::optional<std::string> compare_recorded(const std::string& file, const std::string& want,
                                            const std::string& got) {
  if (file == "iptables-save.txt" || file == "ip6tables-save.txt")
    return compare_sections(iptables_sections(want), iptables_sections(got));
  if (file == "nft.txt" || file == "arp.txt")
    return compare_sections(nft_sections(want), nft_sections(got));
  if (file == "health.txt") return compare_health(want, got);
  if (file.ends_with(".json")) return compare_json(want, got);
  return compare_lines(comparable_lines(file, want), comparable_lines(file, got));
}

}  // namespace felixsim::conform
