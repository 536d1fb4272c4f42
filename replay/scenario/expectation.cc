// SPDX-License-Identifier: Apache-2.0
#include "replay/scenario/expectation.h"

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace felixsim {
namespace {

using nlohmann::json;
using Kind = Expectation::Kind;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// White space between words is one blank; none at the ends.
std::string squeeze(const std::string& line) {
  std::istringstream words(line);
  std::string result;
  for (std::string word; words >> word;) result += (result.empty() ? "" : " ") + word;
  return result;
}

// Removes `-m comment --comment "..."`; text outside of it stays as it is.
std::string without_comments(std::string rule) {
  constexpr std::string_view option = "-m comment --comment ";
  for (size_t at = rule.find(option); at != std::string::npos; at = rule.find(option, at)) {
    size_t end = at + option.size();
    const bool quoted = end < rule.size() && rule[end] == '"';
    end = rule.find(quoted ? '"' : ' ', end + 1);
    end = end == std::string::npos ? rule.size() : end + 1;
    rule.erase(at, end - at);
  }
  return squeeze(rule);
}

// `*` stands for any text. Iterative, so that many stars cost no more than |pattern| * |text|.
bool glob(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// The wanted words stand at the beginning of the line.
bool begins_with(const std::string& wanted, const std::string& line) {
  return glob(wanted, line) || glob(wanted + " *", line);
}

bool contains(const json& wanted, const json& got) {
  if (wanted.is_object() && got.is_object())
    return std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& item) {
      return got.contains(item.key()) && contains(item.value(), got.at(item.key()));
    });
  if (wanted.is_array() && got.is_array())
    return std::all_of(wanted.begin(), wanted.end(), [&](const json& item) {
      return std::any_of(got.begin(), got.end(),
                         [&](const json& other) { return contains(item, other); });
    });
  return wanted == got;
}

// A message holds all that the wanted JSON holds.
bool message_matches(const std::string& wanted, const std::string& line) {
  const json want = json::parse(wanted, nullptr, false), got = json::parse(line, nullptr, false);
  if (want.is_discarded() || got.is_discarded()) return line.find(wanted) != std::string::npos;
  return contains(want, got);
}

// A part of a text that an expectation is about: a chain's rules, a set's members, or all lines.
struct Part {
  std::string name;
  std::vector<std::string> lines;
};

std::vector<Part> iptables_parts(const std::string& text) {
  std::vector<Part> parts;
  std::map<std::string, size_t> index;
  std::string table;
  for (const std::string& line : lines_of(text)) {
    if (line.size() > 1 && line[0] == '*') {
      table = line.substr(1);
    } else if (line.size() > 1 && line[0] == ':') {
      const std::string name = table + "/" + line.substr(1, line.find(' ') - 1);
      index.emplace(name, parts.size());
      parts.push_back({name, {}});
    } else if (line.rfind("-A ", 0) == 0) {
      const size_t end = line.find(' ', 3);
      const std::string name =
          table + "/" + line.substr(3, end == std::string::npos ? end : end - 3);
      const auto [found, fresh] = index.emplace(name, parts.size());
      if (fresh) parts.push_back({name, {}});
      parts[found->second].lines.push_back(end == std::string::npos ? "" : line.substr(end + 1));
    }
  }
  return parts;
}

std::vector<Part> ipset_parts(const std::string& text) {
  std::vector<Part> parts;
  std::map<std::string, size_t> index;
  for (const std::string& line : lines_of(text)) {
    std::istringstream words(line);
    std::string verb, name, member;
    words >> verb >> name;
    std::getline(words, member);
    const auto [found, fresh] = index.emplace(name, parts.size());
    if (fresh) parts.push_back({name, {}});
    if (verb == "add") parts[found->second].lines.push_back(squeeze(member));
  }
  return parts;
}

// `nft list ruleset`: blocks nest by braces; a chain or set is named TABLE/NAME.
std::vector<Part> nft_parts(const std::string& text) {
  std::vector<Part> parts;
  std::string table;
  bool inside = false;
  for (const std::string& raw : lines_of(text)) {
    const std::string line = squeeze(raw);
    std::istringstream words(line);
    std::string kind, first, second;
    words >> kind >> first >> second;
    if (kind == "table" && line.back() == '{') {
      table = second;
    } else if ((kind == "chain" || kind == "set" || kind == "map") && line.back() == '{') {
      parts.push_back({table + "/" + first, {}});
      inside = true;
    } else if (line == "}") {
      inside = false;
    } else if (inside && !line.empty()) {
      parts.back().lines.push_back(line);
    }
  }
  return parts;
}

std::vector<Part> parts_of(const std::string& what, const std::string& text) {
  if (what == "iptables" || what == "ip6tables") return iptables_parts(text);
  if (what == "ipsets") return ipset_parts(text);
  return nft_parts(text);
}

// "cali-x" names a chain of any table, "filter/cali-x" that of one.
bool names_part(const std::string& wanted, const Part& part) {
  if (wanted.find('/') == std::string::npos && part.name.find('/') != std::string::npos)
    return glob("*/" + wanted, part.name);
  return glob(wanted, part.name);
}

size_t common_words(const std::string& a, const std::string& b) {
  std::istringstream first(a), second(b);
  const std::set<std::string> words{std::istream_iterator<std::string>(first), {}};
  size_t count = 0;
  for (std::string word; second >> word;) count += words.count(word);
  return count;
}

std::string nearest_lines(const std::string& wanted, const std::vector<std::string>& lines) {
  constexpr size_t shown = 3;
  std::vector<std::pair<size_t, const std::string*>> ranked;
  for (const std::string& line : lines)
    if (const size_t common = common_words(wanted, line); common > 0)
      ranked.emplace_back(common, &line);
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string result;
  for (size_t i = 0; i < std::min(shown, ranked.size()); ++i)
    result += (i == 0 ? "" : "\n") + *ranked[i].second;
  return result;
}

class Checker {
 public:
  Checker(const std::string& node, const std::map<std::string, std::string>& texts)
      : node_(node), texts_(texts) {}

  void check(const Expectation& expectation) {
    const auto text = texts_.find(expectation.what);
    label_ = node_ + " " + expectation.what;
    if (!expectation.object.empty()) label_ += " " + expectation.object;
    place_ = expectation.place;
    if (text == texts_.end()) {
      report("there is no such text", "");
      return;
    }
    if (expectation.object.empty())
      check_lines(expectation, lines_of(text->second));
    else
      check_parts(expectation, parts_of(expectation.what, text->second));
  }

  std::vector<ExpectationFailure> take() { return std::move(failures_); }

 private:
  void report(const std::string& fact, std::string detail) {
    failures_.push_back({place_, label_ + ": " + fact, std::move(detail)});
  }

  // A wildcard may name several parts: one of them must do for has and exactly, all for lacks.
  void check_parts(const Expectation& expectation, const std::vector<Part>& parts) {
    std::vector<const Part*> named;
    for (const Part& part : parts)
      if (names_part(expectation.object, part)) named.push_back(&part);
    if (expectation.kind == Kind::absent) {
      if (!named.empty()) report("is there", named.front()->name);
      return;
    }
    if (named.empty()) {
      if (expectation.kind == Kind::lacks) return;
      std::vector<std::string> names;
      for (const Part& part : parts) names.push_back(part.name);
      report("is not there", nearest_names(expectation.object, names));
      return;
    }
    if (expectation.kind == Kind::lacks) {
      for (const Part* part : named) check_lines(expectation, part->lines);
      return;
    }
    const size_t before = failures_.size();
    for (const Part* part : named) {
      failures_.resize(before);
      check_lines(expectation, part->lines);
      if (failures_.size() == before) return;
    }
  }

  static std::string nearest_names(const std::string& wanted,
                                   const std::vector<std::string>& names) {
    const std::string head = wanted.substr(0, wanted.find('*'));
    std::string result;
    int shown = 0;
    for (const std::string& name : names)
      if (head.size() >= 4 && name.find(head.substr(0, head.size() / 2 + 2)) != std::string::npos &&
          shown++ < 5)
        result += (result.empty() ? "" : "\n") + name;
    return result;
  }

  void check_lines(const Expectation& expectation, std::vector<std::string> lines) {
    const bool message = expectation.what == "messages";
    bool comments = message;
    for (const std::string& wanted : expectation.lines)
      comments = comments || wanted.find("--comment") != std::string::npos;
    for (std::string& line : lines)
      if (!message) line = comments ? squeeze(line) : without_comments(line);
    const auto matches = [&](const std::string& wanted, const std::string& line) {
      return message ? message_matches(wanted, line) : begins_with(wanted, line);
    };
    if (expectation.kind == Kind::exactly) {
      check_exactly(expectation, std::move(lines));
      return;
    }
    for (const std::string& raw : expectation.lines) {
      const std::string wanted = message ? raw : squeeze(raw);
      const auto found = std::find_if(lines.begin(), lines.end(), [&](const std::string& line) {
        return matches(wanted, line);
      });
      if (expectation.kind == Kind::lacks && found != lines.end())
        report(fmt::format("has '{}'", wanted), *found);
      if (expectation.kind == Kind::has && found == lines.end())
        report(fmt::format("has no '{}'", wanted), nearest_lines(wanted, lines));
    }
  }

  // Rules of a chain in order; everything else as a set.
  void check_exactly(const Expectation& expectation, std::vector<std::string> lines) {
    std::vector<std::string> wanted;
    for (const std::string& line : expectation.lines) wanted.push_back(squeeze(line));
    std::erase(lines, "");
    const bool ordered = !expectation.object.empty() && expectation.what != "ipsets";
    if (!ordered) {
      std::sort(lines.begin(), lines.end());
      std::sort(wanted.begin(), wanted.end());
    }
    std::string got;
    for (const std::string& line : lines) got += (got.empty() ? "" : "\n") + line;
    if (lines.size() != wanted.size()) {
      report(fmt::format("has {} lines, not {}", lines.size(), wanted.size()), got);
      return;
    }
    for (size_t i = 0; i < lines.size(); ++i)
      if (!glob(wanted[i], lines[i])) {
        report(fmt::format("has '{}' where '{}' is expected", lines[i], wanted[i]), got);
        return;
      }
  }

  const std::string& node_;
  const std::map<std::string, std::string>& texts_;
  std::string label_;
  Place place_;
  std::vector<ExpectationFailure> failures_;
};

}  // namespace

std::vector<ExpectationFailure> check_expectations(
    const std::vector<Expectation>& expectations, const std::string& node,
    const std::map<std::string, std::string>& texts) {
  Checker checker(node, texts);
  for (const Expectation& expectation : expectations)
    if (expectation.node.empty() || expectation.node == node) checker.check(expectation);
  return checker.take();
}

}  // namespace felixsim
