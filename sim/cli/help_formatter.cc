// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/help_formatter.h"

#include <sstream>

namespace felixsim::cli {

std::string HelpFormatter::broken(const std::string& text) const {
  constexpr size_t columns = 79;
  std::istringstream words(text);
  std::string out, word;
  size_t used = 0;
  while (words >> word) {
    const bool fits = get_column_width() + used + 1 + word.size() <= columns;
    if (used > 0) out += fits ? ' ' : '\n';
    used = fits && used > 0 ? used + 1 + word.size() : word.size();
    out += word;
  }
  return out;
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return broken(option->get_description());
}

std::string HelpFormatter::make_subcommand(const CLI::App* verb) const {
  std::ostringstream out;
  CLI::detail::format_help(out, verb->get_name(), broken(verb->get_description()),
                           get_column_width());
  return out.str();
}

}  // namespace felixsim::cli
