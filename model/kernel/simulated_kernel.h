// SPDX-License-Identifier: Apache-2.0
// The simulated kernel: takes what a dataplane asks (kernel_op.h), refuses what a real kernel and
// its tools refuse, and keeps the consequences of its own (connected routes, link-local addresses,
// routes that go with their interface). Modelled on Linux 6.1-6.18, iptables 1.8.9, ipset 7.17,
// nftables 1.0.6 and iproute2 6.1. Left out: IPVS, XDP and BPF, network namespaces, qdiscs,
// expiry of anything.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/kernel_op.h"
#include "felixsim/result.h"

namespace felixsim {

struct KernelCore;

// What changed at the interface and routing level, so that a dataplane can react as Felix does to
// netlink notifications. In order; not merged. Look the present state up in state().
struct KernelChange {
  enum class Kind : uint8_t { link, link_removed, address, route };
  Kind kind = Kind::link;
  std::string device;       // may be empty for routes without one
  std::optional<Cidr> dst;  // routes; for addresses the address as a host prefix
  int table = 254;          // routes
  bool operator==(const KernelChange&) const = default;
};

// A workload behind an interface of the host, as host actions tell of it.
struct HostWorkload {
  std::string device;
  std::vector<Ip> addresses;
};

// A namespace as the kernel makes it: lo (down), default sysctls, the three routing rules of IPv4
// and two of IPv6.
KernelState empty_kernel();

class SimulatedKernel final : public Backend {
 public:
  explicit SimulatedKernel(KernelState initial = empty_kernel());
  ~SimulatedKernel() override;
  SimulatedKernel(SimulatedKernel&&) noexcept;
  SimulatedKernel& operator=(SimulatedKernel&&) noexcept;

  // rc 0 or the command's exit code or errno. An unknown command answers rc 127.
  KernelAnswer apply(const KernelOp& op) override;
  const KernelState& state() const override;
  uint64_t links_version() const override;

  // A shell command line of the host: words, quotes, "a && b", "a; b", `sleep N` (does nothing).
  // A command that is not modelled is an Error that names it; a refusal is rc != 0.
  Result<KernelAnswer> exec(std::string_view command_line,
                            const std::function<void()>& after_each = {});

  // What this kernel has not: device kinds and features (KernelState::lacks).
  void set_lacks(std::set<std::string> lacks);
  // Which interface and addresses a workload has, as host actions name it. One interface has one
  // workload; without a device the workload is gone.
  void note_workload(const std::string& pod, HostWorkload workload);
  const std::map<std::string, HostWorkload>& workloads() const;
  std::string workload_interface(const std::string& pod) const;  // empty: none

  // The changes since the last call (or since construction).
  std::vector<KernelChange> take_changes();

 private:
  std::unique_ptr<KernelCore> core_;
};

}  // namespace felixsim
