// SPDX-License-Identifier: Apache-2.0
// The real binary, as a person runs it.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace cli_test {

struct Outcome {
  int code = -1;
  std::string text;  // standard output and error
};

// `arguments` as a shell reads them.
inline Outcome felixsim(const std::string& arguments) {
  const std::string command = fmt::format("{} {} 2>&1", FELIXSIM_BINARY, arguments);
  std::FILE* pipe = popen(command.c_str(), "r");
  Outcome outcome;
  std::array<char, 4096> buffer{};
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    outcome.text.append(buffer.data(), got);
  const int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

}  // namespace cli_test
