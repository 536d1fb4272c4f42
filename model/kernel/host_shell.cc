// SPDX-License-Identifier: Apache-2.0
// See host_shell.h. Mirrors dash, the sh of Debian, as described in its manual page: quoting,
// lists, redirection, the built-in echo and printf. Left out: variables, substitution, globs,
// loops, functions, files.
#include "model/kernel/host_shell.h"

#include <algorithm>

namespace felixsim {
namespace {

tl::unexpected<Error> not_modelled(std::string_view what, std::string_view line) {
  return fail(ErrorCode::unsupported,
              fmt::format("exec: '{}' of the shell is not modelled: {}", what, line),
              "write plain commands, joined by && or ;");
}

// A word, or an operator of the shell.
struct Token {
  std::string text;
  bool is_operator = false;
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

class Lexer {
 public:
  explicit Lexer(std::string_view line) : line_(line) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    while (at_ < line_.size()) {
      const char c = line_[at_];
      if (is_blank(c)) {
        ++at_;
      } else if (c == '#') {
        at_ = std::min(line_.find('\n', at_), line_.size());
      } else if (const auto op = take_operator(); !op.empty()) {
        tokens.push_back({op, true});
      } else {
        auto word = take_word();
        if (!word) return forward(word);
        tokens.push_back({std::move(*word), false});
      }
    }
    return tokens;
  }

 private:
  std::string take_operator() {
    for (const std::string_view op : {"2>&1", "2>/dev/null", "&>/dev/null", ">/dev/null", "&&",
                                      "||", ";", "\n", "|", "2>", ">", "<", "&", "(", ")"})
      if (line_.substr(at_).starts_with(op)) {
        at_ += op.size();
        return op == "\n" ? ";" : std::string(op);
      }
    return {};
  }

  bool word_ends(char c) const {
    return is_blank(c) || std::string_view(";\n|&<>()").find(c) != std::string_view::npos;
  }

  Result<std::string> take_word() {
    std::string word;
    char open = 0;
    for (; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      if (open == 0 && word_ends(c)) return word;
      if ((c == '$' || c == '`') && open != '\'') return not_modelled({&c, 1}, line_);
      if (c == '\\' && open != '\'' && at_ + 1 < line_.size())
        take_escaped(open == '"', word);
      else if (open != 0 && c == open)
        open = 0;
      else if (open == 0 && (c == '"' || c == '\''))
        open = c;
      else
        word += c;
    }
    if (open != 0) return invalid(fmt::format("exec: unbalanced quotes: {}", line_));
    return word;
  }

  // In double quotes a backslash is one, but before what it can escape there.
  void take_escaped(bool quoted, std::string& word) {
    const char next = line_[++at_];
    if (quoted && std::string_view("\"\\$`\n").find(next) == std::string_view::npos) word += '\\';
    if (next != '\n') word += next;
  }

  std::string_view line_;
  size_t at_ = 0;
};

std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'n')
      out += '\n';
    else if (c == 't')
      out += '\t';
    else if (c == '\\')
      out += '\\';
    else
      out += std::string("\\") + c;
  }
  return out;
}

// printf's format again and again, until it has taken every argument.
std::string print_formatted(const std::vector<std::string>& words) {
  if (words.size() < 2) return {};
  const std::string format = unescape(words[1]);
  std::string out;
  size_t next = 2;
  do {
    const size_t before = next;
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] == '%' && i + 1 < format.size()) {
        const char kind = format[++i];
        if (kind == '%')
          out += '%';
        else if (next < words.size())
          out += words[next++];
      } else {
        out += format[i];
      }
    }
    if (next == before) break;
  } while (next < words.size());
  return out;
}

// What the command writes to a pipe; nothing: not known.
std::optional<std::string> output_of(const std::vector<std::string>& words) {
  if (words[0] == "printf") return print_formatted(words);
  if (words[0] != "echo") return std::nullopt;
  std::string out;
  const bool no_newline = words.size() > 1 && words[1] == "-n";
  for (size_t i = no_newline ? 2 : 1; i < words.size(); ++i)
    out += (i > (no_newline ? 2u : 1u) ? " " : "") + unescape(words[i]);
  return no_newline ? out : out + "\n";
}

bool discards_output(const std::string& op) { return op.ends_with(">/dev/null") || op == "2>&1"; }

}  // namespace

Result<std::vector<ShellCommand>> parse_shell(std::string_view line) {
  auto tokens = Lexer(line).run();
  if (!tokens) return forward(tokens);
  std::vector<ShellCommand> commands;
  ShellCommand current;
  const auto finish = [&](ShellCommand::After after) {
    if (!current.words.empty()) commands.push_back(std::move(current));
    current = ShellCommand{after, {}, {}};
  };
  for (size_t i = 0; i < tokens->size(); ++i) {
    const auto& [text, is_operator] = (*tokens)[i];
    const bool has_next = i + 1 < tokens->size();
    if (!is_operator) {
      current.words.push_back(text);
    } else if (text == ";") {
      finish(ShellCommand::After::any);
    } else if (text == "&&") {
      finish(ShellCommand::After::success);
    } else if (text == "||") {
      finish(ShellCommand::After::failure);
    } else if (text == "|") {
      auto output = current.words.empty() ? std::nullopt : output_of(current.words);
      if (!output) return not_modelled(text, line);
      current.words.clear();
      current.input = std::move(*output);
    } else if ((text == ">" || text == "2>") && has_next && (*tokens)[i + 1].text == "/dev/null") {
      ++i;
    } else if (!discards_output(text)) {
      return not_modelled(text, line);
    }
  }
  finish(ShellCommand::After::any);
  return commands;
}

}  // namespace felixsim
