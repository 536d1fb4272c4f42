// SPDX-License-Identifier: Apache-2.0
#include "felixsim/near_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace felixsim {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return result;
}

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

std::string nearest_name(std::string_view word, std::span<const std::string_view> known) {
  constexpr size_t longest_word = 64;  // longer ones are no typing errors
  if (word.empty() || word.size() > longest_word) return {};
  const std::string wanted = lower(word);
  size_t best = 3;
  std::string_view result;
  for (const auto candidate : known) {
    const std::string name = lower(candidate);
    const bool qualified = name.ends_with("/" + wanted);
    const size_t length = std::max(name.size(), wanted.size());
    const bool hopeless = length - std::min(name.size(), wanted.size()) >= best;
    if (hopeless && !qualified) continue;
    const size_t far = qualified ? 0 : edit_distance(wanted, name);
    if (far < best && far < candidate.size()) {
      best = far;
      result = candidate;
    }
  }
  return std::string(result);
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const std::string near = nearest_name(word, known);
  return near.empty() ? near : fmt::format("did you mean '{}'? ", near);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  return did_you_mean(word, views);
}

std::string use_one_of(std::string_view word, std::span<const std::string_view> known) {
  return fmt::format("{}use one of {}", did_you_mean(word, known), fmt::join(known, ", "));
}

}  // namespace felixsim
