// SPDX-License-Identifier: Apache-2.0
// What a mistyped name may have meant: for the help of errors.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace felixsim {

// Levenshtein distance. O(length of a × length of b).
size_t edit_distance(std::string_view a, std::string_view b);

// The name of `known` that is nearest to `word`, if it is near at all; empty otherwise. Upper and
// lower case are one; a name without its namespace is near the name with it.
std::string nearest_name(std::string_view word, std::span<const std::string_view> known);

// "did you mean 'web'? ", with a blank behind it; empty where nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

// "use one of A, B, C", behind what was perhaps meant.
std::string use_one_of(std::string_view word, std::span<const std::string_view> known);

}  // namespace felixsim
