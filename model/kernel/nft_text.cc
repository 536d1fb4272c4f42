// SPDX-License-Identifier: Apache-2.0
// See nft_text.h. Mirrors nftables 1.0.6 rule.c and expression.c (layout), with `-s` (no counters).
// Left out: comments of tables, chains and sets; objects, flowtables, timeouts.
#include "model/kernel/nft_text.h"

#include "model/kernel/nft_tokens.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr std::string_view element_break = ",\n\t\t\t     ";

// How many elements stand on a line (expression.c calculate_delim).
size_t elements_per_line(const NftSet& set) {
  if (set.type == "ipv4_addr" || set.type == "inet_proto") return 2;
  if (set.type == "inet_service") return 5;
  return 1;
}

std::string element_sort_key(const std::string& element) {
  const auto net = Cidr::parse_cidr_or_ip(element.substr(0, element.find('-')));
  if (!net) return element;
  std::string key;
  for (const uint8_t byte : net->address.bytes) key += static_cast<char>(byte);
  return key + static_cast<char>(net->length);
}

void append_set(std::string& out, const std::string& name, const NftSet& set) {
  out += fmt::format("\t{} {} {{\n\t\ttype {}\n", set.is_map ? "map" : "set", name, set.type);
  if (!set.flags.empty()) out += fmt::format("\t\tflags {}\n", fmt::join(set.flags, ","));
  if (!set.elements.empty()) {
    std::vector<std::pair<std::string, std::string>> elements;
    for (const auto& [element, value] : set.elements)
      elements.emplace_back(element_sort_key(element),
                            value.empty() ? element : element + " : " + value);
    std::sort(elements.begin(), elements.end());
    out += "\t\telements = { ";
    const size_t per_line = elements_per_line(set);
    for (size_t i = 0; i < elements.size(); ++i) {
      if (i > 0) out += i % per_line == 0 ? element_break : ", ";
      out += elements[i].second;
    }
    out += " }\n";
  }
  out += "\t}\n";
}

void append_chain(std::string& out, const std::string& name, const NftChain& chain) {
  out += fmt::format("\tchain {} {{\n", name);
  if (!chain.hook.empty()) out += "\t\t" + chain.hook + "\n";
  for (const auto& rule : chain.rules) {
    out += "\t\t" + rule.text;
    if (!rule.comment.empty())
      out += fmt::format("{}comment \"{}\"", rule.text.empty() ? "" : " ", rule.comment);
    out += '\n';
  }
  out += "\t}\n";
}

}  // namespace

std::string print_nft_table(const NftTable& table) {
  std::string out = fmt::format("table {} {} {{\n", table.family, table.name);
  bool first = true;
  const auto gap = [&] {
    if (!std::exchange(first, false)) out += '\n';
  };
  for (const auto& [name, set] : table.sets) {
    gap();
    append_set(out, name, set);
  }
  for (const auto& [name, chain] : table.chains) {
    gap();
    append_chain(out, name, chain);
  }
  return out + "}\n";
}

std::string print_nft_ruleset(const NftTables& tables) {
  std::string out;
  for (const auto& [key, table] : tables) out += print_nft_table(table);
  return out;
}

namespace {

// Reads the ruleset line by line; one block (set, map or chain) is open at a time.
class RulesetReader {
 public:
  Result<NftTables> read(std::string_view text) {
    for (int number = 1; !text.empty(); ++number) {
      const auto line = take_line(text);
      if (auto ok = take(trim(line)); !ok)
        return invalid(fmt::format("line {}: {}: {}", number, ok.error().message, line));
    }
    if (table_) return invalid("a table is not closed");
    return std::move(tables_);
  }

 private:
  Status take(std::string_view line) {
    if (line.empty() || line[0] == '#') return {};
    if (in_elements_) return take_elements(line);
    if (!table_) return open_table(line);
    if (line == "}") {
      if (set_ && set_->type.empty()) return invalid("a set needs a type");
      if (set_ || chain_) {
        set_ = nullptr;
        chain_ = nullptr;
      } else {
        table_ = nullptr;
      }
      return {};
    }
    if (set_) return take_set_line(line);
    if (chain_) return take_chain_line(line);
    return open_block(line);
  }

