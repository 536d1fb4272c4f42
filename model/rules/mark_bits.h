// SPDX-License-Identifier: Apache-2.0
// The marks that rules use are those that configuration allocates.
#pragma once

#include "model/config/marks.h"

namespace felixsim::rules {

using felixsim::MarkBits;

}  // namespace felixsim::rules
