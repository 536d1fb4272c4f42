// SPDX-License-Identifier: Apache-2.0
// See words.h. Mirrors xshared.c add_param_to_argv and xtables.c xtables_save_string of iptables
// 1.8.9.
#include "model/kernel/words.h"

#include <charconv>

namespace felixsim {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// How a tool quotes words: with which characters, whether a backslash escapes outside quotes too,
// and whether a closing quote ends the word.
struct Quoting {
  std::string_view quotes;
  bool escape_outside;
  bool quote_ends_word;
};

// One word from `line` at `i`.
bool take_quoted(std::string_view line, size_t& i, const Quoting& quoting, std::string& word) {
  char open = 0;
  for (; i < line.size(); ++i) {
    const char c = line[i];
    if (open == 0 && is_blank(c)) return true;
    if (c == '\\' && i + 1 < line.size() &&
        (open == '"' || (open == 0 && quoting.escape_outside))) {
      word += line[++i];
    } else if (open != 0 && c == open) {
      open = 0;
      if (quoting.quote_ends_word) {
        ++i;
        return true;
      }
    } else if (open == 0 && quoting.quotes.find(c) != std::string_view::npos) {
      open = c;
    } else {
      word += c;
    }
  }
  return open == 0;
}

bool split(std::string_view line, const Quoting& quoting, Words& out) {
  out.words.clear();
  out.unescaped.clear();
  for (size_t i = 0; i < line.size();) {
    if (is_blank(line[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < line.size() && !is_blank(line[end]) &&
           quoting.quotes.find(line[end]) == std::string_view::npos &&
           !(quoting.escape_outside && line[end] == '\\'))
      ++end;
    // The usual quoted word has its quotes at both ends and no escapes: no copy is needed.
    if (end == i && line[i] == '"') {
      const size_t close = line.find_first_of("\"\\", i + 1);
      if (close != std::string_view::npos && line[close] == '"' &&
          (close + 1 == line.size() || is_blank(line[close + 1]) || quoting.quote_ends_word)) {
        out.words.push_back(line.substr(i + 1, close - i - 1));
        i = close + 1;
        continue;
      }
    }
    if (end == line.size() || is_blank(line[end])) {
      out.words.push_back(line.substr(i, end - i));
      i = end;
      continue;
    }
    std::string word;
    if (!take_quoted(line, i, quoting, word)) return false;
    out.words.push_back(out.unescaped.emplace_back(std::move(word)));
  }
  return true;
}

}  // namespace

bool split_restore_line(std::string_view line, Words& out) {
  return split(line, {"\"", false, true}, out);
}

bool split_shell_words(std::string_view line, Words& out) {
  return split(line, {"\"'", true, false}, out);
}

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const auto line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return line;
}

std::string_view take_word(std::string_view& text) {
  size_t start = 0;
  while (start < text.size() && is_blank(text[start])) ++start;
  size_t end = start;
  while (end < text.size() && !is_blank(text[end])) ++end;
  const auto word = text.substr(start, end - start);
  text = text.substr(end);
  return word;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<uint64_t> parse_number(std::string_view text, uint64_t limit) {
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty() || value > limit)
    return std::nullopt;
  return value;
}

void append_saved_string(std::string& out, std::string_view value) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_bare)) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '"' || c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace felixsim
