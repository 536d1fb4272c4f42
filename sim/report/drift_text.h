// SPDX-License-Identifier: Apache-2.0
// Drifts of a node as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "sim/analysis/verify/drift.h"

namespace felixsim {

// What stands around the drifts.
struct DriftReport {
  std::string node, against, felix;  // felix: the state of the predicted one
  std::vector<std::string> assumed;
  std::vector<CapturedFile> compared;
  std::vector<std::string> unread, missing_parts;  // files; parts that no file shows
  std::vector<Drift> drifts;
};

// The parts that a capture could have, and this one has not.
std::vector<std::string> parts_not_captured(const NodeCapture& capture,
                                            const KernelState& predicted);

// A paragraph for each drift: where and what, "-" lines that are predicted only, "+" lines that are
// captured only, the likely cause. The last line counts them and says what was compared.
std::string drift_text(const DriftReport& report);
std::string drift_json(const DriftReport& report, int schema);

}  // namespace felixsim
