// SPDX-License-Identifier: Apache-2.0
// Rendering and hashing the chains of many policies and endpoints of one node, in both dialects.
// usage: render_bench [ENDPOINTS [POLICIES]]; prints milliseconds and sizes.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/rules/dispatch_chains.h"
#include "model/rules/endpoint_chains.h"
#include "model/rules/policy_chains.h"
#include "model/rules/render.h"

namespace {

using namespace felixsim;
using namespace felixsim::rules;

constexpr size_t rules_per_policy = 4, policies_per_endpoint = 3;

RulesConfig config_for(Dialect dialect) {
  RulesConfig config;
  config.dialect = dialect;
  config.marks.accept = 0x10000;
  config.marks.pass = 0x20000;
  config.marks.drop = 0x40000;
  config.marks.scratch0 = 0x80000;
  config.marks.scratch1 = 0x100000;
  return config;
}

struct Totals {
  size_t rules = 0, bytes = 0;
};

// What a table does with every chain that it is given.
void write(Totals& totals, const Chains& chains, Dialect dialect) {
  for (const Chain& chain : chains) {
    const auto hashes = rule_hashes(chain.name, chain.rules, dialect);
    totals.rules += hashes.size();
    for (size_t i = 0; i < hashes.size(); ++i) {
      const auto& rule = chain.rules[i];
      totals.bytes += dialect == Dialect::nft
                          ? nft_text(rule).size() + nft_comment(rule, hashes[i]).size()
                          : append_text(rule, chain.name, hashes[i]).size();
    }
  }
}

msg::PolicyId policy_id(size_t number) {
  return {Symbol("NetworkPolicy"), Symbol(fmt::format("team-{}", number % 50)),
          Symbol(fmt::format("policy-{}", number))};
}

msg::Policy policy() {
  msg::Rule rule;
  rule.action = "allow";
  rule.protocol = felixsim::Protocol{Symbol("tcp"), 0};
  rule.source.ip_set_ids = {Symbol("s:aTHMmtqeppKyLzbhenKiYRuErfad2JwXIwqQsg")};
  rule.destination.ports = {{80, 80}, {8000, 9000}};
  msg::Policy result;
  result.tier = Symbol("default");
  result.inbound.assign(rules_per_policy, rule);
  result.outbound.assign(rules_per_policy, rule);
  return result;
}

std::vector<TierGroups> tiers(const std::vector<msg::PolicyId>& ids, size_t endpoint) {
  TierGroups tier{Symbol("default"), Symbol("Deny"), {}, {}};
  for (size_t i = 0; i < policies_per_endpoint; ++i) {
    const auto& id = ids[(endpoint + i) % ids.size()];
    tier.ingress.push_back(make_policy_group(Direction::inbound, "all()", {id}));
    tier.egress.push_back(make_policy_group(Direction::outbound, "all()", {id}));
  }
  return {tier};
}

double milliseconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

void run(Dialect dialect, size_t endpoints, size_t policies) {
  const RulesConfig config = config_for(dialect);
  const Renderer renderer{config};
  Totals totals;
  std::vector<msg::PolicyId> ids;
  for (size_t i = 0; i < policies; ++i) ids.push_back(policy_id(i));
  std::vector<std::string> interfaces;
  for (size_t i = 0; i < endpoints; ++i)
    interfaces.push_back(fmt::format("cali{:011x}", i * 2654435761u % 0xffffffff));
  const std::vector<Symbol> profiles{Symbol("kns.default"), Symbol("ksa.default.default")};

  const double policies_ms = milliseconds_of([&] {
    for (const auto& id : ids)
      write(totals, policy_chains(renderer, id, policy()).value(), dialect);
  });
  const double endpoints_ms = milliseconds_of([&] {
    for (size_t i = 0; i < endpoints; ++i)
      write(totals,
            workload_endpoint_chains(renderer, interfaces[i], true, tiers(ids, i), profiles,
                                     std::nullopt, nullptr)
                .value(),
            dialect);
  });
  const double dispatch_ms = milliseconds_of(
      [&] { write(totals, workload_dispatch_chains(renderer, interfaces), dialect); });
  fmt::print(
      "{:8}  policies {:7.1f} ms  endpoints {:7.1f} ms  dispatch {:6.1f} ms  {} rules  {} kB\n",
      dialect == Dialect::nft ? "nft" : "iptables", policies_ms, endpoints_ms, dispatch_ms,
      totals.rules, totals.bytes / 1000);
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int position, size_t otherwise) {
    return argc > position ? std::strtoull(argv[position], nullptr, 10) : otherwise;
  };
  const size_t endpoints = argument(1, 10'000), policies = argument(2, 1'000);
  if (policies == 0) return fmt::print(stderr, "error: at least one policy\n"), 2;
  run(Dialect::iptables, endpoints, policies);
  run(Dialect::nft, endpoints, policies);
}
