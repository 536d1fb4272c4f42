// SPDX-License-Identifier: Apache-2.0
#include "replay/capture/capture.h"

#include <filesystem>
#include <fstream>

#include "replay/capture/json_record.h"

using namespace felixsim;

namespace {

std::vector<Event> drain(EventSource& source) {
  std::vector<Event> events;
  for (;;) {
    auto event = source.next();
    INFO((event ? "" : event.error().message));
    REQUIRE(event);
    if (!*event) return events;
    events.push_back(**event);
  }
}

// The first error of a source; fails when there is none.
Error first_error(EventSource& source) {
  for (int i = 0; i < 100; ++i) {
    auto event = source.next();
    if (!event) return event.error();
    if (!*event) break;
  }
  FAIL("the input was taken");
  return {};
}

std::vector<Event> jsonl(const std::string& text) { return drain(*stream_jsonl_text(text, "f")); }
std::vector<Event> etcd(const std::string& text) {
  return drain(*stream_etcd_watch_text(text, "f"));
}

Event put(int64_t revision, const std::string& key, const std::string& value) {
  return {0, std::nullopt, DatastoreEvent{revision, key, value}};
}

std::string deep(int levels) {
  return std::string(static_cast<size_t>(levels), '[') +
         std::string(static_cast<size_t>(levels), ']');
}

}  // namespace

TEST_CASE("a line of a recording is a put or a delete") {
  const auto events = jsonl(
      "{\"key\": \"/a\", \"rev\": 2, \"t\": 0.896, \"type\": \"put\", \"value\": {\"x\": [1, "
      "2.50]}}\n"
      "\r\n"
      "{\"rev\":3,\"type\":\"delete\",\"key\":\"/a\",\"value\":null,\"t\":1e1}\r\n"
      "{\"rev\":4,\"type\":\"put\",\"key\":\"/b\",\"value\":\"bare \\u00e9\"}");
  REQUIRE(events.size() == 3);
  CHECK(events[0] == Event{0, 896'000'000, DatastoreEvent{2, "/a", R"({"x":[1,2.50]})"}});
  CHECK(events[1] == Event{0, 10 * second, DatastoreEvent{3, "/a", std::nullopt}});
  CHECK(events[2] == put(4, "/b", "bare \xc3\xa9"));
}

TEST_CASE("a value keeps its text: numbers, escapes and order of members") {
  const std::string value = R"({"b":1.0,"a":1e3,"s":"\u00e9\/\n","big":18446744073709551615})";
  CHECK(jsonl(R"({"rev":1,"type":"put","key":"/k","value":)" + value + "}") ==
        std::vector<Event>{put(1, "/k", value)});
}

