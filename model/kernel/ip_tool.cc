// SPDX-License-Identifier: Apache-2.0
#include "model/kernel/ip_tool.h"

namespace felixsim {

std::string joined(const Arguments& arguments) {
  std::string out;
  for (size_t i = arguments.at; i < arguments.words.size(); ++i) {
    if (!out.empty()) out += ' ';
    out += arguments.words[i];
  }
  return out;
}

KernelAnswer usage(std::string text) { return {255, std::move(text)}; }

KernelAnswer no_device(std::string_view name) {
  return {1, fmt::format("Cannot find device \"{}\"", name)};
}

KernelAnswer netlink(const KernelAnswer& answer) {
  if (answer.rc == 0) return answer;
  return {2,
          answer.text.starts_with("Error: ") ? answer.text : "RTNETLINK answers: " + answer.text};
}

bool names(std::string_view word, std::string_view object) {
  return !word.empty() && object.substr(0, word.size()) == word;
}

}  // namespace felixsim
