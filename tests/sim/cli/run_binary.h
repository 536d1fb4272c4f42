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

inline Outcome shell(const std::string& command) {
  const std::string line = command + " 2>&1";
  std::FILE* pipe = popen(line.c_str(), "r");
  Outcome outcome;
  std::array<char, 4096> buffer{};
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    outcome.text.append(buffer.data(), got);
  const int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

// `arguments` as a shell reads them.
inline Outcome felixsim(const std::string& arguments) {
  return shell(fmt::format("{} {}", FELIXSIM_BINARY, arguments));
}

}  // namespace cli_test
