// SPDX-License-Identifier: Apache-2.0
#include "model/calc/policy_sorter.h"

#include <algorithm>

#include "model/calc/policy_lists.h"

using namespace felixsim;
using namespace felixsim::calc;

namespace {

PolicyKey key(const char* name, const char* ns = "", const char* kind = "GlobalNetworkPolicy") {
  return {Symbol(kind), Symbol(ns), Symbol(name)};
}

PolicyMeta meta(const char* tier, std::optional<double> order = {}) {
  Policy policy;
  policy.tier = Symbol(tier);
  policy.order = order;
  return policy_meta(policy);
}

std::string text(const TierPtrs& tiers) {
  std::string out;
  for (const auto& tier : tiers) {
    out += tier->name.str() + "(" + tier->default_action.str() + "):";
    for (const auto& policy : tier->ingress) out += " " + policy.name.str();
    out += "; ";
  }
  return out;
}

// With the policy if the set is without it, and the other way round.
PolicyLists::Set toggled(PolicyLists& lists, PolicyLists::Set set, const PolicyKey& policy) {
  return lists.toggled(set, {lists.number_of(policy)});
}

// What an endpoint with these policies has.
std::string text(const PolicySorter& sorter, const std::vector<PolicyKey>& keys) {
  PolicyLists lists(sorter);
  auto set = PolicyLists::none;
  for (const auto& key : keys) set = toggled(lists, set, key);
  lists.move_endpoint(PolicyLists::none, set);
  lists.refresh();
  return text(lists.workload_tiers(set));
}

}  // namespace

TEST_CASE("policies sort by order, those without last, ties by name, namespace, kind") {
  PolicySorter sorter;
  std::vector<PolicyKey> keys{key("a0"), key("a"),   key("a.b"),    key("a-b"),
                              key("z"),  key("mid"), key("a", "ns")};
  for (const auto& k : keys) sorter.update_policy(k, meta("default", 5));
  sorter.update_policy(keys[4], meta("default", -1));
  sorter.update_policy(keys[5], meta("default"));
  CHECK(text(sorter, keys) == "default(): z a-b a.b a a a0 mid; ");
}

TEST_CASE("tiers with a resource come first, then by order, then by name") {
  PolicySorter sorter;
  std::vector<PolicyKey> keys;
  for (const char* tier : {"ghost", "b", "a", "c", "unordered"}) {
    keys.push_back(key(tier));
    sorter.update_policy(keys.back(), meta(tier));
  }
  sorter.update_tier(Symbol("a"), std::make_unique<Tier>(Tier{2, Symbol("Deny")}).get());
  sorter.update_tier(Symbol("b"), std::make_unique<Tier>(Tier{2, Symbol("Pass")}).get());
  sorter.update_tier(Symbol("c"), std::make_unique<Tier>(Tier{1, Symbol("Deny")}).get());
  sorter.update_tier(Symbol("unordered"), std::make_unique<Tier>(Tier{}).get());
  CHECK(text(sorter, keys) ==
        "c(Deny): c; a(Deny): a; b(Pass): b; unordered(): unordered; ghost(): ghost; ");
}

TEST_CASE("a deleted tier keeps its default action while it holds policies") {
  PolicySorter sorter;
  const Tier tier{1, Symbol("Pass")};
  sorter.update_tier(Symbol("t"), &tier);
  sorter.update_policy(key("p"), meta("t"));
  sorter.update_tier(Symbol("t"), nullptr);
  CHECK(text(sorter, {key("p")}) == "t(Pass): p; ");
  sorter.remove_policy(key("p"));
  sorter.update_policy(key("p"), meta("t"));
  CHECK(text(sorter, {key("p")}) == "t(): p; ");
}

TEST_CASE("an update tells whether order or treatment changed") {
  PolicySorter sorter;
  CHECK(sorter.update_policy(key("p"), meta("t", 1)));
  CHECK_FALSE(sorter.update_policy(key("p"), meta("t", 1)));
  CHECK(sorter.update_policy(key("p"), meta("t", 2)));
  CHECK(sorter.update_policy(key("p"), meta("u", 2)));
  CHECK(sorter.remove_policy(key("p")));
  CHECK_FALSE(sorter.remove_policy(key("p")));
  CHECK(sorter.find(key("p")) == nullptr);
}

TEST_CASE("endpoints with the same policies share one list, whichever way they came to them") {
  PolicySorter sorter;
  PolicyLists lists(sorter);
  for (const char* name : {"a", "b", "c"}) sorter.update_policy(key(name), meta("t"));
  const auto a = toggled(lists, PolicyLists::none, key("a"));
  const auto ab = toggled(lists, a, key("b"));
  const auto cba = lists.toggled(
      PolicyLists::none,
      {lists.number_of(key("c")), lists.number_of(key("b")), lists.number_of(key("a"))});
  CHECK(toggled(lists, cba, key("c")) == ab);
  CHECK(toggled(lists, ab, key("b")) == a);
  CHECK(lists.has(ab, lists.number_of(key("b"))));
  CHECK_FALSE(lists.has(a, lists.number_of(key("b"))));
  CHECK(lists.toggled(cba, {lists.number_of(key("a")), lists.number_of(key("b")),
                            lists.number_of(key("c"))}) == PolicyLists::none);
  lists.move_endpoint(PolicyLists::none, ab);
  lists.refresh();
  CHECK(text(lists.workload_tiers(ab)) == "t(): a b; ");
  const TierListsPtr put_together = lists.lists(ab);
  CHECK(std::ranges::equal(put_together->normal, lists.workload_tiers(ab)));
  lists.refresh();
  CHECK(lists.lists(ab) == put_together);
}

