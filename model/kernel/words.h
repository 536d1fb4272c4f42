// SPDX-License-Identifier: Apache-2.0
// Splitting of lines and words as the netfilter tools and a shell do it, and small numbers.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace felixsim {

// The words of one line. Views point into the line, or into `unescaped` where quotes or escapes had
// to be taken off, so that both must outlive the words. Reuse one object for many lines.
struct Words {
  std::vector<std::string_view> words;
  std::deque<std::string> unescaped;
};

// As iptables-restore 1.8.9 (add_param_to_argv): blanks separate, double quotes group, a backslash
// inside quotes takes the next character as it is; a closing quote ends the word; a single quote is
// an ordinary character. False:
// a quote stays open.
bool split_restore_line(std::string_view line, Words& out);

// As a POSIX shell, as far as host commands need it: blanks, single and double quotes, backslash.
bool split_shell_words(std::string_view line, Words& out);

// Takes the first line off `text` (without its newline).
std::string_view take_line(std::string_view& text);
// Takes the first blank-separated word off `text`; empty at the end.
std::string_view take_word(std::string_view& text);
std::string_view trim(std::string_view text);

// strtoul(base 0): decimal, 0x hexadecimal, leading-0 octal; the whole text; at most `limit`.
std::optional<uint64_t> parse_number(std::string_view text, uint64_t limit);

// A string as xtables_save_string prints it: bare if it is of letters, digits, '_' and '-', else in
// double quotes with ", ' and \ escaped. Appends without a leading blank.
void append_saved_string(std::string& out, std::string_view value);

}  // namespace felixsim
