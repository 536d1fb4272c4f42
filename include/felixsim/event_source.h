// SPDX-License-Identifier: Apache-2.0
// The seam between replay/ (logs, captures, scenarios) and sim/ (the engine): events, one at a
// time.
#pragma once

#include <optional>

#include "felixsim/event.h"
#include "felixsim/result.h"

namespace felixsim {

class EventSource {
 public:
  virtual ~EventSource() = default;
  // The next event in order; nothing at the end. After an error the source is spent.
  virtual Result<std::optional<Event>> next() = 0;
};

}  // namespace felixsim
