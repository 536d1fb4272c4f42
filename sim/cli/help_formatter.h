// SPDX-License-Identifier: Apache-2.0
// Help that fits 79 columns: descriptions are broken between words.
#pragma once

#include <CLI/CLI.hpp>

namespace felixsim::cli {

class HelpFormatter final : public CLI::Formatter {
 public:
  explicit HelpFormatter(size_t column) { column_width(column); }  // where descriptions begin
  std::string make_option_desc(const CLI::Option* option) const override;
  std::string make_subcommand(const CLI::App* verb) const override;

 private:
  std::string broken(const std::string& text) const;
};

}  // namespace felixsim::cli
