// SPDX-License-Identifier: Apache-2.0
#include "sim/report/reach_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace felixsim {
namespace {

using reach::Parties;

// Calls each(from, to, text) for every pair that something passes between.
template <class Each>
void for_each_flow(Parties& parties, Each each) {
  std::vector<uint32_t> row;
  for (size_t from = 0; from < parties.list().size(); ++from) {
    parties.row(from, row);
    for (size_t to = 0; to < row.size(); ++to)
      if (row[to] != 0) each(from, to, row[to]);
  }
}

std::string quoted(const std::string& text, char quote, const std::string& escaped) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote)
      out += escaped;
    else
      out += c;
  }
  return out + quote;
}

// A, B, ..., Z, AA, ...
std::string letters(size_t number) {
  std::string out;
  for (++number; number > 0; number = (number - 1) / 26)
    out.insert(out.begin(), static_cast<char>('A' + (number - 1) % 26));
  return out;
}

std::string joined_or_none(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

// "tcp/80 to world 0.0.0.0/0" of each pod that has one, `out`going or incoming.
std::vector<std::string> world_lines(Parties& parties, bool outgoing) {
  std::map<std::pair<size_t, uint32_t>, std::vector<std::string>> found;
  for_each_flow(parties, [&](size_t from, size_t to, uint32_t text) {
    const size_t pod = outgoing ? from : to, world = outgoing ? to : from;
    if (parties.list()[pod].world || !parties.list()[world].world) return;
    found[{pod, text}].push_back(parties.list()[world].name.substr(6));
  });
  std::vector<std::string> lines;
  for (const auto& [key, ranges] : found)
    lines.push_back(fmt::format("{}: {} {} {}", parties.list()[key.first].name,
                                parties.text(key.second), outgoing ? "to" : "from",
                                fmt::join(ranges, " ")));
  return lines;
}

std::string incomplete_markdown(const std::vector<std::string>& unusable) {
  if (unusable.empty()) return {};
  return fmt::format("\n**Incomplete**; these could not be used:\n\n- {}\n",
                     fmt::join(unusable, "\n- "));
}

}  // namespace

std::string reach_list(const ReachAnswer& answer) {
  Parties parties(answer.matrix, answer.focus);
  std::string out;
  for_each_flow(parties, [&](size_t from, size_t to, uint32_t text) {
    out.append(parties.list()[from].name).append(" -> ").append(parties.list()[to].name);
    out.append(": ").append(parties.text(text)) += '\n';
  });
  return out;
}

std::string reach_csv(const ReachAnswer& answer) {
  Parties parties(answer.matrix, answer.focus);
  std::string out = "from,to,connections\n";
  const auto field = [](const std::string& text) { return quoted(text, '"', "\"\""); };
  for_each_flow(parties, [&](size_t from, size_t to, uint32_t text) {
    out.append(field(parties.list()[from].name)).append(",");
    out.append(field(parties.list()[to].name)).append(",");
    out.append(field(parties.text(text))) += '\n';
  });
  return out;
}

std::string reach_table(const ReachAnswer& answer) {
  Parties parties(answer.matrix, answer.focus);
  std::map<uint32_t, size_t> legend;
  std::vector<std::vector<std::string>> cells(parties.list().size(),
                                              std::vector<std::string>(parties.list().size(), "."));
  for_each_flow(parties, [&](size_t from, size_t to, uint32_t text) {
    const size_t number = legend.emplace(text, legend.size()).first->second;
    cells[from][to] = letters(number);
  });
  size_t widest = 4, cell = 1;
  for (const auto& party : parties.list()) widest = std::max(widest, party.name.size());
  for (const auto& row : cells)
    for (const auto& text : row) cell = std::max(cell, text.size());
  cell = std::max(cell, std::to_string(parties.list().size()).size());
  std::string out = fmt::format("{:>{}}", "", widest + 5);
  for (size_t i = 0; i < cells.size(); ++i) out += fmt::format(" {:>{}}", i + 1, cell);
  out += '\n';
  for (size_t i = 0; i < cells.size(); ++i) {
    out += fmt::format("{:>4} {:<{}}", i + 1, parties.list()[i].name, widest);
    for (size_t j = 0; j < cells.size(); ++j)
      out += fmt::format(" {:>{}}", i == j ? "-" : cells[i][j], cell);
    out += '\n';
  }
  std::map<size_t, uint32_t> by_letter;
  for (const auto& [text, number] : legend) by_letter[number] = text;
  out += "a row sends to a column; . is nothing\n";
  for (const auto& [number, text] : by_letter)
    out += fmt::format("{} {}\n", letters(number), parties.text(text));
  return out;
}

