// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/sysctls.h"

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
  auto set = [&](std::string_view before, std::string_view after, const std::string& value) {
    std::string key(before);
    key.append(name).append(after);
    return backend.apply(SysctlOp{std::move(key), value}).rc == 0;
  };
  constexpr std::string_view v4 = "net.ipv4.conf.", v6 = "net.ipv6.conf.";
  // For safety even without IPv6 support; whether it works does not matter.
  set(v6, ".accept_ra", "0");
  if (family == IpFamily::v6) return set(v6, ".proxy_ndp", "1") && set(v6, ".forwarding", "1");
  if (!set(v4, ".route_localnet", "1")) return false;
  set("net.ipv4.neigh.", ".proxy_delay", "0");  // a failure is only logged
  return set(v4, ".proxy_arp", "1") && set(v4, ".forwarding", "1") &&
         set(v4, ".rp_filter", rp_filter);
}

}  // namespace felixsim
