// SPDX-License-Identifier: Apache-2.0
// Recomputes everything a log claims about itself: the chain, the snapshots, the milestones.
#include <fmt/format.h>

#include "replay/log/event_log_impl.h"
#include "replay/log/log_schema.h"
#include "replay/log/log_snapshot.h"

namespace felixsim {
namespace {

// The walk along the chain; `bad` is set at the first thing that is wrong.
struct Walk {
  const Database& database;
  const std::string& expected_head;
  LogHasher hasher{};
  LogHash hash = LogHasher::genesis();
  LogProgress progress{};
  LogVerdict verdict{};
  bool head_seen = false;
  std::optional<Statement> snapshot{}, milestone{};

  void bad(int64_t sequence, std::string fact) {
    verdict.intact = false;
    verdict.bad_sequence = sequence;
    verdict.fact = std::move(fact);
  }
};

Status check_snapshot(Walk& walk, int64_t sequence) {
  walk.snapshot->bind(0, sequence);
  auto found = walk.snapshot->step();
  if (!found) return forward(found);
  if (*found) {
    const std::string live = encode_live(walk.progress.live());
    if (walk.snapshot->text(0) != live ||
        walk.snapshot->text(1) != as_bytes(walk.hasher.seal(walk.hash, live)))
      walk.bad(sequence, "the snapshot is not the state that the events before it give");
  }
  walk.snapshot->reset();
  return {};
}

Status check_milestone(Walk& walk, int64_t sequence) {
  if (sequence % milestone_interval != 0) return {};
  walk.milestone->bind(0, sequence);
  auto found = walk.milestone->step();
  if (!found) return forward(found);
  const auto& progress = walk.progress;
  if (!*found || walk.milestone->integer(0) != progress.first_revision ||
      walk.milestone->integer(1) != progress.last_revision ||
      walk.milestone->optional_integer(2) != progress.first_time ||
      walk.milestone->optional_integer(3) != progress.last_time)
    walk.bad(sequence, "the milestone does not say how far revisions and times had come");
  walk.milestone->reset();
  return {};
}

Status check_row(Walk& walk, const LogRow& row, std::string_view stored) {
  const int64_t wanted = walk.verdict.events + 1;
  if (row.sequence != wanted) {
    walk.bad(wanted, fmt::format("the event is missing; the next is {}", row.sequence));
    return {};
  }
  const LogHash computed = walk.hasher.chain(walk.hash, row);
  if (stored != as_bytes(computed)) {
    walk.bad(wanted, "its hash does not follow from it and the event before");
    return {};
  }
  if (auto event = event_of(row); !event) {
    walk.bad(wanted, event.error().message);
    return {};
  }
  walk.hash = computed;
  walk.progress.apply(row);
  ++walk.verdict.events;
  if (!walk.head_seen) walk.head_seen = to_hex(computed) == walk.expected_head;
  if (auto checked = check_snapshot(walk, wanted); !checked) return checked;
  return check_milestone(walk, wanted);
}

Status walk_chain(Walk& walk) {
  auto rows = prepare_range(walk.database, "", INT64_MIN, INT64_MAX);
  if (!rows) return forward(rows);
  while (walk.verdict.intact) {
    auto row = rows->step();
    if (!row) return forward(row);
    if (!*row) return {};
    if (auto checked = check_row(walk, row_at(*rows), rows->text(6)); !checked) return checked;
  }
  return {};
}

Status prepare_walk(Walk& walk) {
  auto snapshot = walk.database.prepare("SELECT live, seal FROM snapshot WHERE sequence = ?");
  if (!snapshot) return forward(snapshot);
  walk.snapshot = *std::move(snapshot);
  auto milestone = walk.database.prepare(
      "SELECT first_revision, last_revision, first_time, last_time FROM milestone "
      "WHERE sequence = ?");
  if (!milestone) return forward(milestone);
  walk.milestone = *std::move(milestone);
  return {};
}

// Snapshots and milestones that belong to no event of the chain, and a cut-off tail.
Status check_remains(Walk& walk) {
  for (const std::string table : {"snapshot", "milestone"}) {
    auto last = walk.database.integer(fmt::format("SELECT max(sequence) FROM {}", table));
    if (!last) return forward(last);
    auto first =
        walk.database.integer(fmt::format("SELECT ifnull(min(sequence), 1) FROM {}", table));
    if (!first) return forward(first);
    if (*last > walk.verdict.events || *first < 1) {
      walk.bad(walk.verdict.events + 1, fmt::format("a {} stands where there is no event", table));
      return {};
    }
  }
  if (!walk.head_seen)
    walk.bad(walk.verdict.events + 1,
             fmt::format("the chain never reaches {}: events were cut off or replaced",
                         walk.expected_head));
  return {};
}

// SQLite's own look at pages and indexes: a wrong index would hide host events.
Status check_pages(Walk& walk) {
  auto check = walk.database.prepare("PRAGMA integrity_check(1)");
  if (!check) return forward(check);
  auto row = check->step();
  if (!row) return forward(row);
  if (*row && check->text(0) != "ok") walk.bad(0, std::string(check->text(0)));
  return {};
}

}  // namespace

Result<LogVerdict> EventLog::verify(const std::string& expected_head) const {
  const Database& database = impl_->database;
  // One read transaction, so that a writer's next commit is either wholly seen or not at all.
  if (auto begun = database.execute("BEGIN"); !begun) return forward(begun);
  Walk walk{.database = database, .expected_head = expected_head, .head_seen = false};
  walk.head_seen = expected_head.empty() || to_hex(LogHasher::genesis()) == expected_head;
  Status done = prepare_walk(walk);
  if (done) done = walk_chain(walk);
  if (done && walk.verdict.intact) done = check_remains(walk);
  if (done && walk.verdict.intact) done = check_pages(walk);
  walk.snapshot.reset();
  walk.milestone.reset();
  (void)database.execute("COMMIT");
  if (!done && done.error().code != ErrorCode::corrupt) return forward(done);
  if (!done) walk.bad(walk.verdict.events + 1, done.error().message);
  walk.verdict.head_hash = to_hex(walk.hash);
  return walk.verdict;
}

}  // namespace felixsim
