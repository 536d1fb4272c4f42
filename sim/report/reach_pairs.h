// SPDX-License-Identifier: Apache-2.0
// A matrix as lines "srcns/pod dstns/pod" of the pairs that one header reaches.
#pragma once

#include <string>

#include "sim/analysis/reach/classes.h"

namespace felixsim {

// Sorted; a pod to itself is left out, the world too. A pair counts if any of its addresses do.
// Only pairs in focus. `unknown` gets the number of pairs of which the input does not tell.
std::string reach_pairs(const reach::Matrix& matrix, const reach::Header& header,
                        const reach::Focus& focus = {}, size_t* unknown = nullptr);

}  // namespace felixsim