  // "{", or "{ # handle 5".
  static bool only_opens(std::string_view rest) {
    return take_word(rest) == "{" && (trim(rest).empty() || trim(rest).starts_with("#"));
  }

  Status open_table(std::string_view line) {
    std::string_view rest = line;
    const auto word = take_word(rest), family = take_word(rest), name = take_word(rest);
    if (word != "table" || name.empty() || !only_opens(rest)) return invalid("not a table");
    table_ = &tables_[{std::string(family), std::string(name)}];
    table_->family = family;
    table_->name = name;
    return {};
  }

  Status open_block(std::string_view line) {
    std::string_view rest = line;
    const auto word = take_word(rest);
    const std::string name(take_word(rest));
    if (!only_opens(rest)) return invalid("a block must open with {, and end the line with it");
    if (word == "chain") {
      chain_ = &table_->chains[name];
    } else if (word == "set" || word == "map") {
      set_ = &table_->sets[name];
      set_->is_map = word == "map";
    } else {
      return invalid("neither set, map nor chain");
    }
    return {};
  }

  Status take_set_line(std::string_view line) {
    constexpr std::string_view elements = "elements = {";
    if (line.starts_with("type ")) {
      set_->type = line.substr(5);
    } else if (line.starts_with("flags ")) {
      for (std::string_view rest = line.substr(6); !rest.empty();) {
        const size_t comma = rest.find(',');
        set_->flags.emplace_back(trim(rest.substr(0, comma)));
        rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
      }
    } else if (line.starts_with(elements)) {
      in_elements_ = true;
      elements_.clear();
      return take_elements(line.substr(elements.size()));
    } else {
      return invalid("a set has type, flags and elements");
    }
    return {};
  }

  Status take_elements(std::string_view line) {
    elements_ += line;
    elements_ += ' ';
    const auto text = trim(elements_);
    if (!text.ends_with('}')) return {};
    in_elements_ = false;
    for (std::string_view rest = trim(text.substr(0, text.size() - 1)); !rest.empty();) {
      const size_t comma = rest.find(',');
      const auto one = trim(rest.substr(0, comma));
      const size_t colon = one.find(" : ");
      if (one.empty()) return invalid("an element is missing");
      set_->elements[std::string(one.substr(0, colon))] =
          colon == std::string_view::npos ? std::string_view{} : one.substr(colon + 3);
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
    return {};
  }

  Status take_chain_line(std::string_view line) {
    if (line.starts_with("type ") && line.find(" hook ") != std::string_view::npos) {
      chain_->hook = line;
      return {};
    }
    NftRule rule;
    if (const size_t handle = line.find(" # handle "); handle != std::string_view::npos) {
      rule.handle = parse_number(line.substr(handle + 10), ~uint64_t{0}).value_or(0);
      line = line.substr(0, handle);
    }
    constexpr std::string_view comment = "comment \"";
    const size_t at = line.rfind(comment);
    if (at != std::string_view::npos && line.ends_with('"') && line.size() > at + comment.size() &&
        (at == 0 || line[at - 1] == ' ')) {
      rule.comment = line.substr(at + comment.size(), line.size() - at - comment.size() - 1);
      line = trim(line.substr(0, at));
    }
    rule.text = line;
    chain_->rules.push_back(std::move(rule));
    return {};
  }

  NftTables tables_;
  NftTable* table_ = nullptr;
  NftSet* set_ = nullptr;
  NftChain* chain_ = nullptr;
  bool in_elements_ = false;
  std::string elements_;
};

}  // namespace

Result<NftTables> parse_nft_ruleset(std::string_view text) { return RulesetReader{}.read(text); }

}  // namespace felixsim
