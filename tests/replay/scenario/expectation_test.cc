// SPDX-License-Identifier: Apache-2.0
#include "replay/scenario/expectation.h"

using namespace felixsim;
using Kind = Expectation::Kind;

namespace {

const std::map<std::string, std::string> texts = {
    {"routes", "default via 172.16.0.254 dev eth0 \n10.244.0.2 dev caliweb scope link \n"},
    {"iptables",
     "*filter\n:INPUT ACCEPT [0:0]\n:cali-tw-web - [0:0]\n"
     "-A INPUT -m comment --comment \"cali:abc\" -j cali-INPUT\n"
     "-A cali-tw-web -m comment --comment \"cali:x y\" -j MARK --set-xmark 0x0/0x10000\n"
     "-A cali-tw-web -m comment --comment cali:z -m comment --comment \"End\" -j DROP\nCOMMIT\n"},
    {"ipsets",
     "create cali40s:abc hash:net family inet\nadd cali40s:abc 10.0.0.2\n"
     "add cali40s:abc 10.0.0.1\ncreate cali40s:def hash:net family inet\n"},
    {"nft", "table ip calico {\n\tchain filter-cali-x {\n\t\tcounter accept\n\t}\n}\n"},
    {"messages", "{\"kind\":\"RouteUpdate\",\"dst\":\"10.0.0.1/32\",\"types\":[1,2]}\n"}};

std::string check(const std::string& what, const std::string& object, Kind kind,
                  std::vector<std::string> lines) {
  const auto failures =
      check_expectations({{"", what, object, kind, std::move(lines), {}}}, "node-a", texts);
  return failures.empty() ? "" : failures[0].message;
}

}  // namespace

TEST_CASE("an expectation holds or says what is there instead") {
  struct Case {
    std::string name, what, object;
    Kind kind;
    std::vector<std::string> lines;
    std::string want;
  };
  for (const auto& c : {
           Case{"a line begins with the wanted words",
                "routes",
                "",
                Kind::has,
                {"10.244.0.2 dev caliweb"},
                ""},
           Case{"words are whole",
                "routes",
                "",
                Kind::has,
                {"10.244.0.2 dev cali"},
                "node-a routes: has no '10.244.0.2 dev cali'"},
           Case{
               "a star stands for anything", "routes", "", Kind::has, {"10.244.0.2 dev cali*"}, ""},
           Case{"a line that must not be",
                "routes",
                "",
                Kind::lacks,
                {"default"},
                "node-a routes: has 'default'"},
           Case{"rules compare without Felix's comments",
                "iptables",
                "filter/cali-tw-web",
                Kind::exactly,
                {"-j MARK --set-xmark 0x0/0x10000", "-j DROP"},
                ""},
           Case{
               "rules of a chain have an order",
               "iptables",
               "cali-tw-web",
               Kind::exactly,
               {"-j DROP", "-j MARK --set-xmark 0x0/0x10000"},
               "node-a iptables cali-tw-web: has '-j MARK --set-xmark 0x0/0x10000' where '-j DROP' "
               "is expected"},
           Case{"a comment that is asked for counts",
                "iptables",
                "filter/INPUT",
                Kind::has,
                {"-m comment --comment \"cali:abc\" -j cali-INPUT"},
                ""},
           Case{"a chain that is not there",
                "iptables",
                "cali-nope",
                Kind::has,
                {"-j DROP"},
                "node-a iptables cali-nope: is not there"},
           Case{"a chain that must not be there",
                "iptables",
                "cali-tw-*",
                Kind::absent,
                {},
                "node-a iptables cali-tw-*: is there"},
           Case{"members have no order",
                "ipsets",
                "cali40s:abc",
                Kind::exactly,
                {"10.0.0.1", "10.0.0.2"},
                ""},
           Case{"one of several sets will do", "ipsets", "cali40s:*", Kind::has, {"10.0.0.1"}, ""},
           Case{"chains of nftables",
                "nft",
                "calico/filter-cali-x",
                Kind::has,
                {"counter accept"},
                ""},
           Case{"a message holds what is wanted",
                "messages",
                "",
                Kind::has,
                {R"({"dst":"10.0.0.1/32","types":[2]})"},
                ""},
           Case{"a message that is not there",
                "messages",
                "",
                Kind::has,
                {R"({"dst":"x"})"},
                R"(node-a messages: has no '{"dst":"x"}')"},
           Case{"a text that is not there",
                "fdb",
                "",
                Kind::has,
                {"x"},
                "node-a fdb: there is no such text"},
       })
    DYNAMIC_SECTION(c.name) { CHECK(check(c.what, c.object, c.kind, c.lines) == c.want); }
}

TEST_CASE("what is expected of another node is not checked") {
  CHECK(check_expectations({{"node-b", "routes", "", Kind::has, {"x"}, {}}}, "node-a", texts)
            .empty());
}

TEST_CASE("a failure shows the nearest lines") {
  const auto failures = check_expectations(
      {{"", "routes", "", Kind::has, {"10.244.0.9 dev caliweb"}, {3, 7}}}, "node-a", texts);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].detail.rfind("10.244.0.2 dev caliweb scope link", 0) == 0);
  CHECK(failures[0].place == Place{3, 7});
}
