// SPDX-License-Identifier: Apache-2.0
#include "replay/scenario/yaml.h"

using namespace felixsim;

namespace {

std::string json_of(const std::string& text) {
  const auto documents = yaml::parse(text, "f.yaml");
  if (!documents) return documents.error().message;
  return documents->empty() ? "" : yaml::to_json(*documents->front());
}

}  // namespace

TEST_CASE("plain scalars are typed as calicoctl types them") {
  struct Case {
    std::string name, yaml, want;
  };
  for (const auto& c : {
           Case{"an unquoted n is false", "a: n", R"({"a":false})"},
           Case{"a quoted n is text", "a: 'n'", R"({"a":"n"})"},
           Case{"on is true", "a: on", R"({"a":true})"},
           Case{"nothing is null", "a:", R"({"a":null})"},
           Case{"hexadecimal and octal numbers have their value", "a: [0x1f, 010, 0b11, 1_000]",
                R"({"a":[31,8,3,1000]})"},
           Case{"fractions are numbers", "a: [10.5, .5, 1e3]", R"({"a":[10.5,0.5,1000]})"},
           Case{"addresses, versions and times are text", "a: [10.0.0.1, 1.2.3, '12:30']",
                R"({"a":["10.0.0.1","1.2.3","12:30"]})"},
           Case{"!!str makes text", "a: !!str 5", R"({"a":"5"})"},
           Case{"a boolean key is text", "y: 1", R"({"true":1})"},
           Case{"a block of text keeps its lines", "a: |\n  x\n  y\n", R"({"a":"x\ny\n"})"},
       })
    DYNAMIC_SECTION(c.name) { CHECK(json_of(c.yaml) == c.want); }
}

TEST_CASE("anchors, aliases and merge keys are resolved") {
  CHECK(json_of("a: &x [1]\nb: *x") == R"({"a":[1],"b":[1]})");
  CHECK(json_of("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}") ==
        R"({"a":{"p":1,"q":2},"b":{"q":3,"p":1}})");
  CHECK(json_of("a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}") ==
        R"({"a":{"p":1},"b":{"p":2,"q":2},"c":{"p":1,"q":2}})");
}

TEST_CASE("what cannot be read is an error with its place") {
  struct Case {
    std::string name, yaml, want;
  };
  for (const auto& c : {
           Case{"duplicate keys", "a: 1\nb: 2\na: 3", "f.yaml:3:1: duplicate key 'a'"},
           Case{"unknown aliases", "a: *x", "f.yaml:1:4: unknown alias '*x'"},
           Case{"aliases to themselves", "a: &x [*x]",
                "f.yaml:1:8: alias '*x' is inside of what it names"},
           Case{"merging what is no map", "a: {<<: 5}",
                "f.yaml:1:9: merge key '<<' of something that is no map"},
           Case{"keys that are no text", "? [1]\n: 2", "f.yaml:1:3: a key that is no text"},
           Case{"unknown tags", "a: !!binary 5",
                "f.yaml:1:4: unknown tag 'tag:yaml.org,2002:binary'"},
           Case{"broken syntax", "a: [1\nb: 2",
                "f.yaml:2:2: YAML: did not find expected ',' or ']'"},
           Case{"deep nesting", std::string(100, '['), "f.yaml:1:65: nested deeper than 64 levels"},
       })
    DYNAMIC_SECTION(c.name) { CHECK(json_of(c.yaml) == c.want); }
}

TEST_CASE("alias bombs and aliases that nest deeply stop at a named limit") {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  std::string deep = "a0: &a0 [x]\n";
  for (int i = 1; i < 10; ++i)
    bomb += fmt::format("a{0}: &a{0} [*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1}]\n", i,
                        i - 1);
  for (int i = 1; i < 70; ++i) deep += fmt::format("a{0}: &a{0} [*a{1}]\n", i, i - 1);
  CHECK(json_of(bomb).find("more than 4000000 values, aliases counted") != std::string::npos);
  CHECK(json_of(deep).find("nested deeper than 64 levels") != std::string::npos);
}
