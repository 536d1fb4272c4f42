// SPDX-License-Identifier: Apache-2.0
// A packet's way as text: one line a step in the manner of iptables' TRACE, or a sentence a step.
#pragma once

#include <string>

#include "sim/analysis/probe.h"

namespace felixsim {

enum class TraceDetail : uint8_t {
  brief,     // verdict and what decided
  rules,     // and every rule that matched
  explained  // and a sentence on each hook and jump
};

std::string trace_text(const ProbeRequest& request, const ProbeAnswer& answer, TraceDetail detail);

// Of one request: {"probe", "verdict", "receiver", "seen_source", "reason", "decisions", "steps"}.
std::string trace_json(const ProbeRequest& request, const ProbeAnswer& answer, int schema);

std::string_view verdict_word(walk::Verdict verdict);

}  // namespace felixsim
