// SPDX-License-Identifier: Apache-2.0
#include "model/calc/shared_ip_sets.h"

#include "index_support.h"
#include "model/selector/ip_set_ids.h"

using namespace felixsim;
using namespace felixsim::test;
using calc::SharedIpSets;

namespace {

calc::IpSetDefinition selecting(const std::string& id, const std::string& selector) {
  return {Symbol(id),
          msg::IpSetType::net,
          *parse_selector(selector),
          named_port_protocol_none,
          Symbol(),
          Symbol()};
}

std::string text(const msg::IpSetMembers& members) {
  std::vector<std::string> texts;
  for (const auto& member : members) texts.push_back(msg::member_text(msg::IpSetType::net, member));
  return fmt::format("{}", fmt::join(texts, " "));
}
std::string text(const SharedIpSets::Change& change) {
  return fmt::format("+{} -{}", text(change.added), text(change.removed));
}

const Symbol web("web");

}  // namespace

TEST_CASE("who comes first and who comes later are sent the same members") {
  SharedIpSets sets(false);
  sets.on_update(workload({"a", {{"app", "web"}}, {"10.0.0.1"}}));
  sets.use(selecting("web", "app == 'web'"));
  CHECK(text(sets.members(web)) == "10.0.0.1/32");
  sets.end_epoch();
  sets.on_update(workload({"b", {{"app", "web"}}, {"10.0.0.2"}}));
  sets.on_update({workload_key("a"), nullptr});
  sets.use(selecting("web", "app == 'web'"));
  CHECK(text(sets.members(web)) == "10.0.0.2/32");
  CHECK(text(sets.change_after_members(web)) == "+ -");
  CHECK(text(sets.change(web)) == "+10.0.0.2/32 -10.0.0.1/32");
  sets.end_epoch();
  CHECK(sets.changed().empty());
  CHECK(text(sets.members(web)) == "10.0.0.2/32");
}

TEST_CASE("a member that comes and goes within an epoch is no change") {
  SharedIpSets sets(false);
  sets.use(selecting("web", "app == 'web'"));
  sets.end_epoch();
  sets.on_update(workload({"a", {{"app", "web"}}, {"10.0.0.1"}}));
  sets.on_update({workload_key("a"), nullptr});
  CHECK(sets.change(web).empty());
  sets.end_epoch();
  CHECK(text(sets.members(web)).empty());
}

TEST_CASE("a set ends with its last use and starts anew with the next") {
  SharedIpSets sets(false);
  sets.on_update(workload({"a", {{"app", "web"}}, {"10.0.0.1"}}));
  sets.use(selecting("web", "app == 'web'"));
  sets.use(selecting("web", "app == 'web'"));
  sets.end_epoch();
  sets.release(web);
  sets.on_update(workload({"b", {{"app", "web"}}, {"10.0.0.2"}}));
  CHECK(sets.changed() == std::vector{web});
  sets.release(web);
  CHECK(sets.changed().empty());
  sets.use(selecting("web", "app == 'web'"));
  CHECK(text(sets.members(web)) == "10.0.0.1/32 10.0.0.2/32");
}

TEST_CASE("many small changes over many epochs add up") {
  SharedIpSets sets(true);
  sets.use(selecting("web", "has(app)"));
  std::set<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    const auto name = fmt::format("p{}", i % 60), net = fmt::format("10.0.0.{}/32", i % 60);
    if (i % 7 < 4) {
      sets.on_update(workload({name, {{"app", "x"}}, {net}}));
      expected.insert(net);
    } else {
      sets.on_update({workload_key(name), nullptr});
      expected.erase(net);
    }
    if (i % 3 == 0) sets.end_epoch();
    std::set<std::string> members;
    for (const auto& member : sets.members(web)) members.insert(member.cidr.str());
    REQUIRE(members == expected);
  }
}
