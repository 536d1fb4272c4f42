// SPDX-License-Identifier: Apache-2.0
#include "model/calc/ip_set_member_index.h"

#include "index_support.h"
#include "model/selector/ip_set_ids.h"

using namespace felixsim;
using namespace felixsim::test;
using calc::IpSetMemberIndex;

namespace {

struct Fixture : MemberLog {
  std::string panic;
  IpSetMemberIndex index;

  explicit Fixture(bool suppress = false)
      : index({[this](Symbol set, const auto& member) { add('+', set, member); },
               [this](Symbol set, const auto& member) { add('-', set, member); }},
              suppress, [this](std::string why) { panic = std::move(why); }) {}

  void select(const std::string& id, const std::string& selector) {
    index.add_ip_set(Symbol(id), *parse_selector(selector), named_port_protocol_none, {});
  }
  void select_port(const std::string& id, const std::string& selector, uint8_t protocol,
                   const std::string& port) {
    index.add_ip_set(Symbol(id), *parse_selector(selector), protocol, Symbol(port));
  }
};

EndpointPort port(const std::string& name, const std::string& protocol, uint16_t number) {
  return {Symbol(name), Protocol{Symbol(protocol), 0}, number};
}

}  // namespace

TEST_CASE("a set has the addresses of what its selector matches, whichever comes first") {
  Fixture f;
  f.index.on_update(workload({"a", {{"app", "web"}}, {"10.0.0.1/32", "fd00::1/128"}}));
  f.select("web", "app == 'web'");
  CHECK(f.take_sorted() == "+web 10.0.0.1/32; +web fd00::1/128");
  f.index.on_update(workload({"b", {{"app", "web"}}, {"10.0.0.2"}}));
  CHECK(f.take() == "+web 10.0.0.2/32");
  f.index.on_update(workload({"b", {{"app", "db"}}, {"10.0.0.2"}}));
  CHECK(f.take() == "-web 10.0.0.2/32");
  f.index.on_update({workload_key("a"), nullptr});
  CHECK(f.take_sorted() == "-web 10.0.0.1/32; -web fd00::1/128");
}

TEST_CASE("new addresses come before old ones go") {
  Fixture f;
  f.select("all", "all()");
  f.index.on_update(workload({"a", {}, {"10.0.0.1", "10.0.0.2"}}));
  CHECK(f.take() == "+all 10.0.0.1/32; +all 10.0.0.2/32");
  f.index.on_update(workload({"a", {}, {"10.0.0.2", "10.0.0.3"}}));
  CHECK(f.take() == "+all 10.0.0.3/32; -all 10.0.0.1/32");
}

TEST_CASE("an address of two endpoints stays until the last one loses it") {
  Fixture f;
  f.select("all", "all()");
  f.select("x", "has(x)");
  f.index.on_update(workload({"a", {{"x", ""}}, {"10.0.0.1", "10.0.0.1"}}));
  f.index.on_update(workload({"b", {}, {"10.0.0.1"}}));
  CHECK(f.take_sorted() == "+all 10.0.0.1/32; +x 10.0.0.1/32");
  f.index.on_update({workload_key("a"), nullptr});
  CHECK(f.take() == "-x 10.0.0.1/32");
  f.select("late", "all()");
  CHECK(f.take() == "+late 10.0.0.1/32");
  f.index.on_update({workload_key("b"), nullptr});
  CHECK(f.take_sorted() == "-all 10.0.0.1/32; -late 10.0.0.1/32");
}

TEST_CASE("a profile that changes moves all its endpoints, shared addresses too") {
  Fixture f;
  f.select("team", "pcns.team == 'core'");
  for (const std::string name : {"a", "b"})
    f.index.on_update(workload({name, {}, {"10.0.0.9"}, {"kns.x"}}));
  CHECK(f.take() == "");
  f.index.on_update(profile("kns.x", {{"pcns.team", "core"}}));
  CHECK(f.take() == "+team 10.0.0.9/32");
  f.index.on_update({resource_key("Profile", "kns.x"), nullptr});
  CHECK(f.take() == "-team 10.0.0.9/32");
}

