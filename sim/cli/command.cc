// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/command.h"

#include <cstdio>

namespace felixsim::cli {
void print_line(std::string_view line) {
  std::string text;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f)
      text += fmt::format("\\x{:02x}", byte);
    else
      text += c;
  }
  text += '\n';
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

void print_error(const Error& error) {
  print_note("error: {}", error.message);
  if (!error.help.empty()) print_note("  help: {}", error.help);
}

Status print_data(const std::string& text) {
  DataPrinter printer;
  printer.print(text);
  return printer.finish();
}

void DataPrinter::print(std::string_view piece) {
  good_ = good_ && std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size();
}

Status DataPrinter::finish() {
  if (!good_ || std::fflush(stdout) != 0)
    return fail(ErrorCode::io, "cannot write to standard output", "check the disk or the pipe");
  return {};
}

}  // namespace felixsim::cli