TEST_CASE("every event survives export and import") {
  using Kind = ProcessEvent::Kind;
  const std::vector<Event> events{
      put(1, "/calico/a", R"({"a":[1,{"b":null}]})"),
      put(1, "/calico/spaced", R"({ "a": 1 })"),  // not compact: travels as a string
      put(1, "/calico/twice", R"({"a":1,"a":2})"),
      put(1, "/calico/broken", R"({"a":)"),
      put(1, "/calico/deep", deep(127)),
      put(1, "/calico/too-deep", deep(200)),
      put(0, "/calico/text", "true"),
      put(0, "/calico/number", "17"),
      put(0, "", ""),
      put(0, "\"\\\n\t\x01\xc3\xa9", std::string("nul\0nul", 7)),
      Event{0, 0, DatastoreEvent{9, "/calico/a", std::nullopt}},
      Event{0, 123'456'789'012, HostEvent{"n", R"({"exec":"ip link add x type dummy"})"}},
      Event{0, 1, HostEvent{"n", "not json"}},
      Event{0, {}, ProcessEvent{"n", Kind::start, {{"A", "1"}, {"B", "\"\n"}}, "[global]\n"}},
      Event{0, {}, ProcessEvent{"n", Kind::start, {}, {}}},
      Event{0, {}, ProcessEvent{"n", Kind::stop, {}, {}}},
      Event{0, {}, ProcessEvent{"n", Kind::kill, {}, {}}},
      Event{0, {}, ProcessEvent{"n", Kind::restart, {}, {}}},
      Event{0, 2 * second, StepEvent{3, "a \"step\""}}};
  std::string text;
  for (const auto& event : events) text += event_to_jsonl(event) + "\n";
  CHECK(jsonl(text) == events);
}

TEST_CASE("a line that is wrong is an error with place, fact and fix") {
  struct Case {
    std::string name, line, place, fact;
  };
  for (const auto& c : {
           Case{"cut off", R"({"rev":1,"type":"put","key":"/a","value":{"x)", "f:2:", "bad JSON"},
           Case{"not an object", "[1]", "f:2:1", "not a JSON object"},
           Case{"two records on a line", "{} {}", "f:2:4", "bad JSON"},
           Case{"a stray comma", R"({"rev":1,})", "f:2:10", "bad JSON"},
           Case{"bad UTF-8", "{\"rev\":1,\"key\":\"\xff\"}", "f:2:17", "UTF-8"},
           Case{"a member twice", R"({"rev":1,"rev":2})", "f:2:1", "'rev' twice"},
           Case{"a member twice inside", R"({"value":{"a":[{"b":1,"b":1}]}})", "f:2:1",
                "'b' twice"},
           Case{"a huge number", R"({"value":{"a":1e999}})", "f:2:1", "number"},
           Case{"a huge integer", R"({"value":{"a":99999999999999999999}})", "f:2:1", "number"},
           Case{"deep nesting", R"({"value":)" + deep(200) + "}", "f:2:1",
                "nested deeper than 128"},
           Case{"no type", R"({"rev":1})", "f:2:1", "'type' is missing"},
           Case{"unknown type", R"({"type":"move"})", "f:2:9", "'type' is \"move\""},
           Case{"no revision", R"({"type":"put","key":"/a","value":1})", "f:2:1",
                "'rev' is missing"},
           Case{"revision of wrong type", R"({"type":"put","rev":"1","key":"/a","value":1})",
                "f:2:21", "'rev' is \"1\""},
           Case{"a revision with a fraction", R"({"type":"put","rev":1.5,"key":"/a","value":1})",
                "f:2:21", "'rev' is 1.5"},
           Case{"a negative revision", R"({"type":"put","rev":-1,"key":"/a","value":1})", "f:2:21",
                "'rev' is -1"},
           Case{"key of wrong type", R"({"type":"put","rev":1,"key":7,"value":1})", "f:2:29",
                "'key' is 7"},
           Case{"put without value", R"({"type":"put","rev":1,"key":"/a"})", "f:2:1",
                "'value' is missing"},
           Case{"put of null", R"({"type":"put","rev":1,"key":"/a","value":null})", "f:2:42",
                "'value' is null"},
           Case{"delete with value", R"({"type":"delete","rev":1,"key":"/a","value":1})", "f:2:45",
                "'value' is 1"},
           Case{"time of wrong type", R"({"type":"delete","rev":1,"key":"/a","t":"1"})", "f:2:41",
                "'t' is \"1\""},
           Case{"negative time", R"({"type":"delete","rev":1,"key":"/a","t":-0.5})", "f:2:41",
                "'t' is -0.5"},
           Case{"unknown member", R"({"type":"delete","rev":1,"key":"/a","lease":1})", "f:2:45",
                "unknown member 'lease'"},
           Case{"environment of wrong type", R"({"type":"start","node":"n","env":{"A":1}})",
                "f:2:34", "'env'"},
           Case{"a huge step", R"({"type":"step","step":4294967296,"name":"s"})", "f:2:23",
                "'step'"},
       })
    DYNAMIC_SECTION(c.name) {
      const std::string good = R"({"rev":1,"type":"put","key":"/a","value":1})";
      const auto error = first_error(*stream_jsonl_text(good + "\n" + c.line + "\n" + good, "f"));
      CHECK(error.code == ErrorCode::invalid_input);
      CHECK_THAT(error.message, Catch::StartsWith(c.place));
      CHECK_THAT(error.message, Catch::Contains(c.fact));
    }
}

TEST_CASE("etcdctl watch prints responses with several events") {
  // /calico/a = {"x":1}, delete /calico/a, /calico/empty = ""
  const std::string watch =
      R"({"Header":{"cluster_id":1,"member_id":2,"revision":3,"raft_term":2},"Events":[)"
      R"({"kv":{"key":"L2NhbGljby9h","create_revision":2,"mod_revision":2,"version":1,"value":"eyJ4IjoxfQ=="}},)"
      R"({"type":1,"kv":{"key":"L2NhbGljby9h","mod_revision":3}}],"CompactRevision":0,"Canceled":false,"Created":false})";
  const std::string progress = R"({"Header":{"revision":4},"Events":null})";
  const std::string gateway =
      "{\n  \"result\": {\n    \"header\": {}, \"events\": [{\"type\": \"PUT\","
      "\n \"kv\": {\"key\": \"L2NhbGljby9lbXB0eQ==\", \"mod_revision\": \"5\"}}]}}";
  const std::vector<Event> want{put(2, "/calico/a", R"({"x":1})"),
                                {0, std::nullopt, DatastoreEvent{3, "/calico/a", std::nullopt}},
                                put(5, "/calico/empty", "")};
  CHECK(etcd(watch + "\n" + progress + "\n" + gateway) == want);
  CHECK(etcd(gateway + progress + watch).size() == 3);  // no line breaks between
  CHECK(etcd("").empty());
}

TEST_CASE("etcdctl get gives the state before a watch, in order of revision") {
  const std::string range =
      R"({"header":{"revision":9},"kvs":[{"key":"L2I=","create_revision":4,"mod_revision":7,"version":2,"value":"Yg=="},)"
      R"({"key":"L2E=","create_revision":5,"mod_revision":5,"version":1,"value":"YQ=="}],"count":2})";
  CHECK(etcd(range) == std::vector<Event>{put(5, "/a", "a"), put(7, "/b", "b")});
}

TEST_CASE("a watch that is wrong is an error with place, fact and fix") {
  const auto event = [](const std::string& kv) { return R"({"Events":[{"kv":{)" + kv + "}}]}"; };
  struct Case {
    std::string name, text, place, fact;
  };
  for (const auto& c : {
           Case{"cut off", R"({"Events":[{"kv":{"key":"L2E=")", "f:2:1", "cut off"},
           Case{"cut off in a string", R"({"Events)", "f:2:1", "cut off"},
           Case{"no object", "null", "f:2:1", "not a JSON object"},
           Case{"bad JSON", "{\"Events\":\n[1,]}", "f:3:4", "bad JSON"},
           Case{"something else", R"({"kind":"List"})", "f:2:1", "neither a watch response"},
           Case{"events of wrong type", R"({"Events":7})", "f:2:1", "'Events' is not a list"},
           Case{"an event of wrong type", R"({"Events":[7]})", "f:2:1", "Events[0]: not an object"},
           Case{"no kv", R"({"Events":[{"type":0}]})", "f:2:1", "Events[0]: no 'kv'"},
           Case{"unknown type", R"({"Events":[{"type":2,"kv":{}}]})", "f:2:1", "unknown 'type'"},
           Case{"no revision", event(R"("key":"L2E=")"), "f:2:1", "'mod_revision'"},
           Case{"a huge revision", event(R"("key":"L2E=","mod_revision":1e30)"), "f:2:1",
                "'mod_revision'"},
           Case{"no key", event(R"("mod_revision":1)"), "f:2:1", "'key'"},
           Case{"key not base64", event(R"("key":"L2E","mod_revision":1)"), "f:2:1", "'key'"},
           Case{"key with stray bits", event(R"("key":"L2F=","mod_revision":1)"), "f:2:1", "'key'"},
           Case{"value not base64", event(R"("key":"L2E=","mod_revision":1,"value":"*")"), "f:2:1",
                "the value of '/a'"},
           Case{"value not text", event(R"("key":"L2E=","mod_revision":1,"value":"/w==")"), "f:2:1",
                "not UTF-8"},
           Case{"cancelled", R"({"Header":{},"Events":[],"CompactRevision":5,"Canceled":true})",
                "f:2:1", "cancelled"},
       })
    DYNAMIC_SECTION(c.name) {
      const auto error = first_error(
          *stream_etcd_watch_text(event(R"("key":"L2E=","mod_revision":1)") + "\n" + c.text, "f"));
      CHECK_THAT(error.message, Catch::StartsWith(c.place));
      CHECK_THAT(error.message, Catch::Contains(c.fact));
    }
}

TEST_CASE("records longer than a block are read whole from a file") {
  const auto path = std::filesystem::temp_directory_path() / "felixsim-capture-test.jsonl";
  std::string text;
  std::vector<Event> want;
  for (int i = 0; i < 40; ++i) {
    const auto event =
        put(i, "/k" + std::to_string(i), std::string(static_cast<size_t>(i) * 70'001, 'x'));
    text += event_to_jsonl(event) + "\n";
    want.push_back(event);
  }
  std::ofstream(path, std::ios::binary) << text;
  auto source = stream_jsonl(path.string());
  REQUIRE(source);
  const auto got = drain(**source);
  std::filesystem::remove(path);
  CHECK((got == want));
  CHECK(stream_jsonl("/nonexistent").error().code == ErrorCode::not_found);
}

TEST_CASE("seconds are nanoseconds to the ninth digit") {
  for (const auto& [text, want] :
       std::map<std::string, std::optional<SimTime>>{{"0", 0},
                                                     {"0.896", 896'000'000},
                                                     {"12.000000001", 12'000'000'001},
                                                     {"1.0000000019", 1'000'000'001},
                                                     {"1e2", 100 * second},
                                                     {"-1", {}},
                                                     {"-0.1", {}},
                                                     {"1e300", {}},
                                                     {"9999999999999999999", {}}})
    DYNAMIC_SECTION(text) { CHECK(time_of(text) == want); }
  CHECK(seconds_text(896'000'000) == "0.896");
  CHECK(seconds_text(0) == "0");
}
