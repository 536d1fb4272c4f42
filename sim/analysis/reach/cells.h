// SPDX-License-Identifier: Apache-2.0
// The policies of one direction that an endpoint has, and what they do with headers of one kind, as
// one list of steps. Mirrors the order in which a workload's chains ask (felix/rules/endpoints.go,
// endpointIptablesChain): tiers, policies, the tier's default action, profiles.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <vector>

#include "sim/analysis/reach/rules.h"

namespace felixsim::reach {

struct ProgramTier {
  Symbol name;
  std::vector<const RuleMatches*> policies;
  std::vector<PolicyKey> names;  // of the policies
  bool denies_rest = true;
};
using ProgramTierPtr = std::shared_ptr<const ProgramTier>;  // programs share them

// What a host endpoint asks about packets that its host forwards, after the workload's own policy:
// all must let a packet pass.
struct HostSection {
  bool surely = true;   // asked in any case; else only if the packet passes its interface
  bool untold = false;  // has policy that may deny, the input does not tell what
  ElementSetPtr never;  // peers of which it is not asked; null: none
  std::vector<ProgramTierPtr> tiers;
};

// The policies of one direction, in Felix's order; or one policy alone, which tells what it passes
// apart from what it leaves to the next policy.
struct Program {
  bool ingress = true;
  const RuleMatches* policy = nullptr;  // alone
  bool down = false;                    // the endpoint's state is not active
  std::vector<ProgramTierPtr> tiers;
  std::vector<const RuleMatches*> profiles;
  std::vector<Symbol> profile_names;
  std::vector<HostSection> host_sections;
  std::vector<size_t> denied_first;  // header conditions: encapsulation that workloads may not send
  bool asks_local = false;           // some rule has a condition on the endpoint's own side
  bool asks_profiles = true;         // else it is a part of one: what no tier decides is left
};

enum class DecidedBy : uint8_t {
  rule,
  end_of_tier,
  no_profile,
  encapsulation,
  down,
  host_endpoint,  // perhaps: untold
  nobody          // a host section is over, or not asked
};

// Where in a program a decision (or a pass) falls. A tier past the last one: the profiles; past
// these: the tiers of all host sections in a row.
struct Decided {
  DecidedBy by = DecidedBy::rule;
  uint32_t tier = 0, policy = 0;
  const RuleMatch* rule = nullptr;
};

// One thing that is asked about the peers that are left.
struct Step {
  // next: what is allowed so far must pass what follows, too.
  enum class Does : uint8_t { allow, deny, pass, end, next } does = Does::end;
  // A profile's pass returns whatever has the pass mark, which each tier clears at its start and
  // profiles never do: what the last tier passed leaves a profile there, whether the rule matches
  // (also) or cannot (only).
  enum class IfMarked : uint8_t { no, also, only } if_marked = IfMarked::no;
  bool keeps_marks = false;  // of an end: that of a profile
  bool surely = true;        // whether the condition on the endpoint's own side is known to hold
  bool denies_rest = true;   // of an end; else what is left goes on
  bool says_ports = false;   // the rule has a condition on the peer's named ports
  const ElementSet* addresses = nullptr;  // null: any peer
  Decided decided;
};

// Headers for which a program does the same, and what it does: those of its rules that may match.
struct Cell {
  Bits headers;
  size_t header = 0;  // one of them
  std::vector<Step> steps;
  bool says_ports = false;  // some step does
};

template <class Each>
void for_each_policy(const Program& program, Each each) {
  if (program.policy) each(*program.policy);
  for (const auto& tier : program.tiers)
    for (const auto* policy : tier->policies) each(*policy);
  for (const auto* profile : program.profiles) each(*profile);
  for (const auto& section : program.host_sections)
    for (const auto& tier : section.tiers)
      for (const auto* policy : tier->policies) each(*policy);
}

// The tier of a decision; null: a profile's.
const ProgramTier* tier_at(const Program& program, size_t tier);

// What rules find at the endpoint's own address `local`: endpoints with equal answers are treated
// alike. O(rules with a local condition).
std::vector<uint8_t> local_answers(const Program& program, size_t local);

// The coarsest cuts of the headers that all conditions of a program respect, remembered: most
// programs have the conditions of others.
class HeaderCuts {
 public:
  explicit HeaderCuts(const HeaderSpace& headers) : headers_(headers) {}
  // Valid until the next call.
  const std::vector<Bits>& of(const Program& program);

 private:
  const HeaderSpace& headers_;
  Bits conditions_;  // of the program asked for
  absl::flat_hash_map<std::vector<uint64_t>, std::vector<Bits>> known_;
};

// The cells of a program; `local` stands for all endpoints that have it. O(rules × cells).
std::vector<Cell> cells_of(const Program& program, size_t local, const HeaderSpace& headers,
                           HeaderCuts& cuts);

// Whether the conditions on named ports of one side of a rule hold at an element.
Verdict ports_hold(const RuleSideMatch& side, size_t element, const HeaderSpace& headers,
                   size_t header);

}  // namespace felixsim::reach
