// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/sysctls.h"

#include <fmt/format.h>

namespace felixsim {

void configure_host(Backend& backend, bool ip_forwarding, bool ipv6_enabled) {
  if (ip_forwarding) {
    backend.apply(SysctlOp{"net.ipv4.ip_forward", "1"});
    if (ipv6_enabled) backend.apply(SysctlOp{"net.ipv6.conf.all.forwarding", "1"});
  }
  backend.apply(SysctlOp{"net.netfilter.nf_conntrack_acct", "1"});
}

bool set_threads(Backend& backend, const std::string& device, bool threaded) {
  const std::string file = fmt::format("/sys/class/net/{}/threaded", device);
  return backend.apply(SysctlOp{file, threaded ? "1" : "0"}).rc == 0;
}

std::string default_rp_filter(const KernelState& kernel) {
  auto it = kernel.sysctls.find("net.ipv4.conf.default.rp_filter");
  return it == kernel.sysctls.end() ? "1" : it->second;
}

bool configure_workload_interface(Backend& backend, IpFamily family, const std::string& name,
                                  const std::string& rp_filter) {
  auto set = [&](std::string_view format, const std::string& value) {
    std::string key = fmt::format(fmt::runtime(format), name);
    return backend.apply(SysctlOp{std::move(key), value}).rc == 0;
  };
  // For safety even without IPv6 support; whether it works does not matter.
  set("net.ipv6.conf.{}.accept_ra", "0");
  if (family == IpFamily::v6) {
    return set("net.ipv6.conf.{}.proxy_ndp", "1") && set("net.ipv6.conf.{}.forwarding", "1");
  }
  if (!set("net.ipv4.conf.{}.route_localnet", "1")) return false;
  set("net.ipv4.neigh.{}.proxy_delay", "0");  // a failure is only logged
  return set("net.ipv4.conf.{}.proxy_arp", "1") && set("net.ipv4.conf.{}.forwarding", "1") &&
         set("net.ipv4.conf.{}.rp_filter", rp_filter);
}

}  // namespace felixsim