TEST_CASE("a named port's set has address and port of those that have it") {
  Fixture f;
  f.select_port("tcp", "all()", 6, "http");
  f.select_port("any", "all()", named_port_protocol_any, "http");
  f.index.on_update(workload({"a", {}, {"10.0.0.1"}, {}, {port("http", "TCP", 80)}}));
  CHECK(f.take_sorted() == "+any 10.0.0.1,tcp:80; +tcp 10.0.0.1,tcp:80");
  f.index.on_update(workload({"b", {}, {"10.0.0.2"}, {}, {port("http", "udp", 80)}}));
  CHECK(f.take() == "+any 10.0.0.2,udp:80");
  f.index.on_update(workload({"a", {}, {"10.0.0.1"}, {}, {port("http", "tcp", 81)}}));
  CHECK(f.take_sorted() ==
        "+any 10.0.0.1,tcp:81; +tcp 10.0.0.1,tcp:81; -any 10.0.0.1,tcp:80; -tcp 10.0.0.1,tcp:80");
}

TEST_CASE("a numbered protocol of a named port matches only its own number") {
  Fixture f;
  f.select_port("tcp", "all()", 6, "p");
  f.select_port("any", "all()", named_port_protocol_any, "p");
  const auto numbered = [](uint8_t number) {
    return EndpointPort{Symbol("p"), Protocol{{}, number}, 7};
  };
  f.index.on_update(workload({"six", {}, {"10.0.0.6"}, {}, {numbered(6)}}));
  CHECK(f.take() == "+tcp 10.0.0.6,tcp:7");
  f.index.on_update(workload({"none", {}, {"10.0.0.7"}, {}, {numbered(0)}}));
  CHECK(f.take() == "+any 10.0.0.7,tcp:7");
}

TEST_CASE("a network set's /0 becomes two halves") {
  Fixture f;
  f.select("all", "all()");
  f.index.on_update(network_set("world", {}, {"0.0.0.0/0", "::/0"}));
  CHECK(f.take_sorted() == "+all 0.0.0.0/1; +all 128.0.0.0/1; +all 8000::/1; +all ::/1");
}

TEST_CASE("members inside a wider one are not told, and come back when it goes") {
  Fixture f(true);
  f.select("all", "all()");
  f.index.on_update(workload({"a", {}, {"10.0.0.1"}}));
  f.index.on_update(workload({"b", {}, {"10.0.1.1"}}));
  CHECK(f.take() == "+all 10.0.0.1/32; +all 10.0.1.1/32");
  f.index.on_update(network_set("s", {}, {"10.0.0.0/24"}));
  CHECK(f.take() == "+all 10.0.0.0/24; -all 10.0.0.1/32");
  f.index.on_update(workload({"c", {}, {"10.0.0.2"}}));
  CHECK(f.take() == "");
  f.index.on_update({NetworkSetKey{Symbol("s")}, nullptr});
  CHECK(f.take() == "-all 10.0.0.0/24; +all 10.0.0.1/32; +all 10.0.0.2/32");
}

TEST_CASE("a covered member's going is told, as Felix does") {
  Fixture f(true);
  f.select("all", "all()");
  f.index.on_update(network_set("wide", {}, {"10.0.0.0/8"}));
  f.index.on_update(network_set("middle", {}, {"10.1.0.0/16"}));
  f.index.on_update(network_set("narrow", {}, {"10.1.1.0/24"}));
  CHECK(f.take() == "+all 10.0.0.0/8");
  f.index.on_update({NetworkSetKey{Symbol("middle")}, nullptr});
  CHECK(f.take() == "-all 10.1.0.0/16; +all 10.1.1.0/24");
}

TEST_CASE("the members of a removed set are not told, and its id can be used again") {
  Fixture f;
  f.index.on_update(workload({"a", {{"a", "1"}}, {"10.0.0.1"}}));
  f.select("s", "has(a)");
  f.take();
  f.index.remove_ip_set(Symbol("s"));
  f.index.remove_ip_set(Symbol("s"));
  f.index.on_update({workload_key("a"), nullptr});
  CHECK(f.take() == "");
  f.index.on_update(workload({"a", {{"a", "1"}}, {"10.0.0.1"}}));
  f.select("s", "has(a)");
  CHECK(f.take() == "+s 10.0.0.1/32");
}

TEST_CASE("the last endpoint of a profile that it lists twice ends Felix") {
  Fixture f;
  f.index.on_update(workload({"a", {}, {"10.0.0.1"}, {"p", "p"}}));
  f.index.on_update(workload({"b", {}, {"10.0.0.2"}, {"p"}}));
  f.index.on_update({workload_key("b"), nullptr});
  CHECK(f.panic == "");
  f.index.on_update(workload({"a", {{"x", ""}}, {"10.0.0.1"}, {"p", "p"}}));
  CHECK(f.panic == "");
  f.index.on_update({workload_key("a"), nullptr});
  CHECK(f.panic == "discard of unknown ID");
}
