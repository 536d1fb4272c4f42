// SPDX-License-Identifier: Apache-2.0
#include "model/kernel/kernel_error.h"

#include <fmt/core.h>

namespace felixsim {

KernelAnswer kernel_error(int code) {
  static constexpr std::pair<int, std::string_view> texts[] = {
      {EEXIST, "File exists"},
      {EBUSY, "Device or resource busy"},
      {EMLINK, "Too many links"},
      {ESRCH, "No such process"},
      {ENODEV, "No such device"},
      {ENETDOWN, "Network is down"},
      {ENETUNREACH, "Network is unreachable"},
      {EHOSTUNREACH, "No route to host"},
      {EINVAL, "Invalid argument"},
      {EACCES, "Permission denied"},
      {EOPNOTSUPP, "Operation not supported"},
      {ENOENT, "No such file or directory"},
      {EADDRNOTAVAIL, "Cannot assign requested address"},
      {ERANGE, "Numerical result out of range"}};
  for (const auto& [number, text] : texts)
    if (number == code) return {code, std::string(text)};
  return {code, fmt::format("error {}", code)};
}

KernelAnswer kernel_error(int code, std::string_view words) {
  return {code, fmt::format("Error: {}.", words)};
}

}  // namespace felixsim
