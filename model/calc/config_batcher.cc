// SPDX-License-Identifier: Apache-2.0
#include "model/calc/config_batcher.h"

#include <charconv>
#include <limits>

namespace felixsim::calc {
namespace {

// Days since 1970-01-01 of a date of the Gregorian calendar.
int64_t days_of(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

int64_t number_at(std::string_view text, size_t offset, size_t length) {
  int64_t value = 0;
  if (text.size() < offset + length) return 0;
  std::from_chars(text.data() + offset, text.data() + offset + length, value);
  return value;
}

// RFC 3339 as seconds since 1970, fractions cut off; an absent time is older than any other.
int64_t seconds_of(std::string_view text) {
  if (text.empty()) return std::numeric_limits<int64_t>::min();
  int64_t seconds = days_of(number_at(text, 0, 4), number_at(text, 5, 2), number_at(text, 8, 2));
  seconds = seconds * 86400 + number_at(text, 11, 2) * 3600 + number_at(text, 14, 2) * 60 +
            number_at(text, 17, 2);
  const size_t sign = text.find_first_of("+-", 19);
  if (sign == std::string_view::npos) return seconds;
  const int64_t offset = number_at(text, sign + 1, 2) * 3600 + number_at(text, sign + 4, 2) * 60;
  return text[sign] == '+' ? seconds - offset : seconds + offset;
}

// As Go's maps.Equal: no labels are the same as an empty list of them.
bool same_labels(const Labels& a, const Labels& b) {
  const bool a_empty = !a || a->empty(), b_empty = !b || b->empty();
  return a_empty || b_empty ? a_empty == b_empty : *a == *b;
}

}  // namespace

// A deletion is a change only if there was a value other than "".
void ConfigBatcher::set(StringMap& values, Symbol name, const RawText* value) {
  const auto it = values.find(name.str());
  const std::string& before = it == values.end() ? std::string() : it->second;
  if ((value ? value->text : std::string()) == before) return;
  if (value)
    values[name.str()] = value->text;
  else
    values.erase(name.str());
  dirty_ = true;
  maybe_send();
}

void ConfigBatcher::on_global_config(Symbol name, const RawText* value) {
  set(global_, name, value);
}

void ConfigBatcher::on_host_config(const HostConfigKey& key, const RawText* value) {
  if (key.host == hostname_) set(host_, key.name, value);
}

void ConfigBatcher::on_ready_flag(const ReadyFlag* flag) {
  ready_ = flag && flag->ready;
  if (!ready_) dirty_ = true;
  maybe_send();
}

void ConfigBatcher::on_felix_configuration(Symbol name, const FelixConfiguration* configuration) {
  if (!configuration) {
    if (scoped_.erase(name) > 0) dirty_ = true;
    return maybe_send();
  }
  Scoped scoped{nullptr, seconds_of(configuration->creation_timestamp), configuration->config};
  if (!configuration->node_selector.empty()) {
    auto selector = parse_selector(configuration->node_selector.view());
    if (!selector) return maybe_send();  // an earlier version stays
    scoped.selector = *selector;
  }
  scoped_.insert_or_assign(name, std::move(scoped));
  dirty_ = true;
  maybe_send();
}

void ConfigBatcher::on_node(Symbol name, const Node* node) {
  if (name != hostname_) return;
  const Labels labels = node ? node->labels : Labels();
  const bool same = node ? same_labels(labels, node_labels_) : !node_labels_;
  if (!same) {
    node_labels_ = labels;
    dirty_ = true;
  }
  maybe_send();
}

void ConfigBatcher::on_in_sync() {
  if (in_sync_) return;
  in_sync_ = true;
  maybe_send();
}

void ConfigBatcher::maybe_send() {
  if (!dirty_ || !in_sync_) return;
  if (!ready_) sequencer_.on_datastore_not_ready();
  sequencer_.on_config_update({global_, selector_config(), host_});
  dirty_ = false;
}

// The oldest of the configurations whose selector matches this node wins whole. A node whose labels
// all went has an empty list of them, which a selector may match; one that never had any has none.
StringMap ConfigBatcher::selector_config() const {
  if (!node_labels_) return {};
  const Scoped* winner = nullptr;
  for (const auto& [name, scoped] : scoped_) {
    if (!scoped.selector || !scoped.selector->matches(node_labels_)) continue;
    if (!winner || scoped.created < winner->created) winner = &scoped;
  }
  return winner ? winner->config : StringMap();
}

}  // namespace felixsim::calc
