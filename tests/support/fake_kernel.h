// SPDX-License-Identifier: Apache-2.0
// A backend for tests of the dataplane alone: keeps every operation, and follows just enough of
// them that the dataplane can read its own work back. Rules stay in the words in which they were
// written.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "felixsim/kernel_op.h"

namespace felixsim::testing {

class FakeKernel final : public Backend {
 public:
  KernelAnswer apply(const KernelOp& op) override;
  const KernelState& state() const override { return kernel; }

  void add_link(const std::string& name, const std::string& address = "");
  void remove_link(const std::string& name);
  // Inputs of the commands that begin so, since the last forget().
  std::vector<std::string> inputs(const std::string& command) const;
  void forget() { ops.clear(); }

  KernelState kernel;
  std::vector<KernelOp> ops;
  std::function<bool(const KernelOp&)> refuses;  // true: the operation fails

 private:
  void restore_iptables(const CommandOp& op);
  void restore_ipsets(const std::string& input);
  void load_nft(const std::string& input);
  int next_index_ = 2;
};

}  // namespace felixsim::testing
