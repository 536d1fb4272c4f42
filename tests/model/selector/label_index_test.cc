// SPDX-License-Identifier: Apache-2.0
#include "model/selector/label_index.h"

#include "model/selector/match_index.h"

using namespace felixsim;

namespace {

Labels labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  LabelMap map;
  for (const auto& [key, value] : pairs) map.emplace_back(Symbol(key), Symbol(value));
  std::sort(map.begin(), map.end());
  return std::make_shared<const LabelMap>(std::move(map));
}

// An index of integers that writes down what it is told: "+s1:7" is selector s1 started to match
// item 7.
struct Recorder {
  std::vector<std::string> told;
  KeyNumbers<int> items;
  MatchIndex<int, std::string> index{
      items, [this](const std::string& s, auto matched) { tell('+', s, matched); },
      [this](const std::string& s, auto matched) { tell('-', s, matched); }};

  void tell(char sign, const std::string& s, std::span<const LabelIndex::Item> matched) {
    for (const auto item : matched)
      told.push_back(fmt::format("{}{}:{}", sign, s, items.key(item)));
  }
  void select(const std::string& id, const std::string& text) {
    index.update_selector(id, *parse_selector(text));
  }
  std::string take() {
    std::sort(told.begin(), told.end());
    auto text = fmt::format("{}", fmt::join(told, " "));
    told.clear();
    return text;
  }
};

}  // namespace

TEST_CASE("matches are told once, as labels and selectors come and go") {
  Recorder r;
  r.select("web", "app == 'web'");
  CHECK(r.take() == "");
  r.index.update_labels(1, labels({{"app", "web"}}), {});
  CHECK(r.take() == "+web:1");
  r.index.update_labels(1, labels({{"app", "web"}, {"env", "dev"}}), {});
  CHECK(r.take() == "");
  r.select("dev", "has(env)");
  CHECK(r.take() == "+dev:1");
  r.index.update_labels(1, labels({{"env", "dev"}}), {});
  CHECK(r.take() == "-web:1");
  r.index.delete_selector("dev");
  CHECK(r.take() == "-dev:1");
  r.select("all", "all()");
  CHECK(r.take() == "+all:1");
  r.index.delete_labels(1);
  CHECK(r.take() == "-all:1");
  r.index.delete_labels(1);
  r.index.delete_selector("nobody");
  CHECK(r.take() == "");
}

TEST_CASE("an item's own label wins, then that of the first parent that has it") {
  Recorder r;
  r.select("own", "a == 'own'");
  r.select("first", "a == 'first'");
  r.select("second", "a == 'second'");
  r.index.update_parent(Symbol("p1"), labels({{"a", "first"}}));
  r.index.update_parent(Symbol("p2"), labels({{"a", "second"}}));
  r.index.update_labels(1, labels({{"a", "own"}}), {Symbol("p1"), Symbol("p2")});
  CHECK(r.take() == "+own:1");
  r.index.update_labels(1, nullptr, {Symbol("p1"), Symbol("p2")});
  CHECK(r.take() == "+first:1 -own:1");
  r.index.delete_parent(Symbol("p1"));
  CHECK(r.take() == "+second:1 -first:1");
  r.index.update_parent(Symbol("p2"), labels({{"a", "third"}}));
  CHECK(r.take() == "-second:1");
}

TEST_CASE("labels of a parent that comes later are inherited then") {
  Recorder r;
  r.select("ns", "pcns.team == 'core'");
  r.index.update_labels(1, nullptr, {Symbol("kns.a")});
  r.index.update_labels(2, nullptr, {Symbol("kns.b")});
  CHECK(r.take() == "");
  r.index.update_parent(Symbol("kns.a"), labels({{"pcns.team", "core"}}));
  CHECK(r.take() == "+ns:1");
}

TEST_CASE("a replaced selector tells only the difference") {
  Recorder r;
  r.index.update_labels(1, labels({{"a", "1"}}), {});
  r.index.update_labels(2, labels({{"a", "2"}}), {});
  r.index.update_labels(3, labels({{"a", "3"}}), {});
  r.select("s", "a in {'1', '2'}");
  CHECK(r.take() == "+s:1 +s:2");
  r.select("s", "a in {'2', '3'}");
  CHECK(r.take() == "+s:3 -s:1");
  r.select("s", "a in {'3','2'}");
  CHECK(r.take() == "");
}

TEST_CASE("a selector that cannot match costs nothing and matches nothing") {
  Recorder r;
  r.index.update_labels(1, labels({{"a", "1"}}), {});
  r.select("never", "a == '1' && a == '2'");
  r.select("none", "!all()");
  CHECK(r.take() == "");
  r.index.delete_selector("never");
  r.index.delete_selector("none");
  CHECK(r.take() == "");
}

TEST_CASE("items with equal labels and parents are matched as one") {
  LabelIndex index;
  int calls = 0;
  const auto count = [&](LabelIndex::Item, const auto&, const auto&) { ++calls; };
  for (LabelIndex::Item item = 0; item < 10; ++item)
    index.update_item(item, labels({{"app", item % 2 ? "web" : "db"}}), {Symbol("p"), Symbol("p")},
                      count);
  CHECK(calls == 10);
  CHECK(index.class_count() == 2);
  CHECK(index.items_with_parent(Symbol("p")) == 10);
  size_t matched = 0, classes = 0;
  index.add_selector(0, *parse_selector("app == 'web'"), [&](const LabelIndex::Items& items) {
    ++classes;
    matched += items.size();
  });
  CHECK(classes == 1);
  CHECK(matched == 5);
  for (LabelIndex::Item item = 0; item < 10; ++item) index.remove_item(item, count);
  CHECK(index.class_count() == 0);
  CHECK(index.items_with_parent(Symbol("p")) == 0);
  CHECK_FALSE(index.has_item(3));
}
