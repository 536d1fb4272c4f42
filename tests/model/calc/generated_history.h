// SPDX-License-Identifier: Apache-2.0
// Generated lists of datastore updates of every kind that the calc graph reads, for properties:
// call within rc::check.
#pragma once

#include <vector>

#include "felixsim/resource.h"

namespace felixsim::calc {

size_t below(size_t limit);  // a generated number, smaller than the limit

// 5 to 44 puts and deletions over few keys. `overlapping`: network sets contain pods' addresses.
std::vector<Update> generated_history(bool overlapping);

}  // namespace felixsim::calc
