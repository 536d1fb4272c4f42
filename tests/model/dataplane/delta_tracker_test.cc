// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/delta_tracker.h"

#include <catch2/catch.hpp>
#include <string>

using namespace felixsim;

TEST_CASE("A delta tracker's pending sets are the difference of its two maps") {
  DeltaTracker<std::string, int> tracker;
  tracker.set_desired("a", 1);
  tracker.set_desired("b", 2);
  tracker.set_actual("b", 2);
  tracker.set_actual("c", 3);
  CHECK(tracker.pending_updates() == std::set<std::string>{"a"});
  CHECK(tracker.pending_deletions() == std::set<std::string>{"c"});

  SECTION("a changed value is an update") {
    tracker.set_desired("b", 5);
    CHECK(tracker.pending_updates() == std::set<std::string>{"a", "b"});
  }
  SECTION("what becomes desired is not deleted") {
    tracker.set_desired("c", 3);
    CHECK(tracker.pending_deletions().empty());
  }
  SECTION("what was read back replaces what was believed") {
    tracker.replace_actual({{"a", 1}, {"d", 4}});
    CHECK(tracker.pending_updates() == std::set<std::string>{"b"});
    CHECK(tracker.pending_deletions() == std::set<std::string>{"d"});
  }
}

TEST_CASE("A set tracker forgets a member that came and went before it was applied") {
  SetTracker<int> tracker;
  tracker.add_desired(1);
  tracker.add_desired(2);
  tracker.remove_desired(1);
  CHECK(tracker.pending_additions() == std::set<int>{2});
  tracker.applied();
  CHECK(tracker.in_sync());
  tracker.remove_desired(2);
  CHECK(tracker.pending_deletions() == std::set<int>{2});
  tracker.add_desired(2);
  CHECK(tracker.in_sync());
}
