// SPDX-License-Identifier: Apache-2.0
#include "model/selector/selector.h"

using namespace felixsim;

namespace {

LabelMap labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  LabelMap map;
  for (const auto& [key, value] : pairs) map.emplace_back(Symbol(key), Symbol(value));
  std::sort(map.begin(), map.end());
  return map;
}

std::string canonical(std::string_view text) {
  const auto selector = parse_selector(text);
  return selector ? (*selector)->text() : selector.error().message;
}

}  // namespace

TEST_CASE("a selector prints in its canonical form") {
  struct Case {
    std::string text, want;
  };
  for (const auto& c : {
           Case{"", "all()"},
           Case{" \t ", "all()"},
           Case{"all( )", "all()"},
           Case{"global()", "global()"},
           Case{"has( a )", "has(a)"},
           Case{"!!has(a)", "has(a)"},
           Case{"! ! ! has(a)", "!has(a)"},
           Case{"!(!(has(a)))", "!!has(a)"},
           Case{"((a=='b'))", "a == \"b\""},
           Case{"a == 'say \"hi\"'", "a == 'say \"hi\"'"},
           Case{"a!='b'", "a != \"b\""},
           Case{"a in {'c', \"b\",'c',}", "a in {\"b\", \"c\"}"},
           Case{"a in {}", "a in {}"},
           Case{"a notin {'x'}", "a not in {\"x\"}"},
           Case{"a startswith 'x'", "a starts with \"x\""},
           Case{"a ends\t with 'x'", "a ends with \"x\""},
           Case{"a contains'x'", "a contains \"x\""},
           Case{"a=='1' && b=='2' || c=='3'", "((a == \"1\" && b == \"2\") || c == \"3\")"},
           Case{"a=='1' && (b=='2' || c=='3')", "(a == \"1\" && (b == \"2\" || c == \"3\"))"},
           Case{"in in {'in'}", "in in {\"in\"}"},
           Case{"has == 'x' && not != 'y'", "(has == \"x\" && not != \"y\")"},
       })
    DYNAMIC_SECTION(c.text) { CHECK(canonical(c.text) == c.want); }
}

TEST_CASE("what is no selector is refused with the place of the mistake") {
  struct Case {
    std::string text, want;
  };
  for (const auto& c : {
           Case{"a = 'b'", "column 3: expected =="},
           Case{"a == 'b", "column 6: unterminated string"},
           Case{"a ==", "column 5: expected string"},
           Case{"a", "column 2: unexpected end of selector"},
           Case{"a b", "column 3: expected operator after label 'a'"},
           Case{"a in 'b'", "column 6: expected set literal"},
           Case{"a in {'b' 'c'}", "column 11: expected }"},
           Case{"a in {,}", "column 7: expected }"},
           Case{"a inb {'b'}", "column 3: expected operator"},
           Case{"(has(a)", "column 8: expected )"},
           Case{"has(a) has(b)", "column 8: unexpected content"},
           Case{"has(a", "column 6: no closing ')' after has("},
           Case{"has('a')", "column 5: expected identifier"},
           Case{"all (x)", "column 5: expected an operator"},
           Case{"a == 'b' &", "column 10: expected &&"},
           Case{"a == 'b' | c", "column 10: expected ||"},
           Case{"a == 'b' &&", "column 12: unexpected end"},
           Case{"'a' == 'b'", "column 1: unexpected token"},
           Case{"a\n== 'b'", "column 2: expected operator"},
           Case{"$", "column 1: expected identifier"},
           Case{fmt::format("{:l>513} == 'x'", ""), "column 1: label too long"},
       })
    DYNAMIC_SECTION(c.text) {
      const auto parsed = parse_selector(c.text);
      REQUIRE_FALSE(parsed);
      CHECK_THAT(parsed.error().message, Catch::Contains(c.want));
    }
}

