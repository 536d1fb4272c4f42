// SPDX-License-Identifier: Apache-2.0
// What the commands of iproute2 have in common, and those of its objects that have files of their
// own.
#pragma once

#include "model/kernel/kernel_core.h"

namespace felixsim {

// The words of a command from `at` on.
struct Arguments {
  const CommandWords& words;
  size_t at = 0;
  bool done() const { return at >= words.size(); }
  std::string_view next() { return done() ? std::string_view{} : words[at++]; }
};

// The words that are left, with blanks between.
std::string joined(const Arguments& arguments);

// The tool refuses the words.
KernelAnswer usage(std::string text);
KernelAnswer no_device(std::string_view name);
// The kernel's answer as `ip` tells it.
KernelAnswer netlink(const KernelAnswer& answer);
// "route", "r", "ro" ... all name the object.
bool names(std::string_view word, std::string_view object);

// `family` is unset where no -4 or -6 says it.
KernelAnswer run_ip_route(KernelCore& core, std::optional<IpFamily> family, std::string_view verb,
                          const Arguments& arguments);
KernelAnswer run_ip_rule(KernelCore& core, std::optional<IpFamily> family, std::string_view verb,
                         const Arguments& arguments);

}  // namespace felixsim
