// SPDX-License-Identifier: Apache-2.0
// The matrix for people, and for tools that draw: by pods and ranges of the world.
#pragma once

#include <string>

#include "sim/report/reach_json.h"

namespace felixsim {

std::string reach_list(const ReachAnswer& answer);   // "a/x -> b/y: tcp/80", a line a pair
std::string reach_csv(const ReachAnswer& answer);    // from,to,connections
std::string reach_table(const ReachAnswer& answer);  // letters, and what they mean
std::string reach_dot(const ReachAnswer& answer);
std::string reach_markdown(const ReachAnswer& answer);  // for a comment on a pull request
// Who reaches the world, whom the world reaches, who is not isolated.
std::string reach_summary(const ReachAnswer& answer);

// What changed from one matrix to another: "+a -> b: tcp/80" and "-a -> b: ...", a changed pair
// is both. The matrices must tell the same headers and ranges of the world apart
// (reach::tell_apart_like).
std::vector<std::string> reach_difference(const reach::Matrix& before, const reach::Matrix& after,
                                          const reach::Focus& focus);
// The same lines as a comment on a pull request.
std::string reach_difference_markdown(const std::vector<std::string>& lines,
                                      const std::vector<std::string>& unusable);

}  // namespace felixsim
