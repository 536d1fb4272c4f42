// SPDX-License-Identifier: Apache-2.0
#include "sim/report/text_history.h"

#include <algorithm>
#include <span>

namespace felixsim {
namespace {

using Lines = std::span<const uint32_t>;

// Pairs of places of lines that are in both texts exactly once, in the longest order common to
// both.
std::vector<std::pair<size_t, size_t>> anchors(Lines before, Lines after) {
  struct Places {
    size_t before = 0, after = 0, count_before = 0, count_after = 0;
  };
  std::map<uint32_t, Places> places;
  for (size_t i = 0; i < before.size(); ++i) {
    auto& place = places[before[i]];
    place.before = i;
    ++place.count_before;
  }
  for (size_t i = 0; i < after.size(); ++i) {
    auto& place = places[after[i]];
    place.after = i;
    ++place.count_after;
  }
  std::vector<std::pair<size_t, size_t>> unique;
  for (const auto& [line, place] : places)
    if (place.count_before == 1 && place.count_after == 1)
      unique.emplace_back(place.before, place.after);
  std::sort(unique.begin(), unique.end());
  // Longest increasing subsequence of the second places.
  std::vector<size_t> tails, previous(unique.size(), unique.size());
  for (size_t i = 0; i < unique.size(); ++i) {
    const auto at =
        std::lower_bound(tails.begin(), tails.end(), unique[i].second,
                         [&](size_t tail, size_t wanted) { return unique[tail].second < wanted; });
    if (at != tails.begin()) previous[i] = *(at - 1);
    if (at == tails.end())
      tails.push_back(i);
    else
      *at = i;
  }
  std::vector<std::pair<size_t, size_t>> chosen;
  if (!tails.empty())
    for (size_t i = tails.back(); i < unique.size(); i = previous[i]) chosen.push_back(unique[i]);
  std::reverse(chosen.begin(), chosen.end());
  return chosen;
}

void collect(Lines before, Lines after, size_t offset, std::vector<Splice>& out) {
  size_t head = 0;
  while (head < before.size() && head < after.size() && before[head] == after[head]) ++head;
  before = before.subspan(head), after = after.subspan(head), offset += head;
  while (!before.empty() && !after.empty() && before.back() == after.back())
    before = before.first(before.size() - 1), after = after.first(after.size() - 1);
  if (before.empty() && after.empty()) return;
  const auto common = before.empty() || after.empty() ? std::vector<std::pair<size_t, size_t>>()
                                                      : anchors(before, after);
  if (common.empty()) {
    out.push_back({offset, before.size(), LineIds(after.begin(), after.end())});
    return;
  }
  size_t old_at = 0, new_at = 0;
  for (const auto& [old_place, new_place] : common) {
    collect(before.subspan(old_at, old_place - old_at), after.subspan(new_at, new_place - new_at),
            offset + old_at, out);
    old_at = old_place + 1, new_at = new_place + 1;
  }
  collect(before.subspan(old_at), after.subspan(new_at), offset + old_at, out);
}

nlohmann::json ids_json(const LineIds& ids) {
  auto out = nlohmann::json::array();
  for (size_t i = 0; i < ids.size();) {
    size_t end = i + 1;
    while (end < ids.size() && ids[end] == ids[end - 1] + 1) ++end;
    if (end - i >= 3) {
      out.push_back(nlohmann::json::array({ids[i], end - i}));
    } else {
      for (size_t k = i; k < end; ++k) out.push_back(ids[k]);
    }
    i = end;
  }
  return out;
}

}  // namespace

std::vector<Splice> splices_between(const LineIds& before, const LineIds& after) {
  std::vector<Splice> out;
  collect(before, after, 0, out);
  return out;
}

uint32_t TextHistory::id_of(std::string_view line) {
  const auto [it, added] =
      ids_.try_emplace(std::string(line), static_cast<uint32_t>(lines_.size()));
  if (added) {
    lines_.emplace_back(line);
    bytes_ += line.size();
  }
  return it->second;
}

void TextHistory::set(const std::string& name, size_t moment, std::string_view text) {
  LineIds ids;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    ids.push_back(id_of(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  Text& known = texts_[name];
  auto splices = splices_between(known.now, ids);
  if (splices.empty()) return;
  known.versions.push_back({moment, std::move(splices)});
  known.now = std::move(ids);
}

nlohmann::json TextHistory::json() const {
  auto texts = nlohmann::json::object();
  for (const auto& [name, text] : texts_) {
    auto& versions = texts[name] = nlohmann::json::array();
    for (const auto& version : text.versions) {
      auto splices = nlohmann::json::array();
      for (const auto& splice : version.splices)
        splices.push_back(
            nlohmann::json::array({splice.start, splice.removed, ids_json(splice.added)}));
      versions.push_back(nlohmann::json::array({version.moment, std::move(splices)}));
    }
  }
  return {{"lines", lines_}, {"texts", std::move(texts)}};
}

}  // namespace felixsim