TEST_CASE("a list is made again where the order or the treatment of what is in it changed") {
  PolicySorter sorter;
  PolicyLists lists(sorter);
  const Tier first{1, Symbol("Deny")}, last{9, Symbol("Pass")};
  sorter.update_tier(Symbol("t"), &first);
  sorter.update_tier(Symbol("u"), &last);
  for (const char* name : {"a", "b"}) sorter.update_policy(key(name), meta("t", 1));
  sorter.update_policy(key("c"), meta("u"));
  const auto one = toggled(lists, toggled(lists, PolicyLists::none, key("a")), key("c"));
  const auto other = toggled(lists, PolicyLists::none, key("c"));
  lists.move_endpoint(PolicyLists::none, one);
  lists.move_endpoint(PolicyLists::none, other);
  lists.refresh();
  const auto tiers = [&](PolicyLists::Set set) {
    CHECK(std::ranges::equal(lists.lists(set)->normal, lists.workload_tiers(set)));
    return text(lists.workload_tiers(set));
  };
  CHECK(tiers(one) == "t(Deny): a; u(Pass): c; ");
  CHECK(lists.workload_tiers(one)[1] == lists.workload_tiers(other)[0]);

  sorter.update_policy(key("a"), meta("u"));
  const auto other_before = lists.workload_tiers(other);
  lists.on_policy(key("a"));
  lists.follow_sorter();
  lists.refresh();
  CHECK(tiers(one) == "u(Pass): a c; ");
  CHECK(lists.workload_tiers(other) == other_before);

  const Tier now{0, Symbol("Deny")};
  sorter.update_policy(key("a"), meta("t"));
  lists.on_policy(key("a"));
  sorter.update_tier(Symbol("u"), &now);
  lists.on_tier(Symbol("u"));
  lists.follow_sorter();
  lists.refresh();
  CHECK(tiers(one) == "u(Deny): c; t(Deny): a; ");
  CHECK(tiers(other) == "u(Deny): c; ");

  CHECK_FALSE(sorter.update_tier(Symbol("u"), &now));
  sorter.remove_policy(key("c"));
  lists.on_policy(key("c"));
  lists.follow_sorter();
  lists.refresh();
  CHECK(tiers(one) == "t(Deny): a; ");
  CHECK(tiers(other).empty());
}

TEST_CASE("a tier's list stays the same object while its policies and default action do") {
  PolicySorter sorter;
  PolicyLists lists(sorter);
  const auto set_tier = [&](const char* name, Tier tier) {
    if (sorter.update_tier(Symbol(name), &tier)) lists.on_tier(Symbol(name));
  };
  const auto set_order = [&](const char* name, double order) {
    if (sorter.update_policy(key(name), meta("t", order))) lists.on_policy(key(name));
  };
  set_tier("t", {1, Symbol("Deny")});
  set_tier("u", {2, Symbol("Deny")});
  for (const char* name : {"a", "b"}) set_order(name, 1);
  sorter.update_policy(key("c"), meta("u"));
  const auto set = lists.toggled(
      PolicyLists::none,
      {lists.number_of(key("a")), lists.number_of(key("b")), lists.number_of(key("c"))});
  lists.move_endpoint(PolicyLists::none, set);
  lists.refresh();
  const TierPtr t = lists.workload_tiers(set)[0], u = lists.workload_tiers(set)[1];
  const auto refresh = [&] {
    lists.follow_sorter();
    lists.refresh();
  };

  set_tier("t", {3, Symbol("Deny")});
  refresh();
  CHECK(lists.workload_tiers(set) == TierPtrs{u, t});
  set_tier("u", {2, Symbol("Pass")});
  refresh();
  CHECK(text(lists.workload_tiers(set)) == "u(Pass): c; t(Deny): a b; ");
  CHECK(lists.workload_tiers(set)[1] == t);
  set_order("b", 2);
  refresh();
  CHECK(lists.workload_tiers(set)[1] == t);
  set_order("b", 0);
  refresh();
  CHECK(text(lists.workload_tiers(set)) == "u(Pass): c; t(Deny): b a; ");
}

TEST_CASE("sets of policies that no endpoint has any more are forgotten, those in use stay") {
  PolicySorter sorter;
  PolicyLists lists(sorter);
  sorter.update_policy(key("kept"), meta("t"));
  const auto kept = toggled(lists, PolicyLists::none, key("kept"));
  lists.move_endpoint(PolicyLists::none, kept);
  auto before = kept;
  for (int i = 0; i < 1000; ++i) {
    const auto name = fmt::format("p{}", i);
    sorter.update_policy(key(name.c_str()), meta("t", i));
    const auto next = toggled(lists, kept, key(name.c_str()));
    lists.move_endpoint(before, next);
    before = next;
    lists.move_endpoint(PolicyLists::none, kept);
    lists.follow_sorter();
    lists.refresh();
    REQUIRE(next < 200);
    REQUIRE(text(lists.workload_tiers(next)) == "t(): " + name + " kept; ");
    REQUIRE(text(lists.workload_tiers(kept)) == "t(): kept; ");
    if (i > 0) sorter.remove_policy(key(fmt::format("p{}", i - 1).c_str()));
    if (i > 0) lists.on_policy(key(fmt::format("p{}", i - 1).c_str()));
  }
}
