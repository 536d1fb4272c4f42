// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/command.h"

#include <cerrno>
#include <csignal>
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

Error output_error(int number) {
  if (number == EPIPE) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  return {ErrorCode::io, "cannot write to standard output", "check the disk or the pipe"};
}

void DataPrinter::print(std::string_view piece) {
  if (error_ != 0 || piece.empty()) return;
  errno = 0;
  if (std::fwrite(piece.data(), 1, piece.size(), stdout) != piece.size())
    error_ = errno != 0 ? errno : EIO;
}

Status DataPrinter::finish() {
  errno = 0;
  if (error_ == 0 && std::fflush(stdout) != 0) error_ = errno != 0 ? errno : EIO;
  if (error_ != 0) return tl::unexpected(output_error(error_));
  return {};
}

}  // namespace felixsim::cli