TEST_CASE("nesting has a limit rather than the stack") {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '(') + "has(a)" +
           std::string(static_cast<size_t>(depth), ')');
  };
  CHECK(parse_selector(nested(max_selector_depth)));
  const auto refused = parse_selector(nested(100000));
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("more than 1000 nested groups"));
  CHECK(parse_selector(fmt::format("{:!>100000}has(a)", "")));
}

TEST_CASE("a selector matches the labels it describes") {
  const auto web = labels({{"app", "web"}, {"env", "prod"}, {"empty", ""}});
  struct Case {
    std::string text;
    bool want;
  };
  for (const auto& c : {
           Case{"all()", true},
           Case{"global()", true},
           Case{"!all()", false},
           Case{"has(app)", true},
           Case{"has(role)", false},
           Case{"app == 'web'", true},
           Case{"app == 'we'", false},
           Case{"role == ''", false},
           Case{"empty == ''", true},
           Case{"role != 'x'", true},
           Case{"app != 'web'", false},
           Case{"app in {'db', 'web'}", true},
           Case{"app in {}", false},
           Case{"role in {'db'}", false},
           Case{"app not in {'db'}", true},
           Case{"app not in {'web'}", false},
           Case{"role not in {'x'}", true},
           Case{"app contains 'e'", true},
           Case{"app contains ''", true},
           Case{"role contains ''", false},
           Case{"app starts with 'we'", true},
           Case{"app starts with 'webs'", false},
           Case{"app ends with 'eb'", true},
           Case{"app ends with 'cobweb'", false},
           Case{"app == 'web' && env == 'dev'", false},
           Case{"app == 'web' || env == 'dev'", true},
           Case{"!(app == 'web' && env == 'dev')", true},
       })
    DYNAMIC_SECTION(c.text) {
      const auto selector = parse_selector(c.text);
      REQUIRE(selector);
      CHECK((*selector)->matches(web) == c.want);
    }
}

TEST_CASE("long label lists are found by the same names as short ones") {
  LabelMap many;
  for (int i = 100; i < 200; ++i)
    many.emplace_back(Symbol("l" + std::to_string(i)), Symbol(std::to_string(i)));
  for (const auto& [key, value] : many) REQUIRE(*find_label(many, key) == value);
  CHECK(find_label(many, Symbol("l099")) == nullptr);
  CHECK(find_label(many, Symbol("l1995")) == nullptr);
  CHECK(find_label(many, Symbol("z")) == nullptr);
}

TEST_CASE("the same text is one object while somebody holds it") {
  const auto first = parse_selector("a == 'shared'");
  const auto second = parse_selector("a == 'shared'");
  CHECK(first->get() == second->get());
  const auto other_text = parse_selector("a=='shared'");
  CHECK(first->get() != other_text->get());
  CHECK(**first == **other_text);
}

TEST_CASE("a prefix is put before every label name and nothing else") {
  const auto selector = parse_selector("a == 'a' && !has(b) || c in {'a'} || all()");
  CHECK(with_label_prefix(**selector, "pcns.")->text() ==
        "((pcns.a == \"a\" && !has(pcns.b)) || pcns.c in {\"a\"} || all())");
}

TEST_CASE("normalising keeps what does not parse, trimmed") {
  CHECK(normalise_selector("  a=='b' \n") == "a == \"b\"");
  CHECK(normalise_selector(" \n a = b ") == "a = b");
  CHECK(normalise_selector(" \n ") == "all()");
}

TEST_CASE("a label's name has letters, digits and a few signs, and a limited length") {
  CHECK(is_valid_label("projectcalico.org/namespace"));
  CHECK(is_valid_label(std::string(512, 'x')));
  CHECK_FALSE(is_valid_label(std::string(513, 'x')));
  CHECK_FALSE(is_valid_label(""));
  CHECK_FALSE(is_valid_label("a b"));
  CHECK_FALSE(is_valid_label("ä"));
}
