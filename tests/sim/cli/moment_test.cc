// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/moment_in_events.h"
#include "sim/cli/moment_text.h"

using namespace felixsim;
using cli::parse_moment;
using cli::resolve_in;

namespace {

Event change(int64_t revision, SimTime time) {
  return {0, time, DatastoreEvent{revision, "/calico/x", "v"}};
}
Event step(int number, const std::string& name) {
  return {0, std::nullopt, StepEvent{number, name}};
}

const std::vector<Event>& events() {
  static const std::vector<Event> list{change(10, 1 * second), step(0, "base"),
                                       change(20, 5 * second), change(21, 6 * second),
                                       step(1, "again"),       step(2, "again")};
  return list;
}

}  // namespace

TEST_CASE("a moment is a revision, a sequence, a step or seconds") {
  CHECK(parse_moment("")->kind == Moment::Kind::end);
  CHECK(parse_moment("rev:12")->number == 12);
  CHECK(parse_moment("seq:3")->kind == Moment::Kind::sequence);
  CHECK(parse_moment("step:2")->kind == Moment::Kind::step_number);
  CHECK(parse_moment("step:base")->name == "base");
  CHECK(parse_moment("14.5s")->number == 14'500'000'000);
  CHECK(parse_moment("14.5")->kind == Moment::Kind::time);
  CHECK(parse_moment("2024-01-02T14:03:00.5Z")->number == 1'704'204'180'500'000'000);
  CHECK(parse_moment("2024-01-02T15:03:00+01:00")->number == 1'704'204'180'000'000'000);
}

TEST_CASE("text that is no moment is refused, and the error says what would be one") {
  for (const std::string text :
       {"rev:", "rev:x", "rev:-1", "seq:99999999999999999999", "step:", "when:3", "yesterday",
        "-3s", "nan", "inf", "1e300", "s", "14:03", "1969-12-31T23:59:59Z", "2024-02-30T00:00:00Z"})
    DYNAMIC_SECTION(text) {
      const auto moment = parse_moment(text);
      REQUIRE_FALSE(moment);
      CHECK(moment.error().message.find(text) != std::string::npos);
      CHECK(moment.error().help.find("rev:N") != std::string::npos);
    }
}

TEST_CASE("a moment means the longest prefix in which nothing is later") {
  struct Case {
    std::string when;
    size_t want;
  };
  for (const auto& c : {Case{"", 6}, Case{"rev:10", 2}, Case{"rev:15", 2}, Case{"rev:20", 3},
                        Case{"seq:4", 4}, Case{"seq:0", 0}, Case{"step:0", 2}, Case{"step:base", 2},
                        Case{"step:2", 6}, Case{"5s", 3}, Case{"1", 2}, Case{"100", 6}})
    DYNAMIC_SECTION("'" << c.when << "'") {
      CHECK(resolve_in(events(), *parse_moment(c.when)) == c.want);
    }
}

TEST_CASE("a moment that the events do not reach is an error that says what there is") {
  struct Case {
    std::string when, help;
  };
  for (const auto& c : {Case{"rev:22", ""}, Case{"seq:7", ""}, Case{"step:9", "0 (base)"},
                        Case{"step:again", "by its number"}, Case{"0.5", ""}})
    DYNAMIC_SECTION(c.when) {
      const auto prefix = resolve_in(events(), *parse_moment(c.when));
      REQUIRE_FALSE(prefix);
      CHECK(prefix.error().help.find(c.help) != std::string::npos);
    }
  CHECK_FALSE(resolve_in({step(0, "x")}, *parse_moment("rev:1")));
  CHECK_FALSE(resolve_in({step(0, "x")}, *parse_moment("1s")));
}

TEST_CASE("times that count from 1970 are told as times of day") {
  CHECK(cli::time_text(28'123'000'000) == "28.123 s");
  CHECK(cli::time_text(1'704'204'180'500'000'000) == "2024-01-02T14:03:00.500Z");
}
