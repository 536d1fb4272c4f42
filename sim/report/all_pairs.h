// SPDX-License-Identifier: Apache-2.0
// Explanations of every pair, also such that nothing passes between. Millions of them: they are
// handed over in pieces, and no more than one sender's are in memory at once.
#pragma once

#include <functional>
#include <string_view>

#include "sim/analysis/reach/matrix.h"

namespace felixsim {

using TextSink = std::function<void(std::string_view piece)>;

// A pair a line, with numbers of explanations that follow as a legend.
void all_pairs_text(const reach::Matrix& matrix, const TextSink& sink);
// Rows of [to, connection, egress, ingress] for each sender, numbers in the lists beside them.
void all_pairs_json(const reach::Matrix& matrix, const TextSink& sink);

}  // namespace felixsim
