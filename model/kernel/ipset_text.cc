// SPDX-License-Identifier: Apache-2.0
// See ipset_text.h; ipset_member.h has the types.
#include "model/kernel/ipset_text.h"

#include "model/kernel/ipset_member.h"
#include "model/kernel/words.h"

namespace felixsim {
Result<std::string> canonical_ipset_member(const IpSet& set, std::string_view member) {
  auto members = ipset_members(set, member);
  if (!members) return forward(members);
  if (members->size() != 1) return invalid(fmt::format("{} is more than one member", member));
  return std::move((*members)[0]);
}

std::string print_ipset_create(const IpSet& set) {
  if (set.type.starts_with("list:"))
    return fmt::format("create {} {}{}", set.name, set.type, set.options);
  if (is_bitmap(set))
    return fmt::format("create {} {} range {}{}", set.name, set.type, set.range, set.options);
  return fmt::format("create {} {} family {} hashsize {} maxelem {}{}", set.name, set.type,
                     set.family, set.hash_size, set.max_elements, set.options);
}

std::string print_ipset_save(const std::map<std::string, IpSet>& sets) {
  std::string out;
  for (const auto& [name, set] : sets) {
    out += print_ipset_create(set);
    out += '\n';
    for (const auto& member : set.members) {
      out += "add ";
      out += name;
      out += ' ';
      out += member;
      if (const auto found = set.member_options.find(member); found != set.member_options.end())
        out += " " + found->second;
      out += '\n';
    }
  }
  return out;
}

namespace {

// Of types that are not modelled (list:set) the words are kept as they are.
Result<IpSet> parse_create(std::string_view rest) {
  IpSet set;
  set.name = take_word(rest);
  set.type = take_word(rest);
  if (set.name.empty() || set.type.empty()) return invalid("a set needs a name and a type");
  if (set.type.starts_with("list:")) {
    set.options = rest.empty() ? "" : " " + std::string(trim(rest));
    return set;
  }
  std::vector<std::string_view> words;
  for (auto word = take_word(rest); !word.empty(); word = take_word(rest)) words.push_back(word);
  if (auto ok = read_ipset_options(set, words); !ok) return forward(ok);
  return set;
}

}  // namespace

Result<std::map<std::string, IpSet>> parse_ipset_save(std::string_view text) {
  std::map<std::string, IpSet> sets;
  IpSet* last = nullptr;
  for (int number = 1; !text.empty(); ++number) {
    auto line = take_line(text);
    const auto whole = line;
    const auto wrong = [&](std::string_view what) {
      return invalid(fmt::format("line {}: {}: {}", number, what, whole));
    };
    const auto verb = take_word(line);
    if (verb.empty() || verb == "COMMIT") continue;
    if (verb == "create") {
      auto set = parse_create(line);
      if (!set) return wrong(set.error().message);
      const std::string name = set->name;
      last = &(sets[name] = std::move(*set));
      continue;
    }
    const auto name = take_word(line);
    if (verb != "add") return wrong("neither create nor add");
    if (!last || last->name != name) {
      const auto found = sets.find(std::string(name));
      if (found == sets.end()) return wrong("a member of a set that is not there");
      last = &found->second;
    }
    const auto member = take_word(line);
    if (member.empty()) return wrong("a member is missing");
    last->members.emplace(member);
    if (const auto options = trim(line); !options.empty())
      last->member_options.insert_or_assign(std::string(member), options);
  }
  return sets;
}

}  // namespace felixsim
