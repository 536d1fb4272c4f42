// SPDX-License-Identifier: Apache-2.0
#include "sim/engine/datastore_view.h"

namespace felixsim {

void DatastoreView::put(const DatastoreEvent& event) {
  pending_[event.key] = event.value;
  if (event.revision != 0) revision_ = event.revision;
}

std::vector<Update> DatastoreView::flush() {
  std::vector<Update> updates;
  for (const auto& [key, value] : pending_)
    syncer_.apply(key, value ? std::optional<std::string_view>(*value) : std::nullopt, updates);
  add_warnings(syncer_.take_warnings());
  pending_.clear();
  for (const auto& update : updates) {
    if (update.value)
      current_[update.key] = update.value;
    else
      current_.erase(update.key);
  }
  return updates;
}

void DatastoreView::add_warnings(std::vector<DatastoreWarning> found) {
  for (auto& warning : found)
    if (told_.emplace(warning.key, warning.fact).second) warnings_.push_back(std::move(warning));
}

std::vector<Update> DatastoreView::snapshot() const {
  std::vector<Update> updates;
  updates.reserve(current_.size());
  for (const auto& [key, value] : current_) updates.push_back({key, value});
  return updates;
}

}  // namespace felixsim
