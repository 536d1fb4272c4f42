// SPDX-License-Identifier: Apache-2.0
// WHEN of the command line -> a prefix of the log. What cannot be answered is an error that lists
// what could have been asked.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "felixsim/check.h"
#include "felixsim/near_name.h"
#include "replay/log/event_log_impl.h"

namespace felixsim {
namespace {

constexpr size_t nearest_shown = 5;

std::string seconds(SimTime time) {
  std::string text = fmt::format("{}.{:09}", time / second, time % second);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + "s";
}

std::string nearest_names(const std::vector<StepPosition>& steps, const std::string& wanted) {
  std::vector<std::pair<size_t, std::string>> ranked;
  for (const auto& step : steps) {
    std::pair<size_t, std::string> entry{edit_distance(step.step.name, wanted), step.step.name};
    if (std::find(ranked.begin(), ranked.end(), entry) == ranked.end()) ranked.push_back(entry);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (const auto& [far, name] : ranked)
    if (names.size() < nearest_shown) names.push_back(name);
  return fmt::format("the nearest of its {} steps: {}", steps.size(), fmt::join(names, ", "));
}

std::string nearest_numbers(const std::vector<StepPosition>& steps, int64_t wanted) {
  std::vector<int> numbers;
  for (const auto& step : steps) numbers.push_back(step.step.number);
  std::stable_sort(numbers.begin(), numbers.end(),
                   [wanted](int a, int b) { return std::abs(a - wanted) < std::abs(b - wanted); });
  if (numbers.size() > nearest_shown) numbers.resize(nearest_shown);
  std::sort(numbers.begin(), numbers.end());
  return fmt::format("the nearest of its {} steps: {}", steps.size(), fmt::join(numbers, ", "));
}

Result<int64_t> resolve_step(const LogInfo& info, const Moment& moment) {
  const bool by_name = moment.kind == Moment::Kind::step_name;
  const std::string asked = by_name ? moment.name : std::to_string(moment.number);
  std::vector<int64_t> found;
  for (const auto& step : info.steps)
    if (by_name ? step.step.name == moment.name : step.step.number == moment.number)
      found.push_back(step.sequence);
  if (found.size() == 1) return found.front();
  if (found.size() > 1)
    return fail(ErrorCode::not_found,
                fmt::format("{}: step '{}' is ambiguous: it ends at events {}", info.path, asked,
                            fmt::join(found, ", ")),
                fmt::format("use seq:{} or another of them", found.front()));
  if (info.steps.empty())
    return fail(ErrorCode::not_found, fmt::format("{}: the log has no steps", info.path),
                "use rev:N or seq:N; only scenarios and recordings have steps");
  return fail(ErrorCode::not_found, fmt::format("{}: no step '{}'", info.path, asked),
              by_name ? nearest_names(info.steps, moment.name)
                      : nearest_numbers(info.steps, moment.number));
}

// The end of the longest prefix in which `is_later` holds for no row. Milestones narrow the search
// to one interval; `milestone_is_later` is the same question about a milestone's maximum.
Result<int64_t> prefix_before(const Database& database, const std::string& milestone_is_later,
                              const std::string& row_is_later, int64_t limit, int64_t last) {
  auto milestone =
      database.prepare("SELECT min(sequence) FROM milestone WHERE " + milestone_is_later);
  if (!milestone) return forward(milestone);
  milestone->bind(0, limit);
  auto found = milestone->step();
  if (!found) return forward(found);
  const auto upper = milestone->optional_integer(0);
  auto lower = database.integer(
      upper ? fmt::format("SELECT max(sequence) FROM milestone WHERE sequence < {}", *upper)
            : "SELECT max(sequence) FROM milestone");
  if (!lower) return forward(lower);
  auto row = database.prepare(
      fmt::format("SELECT sequence FROM event WHERE sequence > {} AND {} ORDER BY sequence LIMIT 1",
                  *lower, row_is_later));
  if (!row) return forward(row);
  row->bind(0, limit);
  auto later = row->step();
  if (!later) return forward(later);
  return *later ? std::min(row->integer(0) - 1, last) : last;
}

Result<int64_t> resolve_revision(const Database& database, int64_t revision, int64_t last) {
  auto reach = reach_at(database, last);
  if (!reach) return forward(reach);
  if (reach->last_revision == 0)
    return fail(ErrorCode::not_found, fmt::format("{}: the log has no revisions", database.path()),
                fmt::format("use seq:N; N is 1 to {}", last));
  if (revision < reach->first_revision || revision > reach->last_revision)
    return fail(
        ErrorCode::not_found,
        fmt::format("{}: revision {} is outside the log", database.path(), revision),
        fmt::format("its revisions are {} to {}", reach->first_revision, reach->last_revision));
  return prefix_before(database, "last_revision > ?", "revision > ?", revision, last);
}

Result<int64_t> resolve_time(const Database& database, SimTime time, int64_t last) {
  auto reach = reach_at(database, last);
  if (!reach) return forward(reach);
  if (!reach->first_time)
    return fail(ErrorCode::not_found, fmt::format("{}: the log has no times", database.path()),
                "use rev:N, seq:N or step:N");
  if (time < *reach->first_time)
    return fail(ErrorCode::not_found,
                fmt::format("{}: {} is before the log begins", database.path(), seconds(time)),
                fmt::format("its times are {} to {}", seconds(*reach->first_time),
                            seconds(*reach->last_time)));
  return prefix_before(database, "last_time > ?", "time > ?", time, last);
}

}  // namespace

Result<int64_t> EventLog::resolve(const Moment& moment) const {
  auto last = last_sequence();
  if (!last) return forward(last);
  const Database& database = impl_->database;
  switch (moment.kind) {
    case Moment::Kind::end:
      return *last;
    case Moment::Kind::sequence:
      if (moment.number >= 0 && moment.number <= *last) return moment.number;
      return fail(ErrorCode::not_found,
                  fmt::format("{}: event {} is outside the log", database.path(), moment.number),
                  fmt::format("its sequences are 1 to {}; 0 is before the first", *last));
    case Moment::Kind::revision:
      return resolve_revision(database, moment.number, *last);
    case Moment::Kind::time:
      return resolve_time(database, moment.number, *last);
    case Moment::Kind::step_number:
    case Moment::Kind::step_name: {
      auto known = info();
      if (!known) return forward(known);
      return resolve_step(*known, moment);
    }
  }
  FELIXSIM_CHECK(false);
  return 0;
}

}  // namespace felixsim
