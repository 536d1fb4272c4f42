// SPDX-License-Identifier: Apache-2.0
// What happens to a host from outside Felix, as JSON text: facts about its interfaces, workloads
// that a CNI plugin plugs and unplugs, commands that others run.
#pragma once

#include <string>
#include <string_view>

#include "felixsim/result.h"
#include "model/kernel/simulated_kernel.h"

namespace felixsim {

// Does one action:
//   {"facts": {"interfaces": [{"name", "kind", "mac", "mtu", "up", "addresses": []}],
//              "routes": [text as of `ip route`], "sysctls": {}, "kernel": {"lacks": []}}}
//   {"workload": {"pod", "iface", "ips": []}}   {"remove-workload": {"pod"}} or {"iface"}
//   {"exec": "shell command line"}
// Facts are changes: what is not named stays. An action that is none of these (a process action
// such as {"felix": "stop"}) answers false and changes nothing. Errors name the field.
// `after_each` runs after each command of a command line.
Result<bool> apply_host_action(SimulatedKernel& kernel, std::string_view json,
                               const std::function<void()>& after_each = {});

}  // namespace felixsim
