// SPDX-License-Identifier: Apache-2.0
// Sets, maps and their elements; see nft_transaction.h. Left out: timeouts, counters of elements.
#include <cerrno>

#include "model/kernel/nft_tokens.h"
#include "model/kernel/nft_transaction.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

bool is_interval(const NftSet& set) {
  return std::find(set.flags.begin(), set.flags.end(), "interval") != set.flags.end();
}

// First and last address of an element of an interval set.
std::optional<std::pair<Ip, Ip>> interval_of(std::string_view element) {
  if (const size_t dash = element.find('-'); dash != std::string_view::npos) {
    const auto low = Ip::parse(element.substr(0, dash)), high = Ip::parse(element.substr(dash + 1));
    if (!low || !high) return std::nullopt;
    return std::pair{*low, *high};
  }
  const auto net = Cidr::parse_cidr_or_ip(element);
  if (!net) return std::nullopt;
  Ip last = net->address;
  for (int bit = net->length; bit < net->address.max_prefix(); ++bit)
    last.bytes[static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(0x80 >> bit % 8);
  return std::pair{net->address, last};
}

// What stands behind the name, without the last brace.
std::string_view inside(const NftCommand& command) {
  if (command.rest >= command.words.size()) return command.line.substr(command.line.size());
  const auto start = static_cast<size_t>(command.words[command.rest].data() - command.line.data());
  auto text = command.line.substr(start);
  if (text.ends_with('}')) text = trim(text.substr(0, text.size() - 1));
  return text;
}

}  // namespace

NftOutcome NftTransaction::add_set(NftTable& table, const NftCommand& command) {
  NftSet set;
  set.is_map = command.object == "map";
  for (size_t i = command.rest; i < command.words.size(); ++i) {
    if (command.words[i] == "type") {
      while (++i < command.words.size() && command.words[i] != ";" && command.words[i] != "}")
        set.type += fmt::format("{}{}", set.type.empty() ? "" : " ", command.words[i]);
    } else if (command.words[i] == "flags") {
      while (++i < command.words.size() && command.words[i] != ";" && command.words[i] != "}")
        if (command.words[i] != ",") set.flags.emplace_back(command.words[i]);
    }
  }
  if (set.type.empty()) return nft_refuses(inside(command), "set definition does not specify key");
  if (set.is_map != (set.type.find(" : ") != std::string::npos))
    return nft_refuses(inside(command), "map definition does not specify mapping data type");
  const std::string name(command.name);
  const auto found = table.sets.find(name);
  if (found != table.sets.end()) {
    const bool fits = found->second.type == set.type && found->second.flags == set.flags;
    if (fits && command.verb != "create") return {};
    return kernel_refuses(command.name, EEXIST);
  }
  ++table.last_handle;
  table.sets[name] = std::move(set);
  undo_.push_back([&table, name] { table.sets.erase(name); });
  return {};
}

void NftTransaction::empty_set(NftTable& table, const std::string& name) {
  NftSet& set = table.sets[name];
  for (const auto& [element, value] : set.elements) count(table, value, -1);
  index(table).intervals.erase(name);
  undo_.push_back([this, &table, name, elements = std::exchange(set.elements, {})] {
    for (const auto& [element, value] : elements) count(table, value, 1);
    table.sets[name].elements = elements;
    index(table).intervals.erase(name);
  });
}

NftOutcome NftTransaction::flush_set(NftTable& table, const NftCommand& command) {
  const std::string name(command.name);
  if (!table.sets.contains(name)) return nft_refuses(command.name, "No such file or directory");
  empty_set(table, name);
  return {};
}

NftOutcome NftTransaction::delete_set(NftTable& table, const NftCommand& command) {
  const std::string name(command.name);
  if (!table.sets.contains(name)) return kernel_refuses(command.name, ENOENT);
  const auto& references = index(table).sets;
  if (const auto found = references.find(name); found != references.end() && found->second > 0)
    return kernel_refuses(command.name, EBUSY);
  empty_set(table, name);
  undo_.push_back([&table, name, old = table.sets[name]] { table.sets[name] = old; });
  table.sets.erase(name);
  return {};
}

Result<NftTransaction::Element> NftTransaction::read_element(
    const NftSet& set, const std::vector<std::string_view>& words) {
  std::string_view types = set.type;
  types = types.substr(0, types.find(" : "));
  Element element;
  element.where = words[0];
  size_t i = 0;
  for (; i < words.size() && words[i] != ":"; ++i) {
    if (words[i] == ".") continue;
    std::string_view type = take_word(types);
    if (type == ".") type = take_word(types);
    auto value = nft_value(type, words[i]);
    if (!value) return forward(value);
    element.key += fmt::format("{}{}", element.key.empty() ? "" : " . ", *value);
  }
  if (!trim(types).empty()) return invalid("element does not have all parts of its key");
  for (++i; i < words.size(); ++i)
    element.value += fmt::format("{}{}", element.value.empty() ? "" : " ", words[i]);
  return element;
}

