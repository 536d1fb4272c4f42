// SPDX-License-Identifier: Apache-2.0
// felix.cfg and the environment. Mirrors felix/config/file_loader.go and env_var_loader.go, and
// github.com/go-ini/ini v1.67 with its default options, which reads the file. Left out: byte order
// marks of UTF-16 are skipped, but such a file is not decoded (the library does not either).
#include "model/config/config.h"
#include "model/config/go_text.h"

namespace felixsim {
namespace {

constexpr std::string_view quote3 = "\"\"\"";

class IniReader {
 public:
  explicit IniReader(std::string_view text) : rest_(text) { skip_byte_order_mark(); }

  Result<StringMap> read() {
    select_section("DEFAULT");
    while (!at_end_) {
      ++line_number_;
      auto line = trim_left(next_line());
      if (line.empty() || line[0] == '#' || line[0] == ';') continue;
      const Status done = line[0] == '[' ? read_section(line) : read_key(line);
      if (!done)
        return fail(done.error().code,
                    fmt::format("felix.cfg:{}: {}", line_number_, done.error().message),
                    done.error().help);
    }
    StringMap merged;
    for (const auto& section : sections_)
      for (const auto& [key, value] : section.keys) merged[key] = value;
    return merged;
  }

 private:
  struct Section {
    std::string name;
    StringMap keys;
  };

  static std::string_view trim_left(std::string_view text) {
    const auto trimmed = go::trim_space(text);
    if (trimmed.empty()) return {};
    return text.substr(static_cast<size_t>(trimmed.data() - text.data()));
  }

  void skip_byte_order_mark() {
    if (rest_.substr(0, 2) == "\xFE\xFF" || rest_.substr(0, 2) == "\xFF\xFE")
      rest_.remove_prefix(2);
    else if (rest_.substr(0, 3) == "\xEF\xBB\xBF")
      rest_.remove_prefix(3);
  }

  // Up to and with the next newline; the last call is the one that finds none.
  std::string_view next_line() {
    const size_t end = rest_.find('\n');
    at_end_ = end == std::string_view::npos;
    const auto line = at_end_ ? rest_ : rest_.substr(0, end + 1);
    rest_.remove_prefix(line.size());
    return line;
  }

  void select_section(std::string_view name) {
    for (current_ = 0; current_ < sections_.size(); ++current_)
      if (sections_[current_].name == name) return;
    sections_.push_back({std::string(name), {}});
  }

  Status read_section(std::string_view line) {
    const size_t close = line.rfind(']');
    if (close == std::string_view::npos) return invalid("unclosed section", "end it with ]");
    if (close == 1) return invalid("empty section name", "write [global]");
    select_section(line.substr(1, close - 1));
    anonymous_ = 1;
    return {};
  }

  Status read_key(std::string_view line) {
    size_t value_at = 0;
    std::string name;
    if (auto ok = read_name(line, name, value_at); !ok) return ok;
    if (name == "-") name = fmt::format("#{}", anonymous_++);
    auto value = read_value(line.substr(std::min(value_at, line.size())));
    if (!value) return forward(value);
    if (name.empty()) return invalid("empty parameter name", "write NAME = VALUE");
    sections_[current_].keys[name] = *value;
    return {};
  }

  static Status read_name(std::string_view line, std::string& name, size_t& value_at) {
    std::string_view quote;
    if (line[0] == '"') quote = line.size() > 6 && line.substr(0, 3) == quote3 ? quote3 : "\"";
    if (line[0] == '`') quote = "`";
    const size_t start = quote.size();
    size_t name_end = 0, search = 0;
    if (!quote.empty()) {
      name_end = line.find(quote, start);
      if (name_end == std::string_view::npos) return invalid("missing closing quote of a name");
      search = std::min(name_end + start, line.size());
    }
    const size_t delimiter = line.find_first_of("=:", search);
    if (delimiter == std::string_view::npos)
      return invalid("no '=' in a parameter's line", "write NAME = VALUE");
    if (quote.empty()) {
      name_end = delimiter;
      if (delimiter == 0) return invalid("empty parameter name", "write NAME = VALUE");
    }
    name = go::trim_space(line.substr(start, name_end - start));
    value_at = delimiter + 1;
    return {};
  }

  Result<std::string> read_value(std::string_view text) {
    std::string_view line = trim_left(text);
    if (line.empty()) return std::string();
    std::string_view quote;
    if (line.size() > 3 && line.substr(0, 3) == quote3)
      quote = quote3;
    else if (line[0] == '`')
      quote = "`";
    if (!quote.empty()) {
      line.remove_prefix(quote.size());
      const size_t end = line.rfind(quote);
      if (end != std::string_view::npos) return std::string(line.substr(0, end));
      return read_until_quote(std::string(line), quote);
    }
    line = go::trim_space(line);
    if (line.back() == '\\') return read_continuation(std::string(line.substr(0, line.size() - 1)));
    if (const size_t comment = line.find_first_of("#;"); comment != std::string_view::npos)
      line = go::trim_space(line.substr(0, comment));
    for (const char c : {'\'', '"'})
      if (line.size() >= 2 && line[0] == c && line.find(c, 1) == line.size() - 1)
        return std::string(line.substr(1, line.size() - 2));
    return std::string(line);
  }

  Result<std::string> read_until_quote(std::string value, std::string_view quote) {
    for (;;) {
      const auto line = next_line();
      const size_t end = line.rfind(quote);
      if (end != std::string_view::npos) return value.append(line.substr(0, end));
      value.append(line);
      if (at_end_) return invalid("missing closing quote of a value", "close the quote");
    }
  }

  std::string read_continuation(std::string value) {
    for (;;) {
      const auto line = go::trim_space(next_line());
      if (line.empty()) return value;
      value.append(line);
      if (value.back() != '\\') return value;
      value.pop_back();
    }
  }

  std::string_view rest_;
  bool at_end_ = false;
  int line_number_ = 0, anonymous_ = 1;
  std::vector<Section> sections_;  // in order of the text; a name that comes again continues
  size_t current_ = 0;
};

}  // namespace

Result<StringMap> load_config_file(std::string_view text) { return IniReader(text).read(); }

StringMap config_from_environment(
    const std::vector<std::pair<std::string, std::string>>& environment) {
  constexpr std::string_view prefix = "felix_";
  StringMap result;
  for (const auto& [name, value] : environment) {
    const std::string key = go::lower(name);
    if (key.compare(0, prefix.size(), prefix) == 0) result[key.substr(prefix.size())] = value;
  }
  return result;
}

StringMap config_from_environment(const std::vector<std::string>& entries) {
  std::vector<std::pair<std::string, std::string>> environment;
  for (const std::string& entry : entries) {
    const size_t equals = entry.find('=');
    if (equals != std::string::npos)
      environment.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return config_from_environment(environment);
}

}  // namespace felixsim
