// SPDX-License-Identifier: Apache-2.0
// See sysctl_text.h.
#include "model/kernel/sysctl_text.h"

#include <set>

#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr std::pair<std::string_view, std::string_view> interface_sysctls[] = {
    {"net.ipv4.conf.", ".rp_filter"},    {"net.ipv4.conf.", ".proxy_arp"},
    {"net.ipv4.conf.", ".forwarding"},   {"net.ipv4.conf.", ".route_localnet"},
    {"net.ipv4.conf.", ".accept_local"}, {"net.ipv4.neigh.", ".proxy_delay"},
    {"net.ipv6.conf.", ".proxy_ndp"},    {"net.ipv6.conf.", ".forwarding"},
    {"net.ipv6.conf.", ".accept_ra"}};

}  // namespace

std::string print_sysctls(const std::map<std::string, std::string>& sysctls) {
  std::string out;
  for (const auto& [name, value] : sysctls) out += fmt::format("{} = {}\n", name, value);
  return out;
}

Result<std::map<std::string, std::string>> parse_sysctls(std::string_view text) {
  std::map<std::string, std::string> sysctls;
  for (int number = 1; !text.empty(); ++number) {
    const auto line = take_line(text);
    if (trim(line).empty() || line[0] == '#') continue;
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos)
      return invalid(fmt::format("line {}: a sysctl needs '=': {}", number, line));
    sysctls[std::string(trim(line.substr(0, equals)))] = trim(line.substr(equals + 1));
  }
  return sysctls;
}

std::string print_interface_sysctls(const std::map<std::string, std::string>& sysctls) {
  constexpr std::string_view prefix = "net.ipv4.conf.", suffix = ".rp_filter";
  std::set<std::string> devices;
  for (auto it = sysctls.lower_bound(std::string(prefix));
       it != sysctls.end() && it->first.starts_with(prefix); ++it)
    if (it->first.ends_with(suffix))
      devices.insert(
          it->first.substr(prefix.size(), it->first.size() - prefix.size() - suffix.size()));
  std::vector<std::string> ordered(devices.begin(), devices.end());
  std::string out;
  for (const auto& device : ordered)
    for (const auto& [before, after] : interface_sysctls) {
      const std::string name = fmt::format("{}{}{}", before, device, after);
      const auto found = sysctls.find(name);
      out += fmt::format("{} = {}\n", name, found == sysctls.end() ? "" : found->second);
    }
  return out;
}

}  // namespace felixsim