NftOutcome NftTransaction::change_elements(NftTable& table, const NftCommand& command) {
  const std::string name(command.name);
  const auto found = table.sets.find(name);
  if (found == table.sets.end()) return nft_refuses(command.name, "No such file or directory");
  std::vector<std::string_view> words;
  for (size_t i = command.rest; i < command.words.size(); ++i) {
    const auto word = command.words[i];
    if (word == "{") continue;
    if (word != "," && word != "}") {
      words.push_back(word);
      continue;
    }
    if (words.empty()) continue;
    auto element = read_element(found->second, words);
    if (!element) return nft_refuses(words[0], element.error().message);
    auto refused = command.verb == "delete" ? delete_element(table, name, *element)
                                            : add_element(table, name, *element, command);
    if (refused) return refused;
    words.clear();
  }
  return {};
}

std::map<Ip, Ip>& NftTransaction::intervals(NftTable& table, const std::string& name) {
  auto [found, made] = index(table).intervals.try_emplace(name);
  if (made)
    for (const auto& [element, value] : table.sets[name].elements)
      if (const auto range = interval_of(element)) found->second[range->first] = range->second;
  return found->second;
}

NftOutcome NftTransaction::add_element(NftTable& table, const std::string& name,
                                       const Element& element, const NftCommand& command) {
  NftSet& set = table.sets[name];
  if (set.is_map == element.value.empty()) return kernel_refuses(element.where, EINVAL);
  const auto present = set.elements.find(element.key);
  if (present != set.elements.end()) {
    const bool fits = present->second == element.value && command.verb != "create";
    if (fits) return {};
    return kernel_refuses(element.where, EEXIST);
  }
  if (set.is_map) {
    std::string_view rest = element.value;
    const auto verdict = take_word(rest);
    if ((verdict == "jump" || verdict == "goto") && !table.chains.contains(std::string(trim(rest))))
      return kernel_refuses(element.where, ENOENT);
  }
  if (!is_interval(set) && set.type.find(" . ") == std::string::npos &&
      element.key.find('/') != std::string::npos)
    return nft_refuses(element.where,
                       "You must add 'flags interval' to your set declaration if you want to add "
                       "prefix elements");
  if (is_interval(set))
    if (auto refused = add_interval(table, name, element)) return refused;
  if (set.is_map) additions_.push_back({{table.family, table.name}, {}, name, element.value});
  put_element(table, name, element);
  undo_.push_back([this, &table, name, element] { take_element(table, name, element); });
  return {};
}

NftOutcome NftTransaction::add_interval(NftTable& table, const std::string& name,
                                        const Element& element) {
  const auto range = interval_of(element.key);
  if (!range) return nft_refuses(element.where, "element is no interval");
  auto& ranges = intervals(table, name);
  auto next = ranges.upper_bound(range->second);
  if (next != ranges.begin() && std::prev(next)->second >= range->first)
    return nft_refuses(element.where, "interval overlaps with an existing one");
  ranges[range->first] = range->second;
  return {};
}

NftOutcome NftTransaction::delete_element(NftTable& table, const std::string& name,
                                          const Element& element) {
  const NftSet& set = table.sets[name];
  const auto present = set.elements.find(element.key);
  if (present == set.elements.end()) {
    if (is_interval(set)) return nft_refuses(element.where, "element does not exist");
    return kernel_refuses(element.where, ENOENT);
  }
  const Element old{element.key, present->second, {}};
  take_element(table, name, old);
  undo_.push_back([this, &table, name, old] { put_element(table, name, old); });
  return {};
}

void NftTransaction::put_element(NftTable& table, const std::string& name, const Element& element) {
  table.sets[name].elements[element.key] = element.value;
  count(table, element.value, 1);
  const auto index_of = index(table).intervals.find(name);
  if (index_of == index(table).intervals.end()) return;
  if (const auto range = interval_of(element.key)) index_of->second[range->first] = range->second;
}

void NftTransaction::take_element(NftTable& table, const std::string& name,
                                  const Element& element) {
  table.sets[name].elements.erase(element.key);
  count(table, element.value, -1);
  const auto index_of = index(table).intervals.find(name);
  if (index_of == index(table).intervals.end()) return;
  if (const auto range = interval_of(element.key)) index_of->second.erase(range->first);
}

}  // namespace felixsim
