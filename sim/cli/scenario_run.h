// SPDX-License-Identifier: Apache-2.0
// Runs one scenario file through the engine and checks its expectations.
#pragma once

#include <string>

#include "felixsim/felix_version.h"
#include "sim/report/junit.h"

namespace felixsim::cli {

// One case per step. A file that cannot be read or carried out has `error` set, with place and fix.
TestSuite run_scenario(const std::string& path, FelixVersion version);

}  // namespace felixsim::cli
