// SPDX-License-Identifier: Apache-2.0
// The files of sim/report/html, as the build has put them into the program.
#pragma once

#include <string_view>

namespace felixsim::html_assets {

extern const std::string_view page, style, script;

}  // namespace felixsim::html_assets
