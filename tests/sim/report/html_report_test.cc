// SPDX-License-Identifier: Apache-2.0
// The page's parts: texts through moments, and text of the input that tries to become HTML.
#include "sim/report/html_report.h"

#include <rapidcheck/catch.h>

using namespace felixsim;

namespace {

LineIds applied(const LineIds& before, const std::vector<Splice>& splices) {
  LineIds out;
  size_t at = 0;
  for (const auto& splice : splices) {
    for (; at < splice.start; ++at) out.push_back(before[at]);
    out.insert(out.end(), splice.added.begin(), splice.added.end());
    at += splice.removed;
  }
  out.insert(out.end(), before.begin() + static_cast<std::ptrdiff_t>(at), before.end());
  return out;
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("splices turn a text into the next one, whatever repeats in both") {
  rc::prop("random texts of few different lines", [] {
    const auto line = rc::gen::inRange<uint32_t>(0, 12);
    const auto before = *rc::gen::container<LineIds>(line);
    const auto after = *rc::gen::container<LineIds>(line);
    RC_ASSERT(applied(before, splices_between(before, after)) == after);
  });
}

TEST_CASE("two far changes of a long text are two small splices") {
  LineIds before(1000), after;
  for (uint32_t i = 0; i < 1000; ++i) before[i] = i;
  after = before;
  after[10] = 2000;
  after.erase(after.begin() + 900);
  CHECK(splices_between(before, after) == std::vector<Splice>{{10, 1, {2000}}, {900, 1, {}}});
}

TEST_CASE("a text is told again only where it changes") {
  TextHistory history;
  history.set("a", 0, "x\ny\nz\n");
  history.set("a", 1, "x\ny\nz\n");
  history.set("a", 2, "x\nw\nz\n");
  CHECK(history.json().dump() ==
        R"({"lines":["x","y","z","w"],"texts":{"a":[[0,[[0,0,[[0,3]]]]],[2,[[1,1,[3]]]]]}})");
}

TEST_CASE("text of the input stays text in the page") {
  const std::string hostile =
      "</script><script>alert(1)</script><!--<img src=x onerror='a' b=\"c\">&@DATA@";
  HtmlReport report(hostile);
  report.add_event({1, std::nullopt, DatastoreEvent{1, "/calico/" + hostile, hostile, hostile}});
  report.add_event({2, std::nullopt, StepEvent{1, "bad \xff bytes"}});
  report.add_moment(2, std::nullopt, hostile);
  report.add_note(hostile);
  const std::string page = report.page();
  CHECK(count(page, "</script>") == 2);
  CHECK(count(page, "<script") == 2);
  CHECK(count(page, "<img") == 0);
  CHECK(count(page, "<!--") == 0);
  const std::string open = R"(<script type="application/json" id="data">)";
  const size_t start = page.find(open) + open.size();
  const auto data =
      nlohmann::json::parse(page.substr(start, page.find("</script>", start) - start));
  CHECK(data["title"] == hostile);
  CHECK(data["events"][0][4] == "/calico/" + hostile);
  CHECK(data["events"][0][5] == hostile);
  CHECK(data["events"][1][4] == "1 bad \xef\xbf\xbd bytes");
  CHECK(data["moments"][0]["label"] == hostile);
}

TEST_CASE("the page loads nothing from anywhere") {
  const std::string page = HtmlReport("x").page();
  CHECK(page.find("default-src 'none'") != std::string::npos);
  CHECK(count(page, "src=") == 0);
  CHECK(count(page, "<link") == 0);
  CHECK(count(page, "@import") == 0);
  CHECK(page.rfind("<!doctype html>", 0) == 0);
}

TEST_CASE("values beyond the limits are cut, and the page says how many") {
  HtmlReport report("x", {.value_bytes = 10, .values_bytes = 25});
  for (int i = 1; i <= 3; ++i)
    report.add_event({i, std::nullopt, DatastoreEvent{i, "/k", std::string(12, 'v')}});
  const auto data = report.data();
  CHECK(data["events"][0][5] == "vvvvvvvvvv…");
  CHECK(data["events"][2][5] == "…");
  CHECK(data["notes"][0].get<std::string>().rfind("3 of 3 events", 0) == 0);
}