std::string reach_dot(const ReachAnswer& answer) {
  Parties parties(answer.matrix, answer.focus);
  const auto id = [](const std::string& text) { return quoted(text, '"', "\\\""); };
  std::string out = "digraph reach {\n";
  for (const auto& party : parties.list())
    out += fmt::format("  {}{};\n", id(party.name), party.world ? " [shape=box]" : "");
  for_each_flow(parties, [&](size_t from, size_t to, uint32_t text) {
    out += fmt::format("  {} -> {} [label={}];\n", id(parties.list()[from].name),
                       id(parties.list()[to].name), id(parties.text(text)));
  });
  return out + "}\n";
}

std::string reach_markdown(const ReachAnswer& answer) {
  Parties parties(answer.matrix, answer.focus);
  std::string out = "| from | to | connections |\n|---|---|---|\n";
  std::vector<uint32_t> row;
  for (size_t from = 0; from < parties.list().size(); ++from) {
    parties.row(from, row);
    std::map<uint32_t, std::vector<std::string>> by_text;
    for (size_t to = 0; to < row.size(); ++to)
      if (row[to] != 0) by_text[row[to]].push_back(parties.list()[to].name);
    for (const auto& [text, names] : by_text)
      out += fmt::format("| {} | {} | {} |\n", parties.list()[from].name, fmt::join(names, ", "),
                         parties.text(text));
  }
  out += fmt::format("\nNot isolated for ingress: {}.\n\nNot isolated for egress: {}.\n",
                     joined_or_none(reach::not_isolated(answer.matrix, true)),
                     joined_or_none(reach::not_isolated(answer.matrix, false)));
  return out + incomplete_markdown(answer.unusable);
}

std::string reach_difference_markdown(const std::vector<std::string>& lines,
                                      const std::vector<std::string>& unusable) {
  std::string out = "No connection changes.\n";
  if (!lines.empty()) out = fmt::format("```diff\n{}\n```\n", fmt::join(lines, "\n"));
  return out + incomplete_markdown(unusable);
}

std::string reach_summary(const ReachAnswer& answer) {
  Parties parties(answer.matrix, answer.focus);
  const auto section = [](const std::string& title, const std::vector<std::string>& lines) {
    std::string out = fmt::format("{}:{}\n", title, lines.empty() ? " none" : "");
    for (const auto& line : lines) out += "  " + line + "\n";
    return out;
  };
  return section("reach the world", world_lines(parties, true)) +
         section("reached by the world", world_lines(parties, false)) +
         section("not isolated for ingress", reach::not_isolated(answer.matrix, true)) +
         section("not isolated for egress", reach::not_isolated(answer.matrix, false));
}

std::vector<std::string> reach_difference(const reach::Matrix& before, const reach::Matrix& after,
                                          const reach::Focus& focus) {
  Parties old_parties(before, focus, false), new_parties(after, focus, false);
  std::map<std::string, size_t> old_places, new_places;
  std::set<std::string> names;
  for (size_t i = 0; i < old_parties.list().size(); ++i)
    names.insert(old_parties.list()[i].name), old_places[old_parties.list()[i].name] = i;
  for (size_t i = 0; i < new_parties.list().size(); ++i)
    names.insert(new_parties.list()[i].name), new_places[new_parties.list()[i].name] = i;
  std::vector<std::string> lines;
  std::vector<uint32_t> old_row, new_row;
  for (const auto& from : names) {
    const auto old_from = old_places.find(from), new_from = new_places.find(from);
    if (old_from != old_places.end()) old_parties.row(old_from->second, old_row);
    if (new_from != new_places.end()) new_parties.row(new_from->second, new_row);
    for (const auto& to : names) {
      const auto old_to = old_places.find(to), new_to = new_places.find(to);
      const bool had = old_from != old_places.end() && old_to != old_places.end();
      const bool has = new_from != new_places.end() && new_to != new_places.end();
      const uint32_t old_text = had ? old_row[old_to->second] : 0;
      const uint32_t new_text = has ? new_row[new_to->second] : 0;
      if (old_parties.text(old_text) == new_parties.text(new_text)) continue;
      if (old_text != 0)
        lines.push_back(fmt::format("-{} -> {}: {}", from, to, old_parties.text(old_text)));
      if (new_text != 0)
        lines.push_back(fmt::format("+{} -> {}: {}", from, to, new_parties.text(new_text)));
    }
  }
  return lines;
}

}  // namespace felixsim
