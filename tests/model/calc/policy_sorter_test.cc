// SPDX-License-Identifier: Apache-2.0
#include "model/calc/policy_sorter.h"

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

std::string text(const std::vector<AppliedTier>& tiers) {
  std::string out;
  for (const auto& tier : tiers) {
    out += tier.name.str() + "(" + tier.default_action.str() + "):";
    for (const auto& policy : tier.policies) out += " " + policy.key.name.str();
    out += "; ";
  }
  return out;
}

}  // namespace

TEST_CASE("policies sort by order, those without last, ties by name, namespace, kind") {
  PolicySorter sorter;
  std::vector<PolicyKey> keys{key("a0"), key("a"),   key("a.b"),    key("a-b"),
                              key("z"),  key("mid"), key("a", "ns")};
  for (const auto& k : keys) sorter.update_policy(k, meta("default", 5));
  sorter.update_policy(keys[4], meta("default", -1));
  sorter.update_policy(keys[5], meta("default"));
  CHECK(text(sorter.sorted(keys)) == "default(): z a-b a.b a a a0 mid; ");
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
  CHECK(text(sorter.sorted(keys)) ==
        "c(Deny): c; a(Deny): a; b(Pass): b; unordered(): unordered; ghost(): ghost; ");
}

TEST_CASE("a deleted tier keeps its default action while it holds policies") {
  PolicySorter sorter;
  const Tier tier{1, Symbol("Pass")};
  sorter.update_tier(Symbol("t"), &tier);
  sorter.update_policy(key("p"), meta("t"));
  sorter.update_tier(Symbol("t"), nullptr);
  CHECK(text(sorter.sorted({key("p")})) == "t(Pass): p; ");
  sorter.remove_policy(key("p"));
  sorter.update_policy(key("p"), meta("t"));
  CHECK(text(sorter.sorted({key("p")})) == "t(): p; ");
}

TEST_CASE("an update tells whether order or treatment changed") {
  PolicySorter sorter;
  CHECK(sorter.update_policy(key("p"), meta("t", 1)));
  CHECK_FALSE(sorter.update_policy(key("p"), meta("t", 1)));
  CHECK(sorter.update_policy(key("p"), meta("t", 2)));
  CHECK(sorter.update_policy(key("p"), meta("u", 2)));
  CHECK(sorter.remove_policy(key("p")));
  CHECK_FALSE(sorter.remove_policy(key("p")));
  CHECK(sorter.sorted({key("p")}).empty());
}
