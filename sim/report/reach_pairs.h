// SPDX-License-Identifier: Apache-2.0
// A matrix as lines "srcns/pod dstns/pod" of the pairs that one header reaches.
#pragma once

#include <string>

#include "sim/analysis/reach/matrix.h"

namespace felixsim {

// Sorted; a pod to itself is left out, the world too. A pair counts if any of its addresses do.
// `unknown` gets the number of pairs of which the input does not tell.
std::string reach_pairs(const reach::Matrix& matrix, const reach::Header& header,
                        size_t* unknown = nullptr);

}  // namespace felixsim
