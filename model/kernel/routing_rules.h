// SPDX-License-Identifier: Apache-2.0
// The list of routing rules: where a rule comes in, and which one goes.
#pragma once

#include "model/kernel/kernel_core.h"
#include "model/kernel/route_text.h"

namespace felixsim {

// Behind the others of its priority, which the kernel chooses if none is named.
KernelAnswer add_rule(KernelCore& core, const RuleWords& named);
// The first rule that has what is named; whether a rule is inverted cannot be asked for.
KernelAnswer delete_rule(KernelCore& core, const RuleWords& named);
// All of a family but those of priority 0, as `ip rule flush` does.
void flush_rules(KernelCore& core, IpFamily family);

}  // namespace felixsim
