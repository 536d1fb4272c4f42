// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/tier_changes.h"

namespace felixsim::reach {
namespace {

// More tiers are not looked at: they are not shared by many.
constexpr size_t most_tiers = 64;
// What concerns more peers, or more than a quarter of all, is said of the header.
constexpr size_t most_peers = 2 * Bits::word_bits;
constexpr size_t most_peers_in_all = 8 * Bits::word_bits;  // more: said of all headers

std::vector<TierOutcome> all_left(const HeaderSpace& headers, const Bits& live) {
  TierOutcome out{Bits(headers.size()), Bits(live.size()), Bits(live.size()), live};
  out.headers.set();
  return {std::move(out)};
}

void bound(Difference& difference) {
  if (difference.peers.count() > most_peers_in_all) difference.headers.set();
  difference.all_headers = difference.headers.all();
}

bool rules_changed(const ProgramTier& tier, size_t update) {
  return std::any_of(tier.policies.begin(), tier.policies.end(),
                     [&](const RuleMatches* rules) { return rules->changed == update; });
}

}  // namespace

TierChanges::TierChanges(const HeaderSpace& headers, const Bits& live, size_t update,
                         const std::set<Symbol>& tiers)
    : headers_(headers),
      live_(live),
      update_(update),
      tiers_(tiers),
      nothing_(all_left(headers, live)) {}

bool TierChanges::comparable(const Program& before, const Program& after) const {
  return !before.asks_local && !after.asks_local && before.host_sections.empty() &&
         after.host_sections.empty() && before.down == after.down &&
         before.denied_first == after.denied_first && before.profiles == after.profiles &&
         std::none_of(after.profiles.begin(), after.profiles.end(), [&](const RuleMatches* rules) {
           // A pass asks what a tier passed, which outcomes do not tell.
           return rules->changed == update_ || rules->passes;
         });
}

// Whether a tier is in both programs and not known to have moved.
bool TierChanges::stays(const ProgramTierPtr& tier, const Program& other) const {
  return !tiers_.contains(tier->name) &&
         std::find(other.tiers.begin(), other.tiers.end(), tier) != other.tiers.end();
}

const Difference* TierChanges::between(const Program& before, const Program& after) {
  if (!comparable(before, after)) return nullptr;
  const bool ingress = after.ingress;
  Differences differences;
  auto old = before.tiers.begin();
  auto now = after.tiers.begin();
  while (true) {
    const bool old_stays = old != before.tiers.end() && stays(*old, after);
    const bool now_stays = now != after.tiers.end() && stays(*now, before);
    const bool old_goes = old != before.tiers.end() && !old_stays;
    const bool now_comes = now != after.tiers.end() && !now_stays;
    if (old_goes && now_comes && (*old)->name == (*now)->name) {
      if (!add(*old++, *now++, ingress, differences)) return nullptr;
    } else if (old_goes) {
      if (!add(*old++, nullptr, ingress, differences)) return nullptr;
    } else if (now_comes) {
      if (!add(nullptr, *now++, ingress, differences)) return nullptr;
    } else if (old_stays != now_stays) {
      return nullptr;
    } else if (!old_stays) {
      return joined(differences);
    } else {
      if (*old != *now) return nullptr;
      if (rules_changed(**old, update_) && !add(*old, *now, ingress, differences)) return nullptr;
      ++old;
      ++now;
    }
  }
}

// False: it is not told.
bool TierChanges::add(const ProgramTierPtr& before, const ProgramTierPtr& after, bool ingress,
                      Differences& out) {
  const std::pair key(before.get(), after.get());
  auto known = differences_.find(key);
  if (known == differences_.end()) {
    const Outcomes* was = before ? outcomes(before, ingress, true) : &nothing_;
    const Outcomes* is = was && after ? outcomes(after, ingress, false) : &nothing_;
    if (!was || !is) return false;
    known = differences_.emplace(key, std::make_unique<Difference>(compare(*was, *is))).first;
  }
  if (known->second->headers.any() || known->second->peers.any())
    out.push_back(known->second.get());
  return true;
}

// The tier with its rules as they were; none: the rules are what they were, but not their sets.
std::optional<ProgramTierPtr> TierChanges::as_before(const ProgramTierPtr& tier) const {
  if (!rules_changed(*tier, update_)) return tier;
  auto out = std::make_shared<ProgramTier>(*tier);
  for (auto& rules : out->policies) {
    if (rules->changed != update_) continue;
    if (!rules->before) return std::nullopt;
    rules = rules->before.get();
  }
  return out;
}

const TierChanges::Outcomes* TierChanges::outcomes(const ProgramTierPtr& tier, bool ingress,
                                                   bool before) {
  const std::pair key(tier.get(), before);
  if (const auto it = outcomes_.find(key); it != outcomes_.end())
    return it->second.empty() ? nullptr : &it->second;
  if (outcomes_.size() >= most_tiers) return nullptr;
  outcomes_.reserve(most_tiers);  // what is in it stays where it is
  Outcomes& out = outcomes_[key];
  const auto wanted = before ? as_before(tier) : tier;
  if (wanted) out = outcomes_of(*wanted, ingress, headers_, live_);
  return out.empty() ? nullptr : &out;
}

Difference TierChanges::compare(const Outcomes& before, const Outcomes& after) const {
  const size_t most = std::min(most_peers, live_.count() / 4);
  Difference out{Bits(headers_.size()), Bits(live_.size()), false};
  for (const auto& was : before)
    for (const auto& is : after) {
      if (!was.headers.intersects(is.headers)) continue;
      Bits peers(live_.size());
      for (const auto part : {&TierOutcome::allowed, &TierOutcome::denied, &TierOutcome::left}) {
        peers |= was.*part - is.*part;
        peers |= is.*part - was.*part;
      }
      if (peers.count() <= most)
        out.peers |= peers;
      else
        out.headers |= was.headers & is.headers;
    }
  bound(out);
  return out;
}

const Difference* TierChanges::joined(const Differences& differences) {
  if (differences.size() == 1) return differences.front();
  auto& out = joined_[differences];
  if (out) return out.get();
  out = std::make_unique<Difference>();
  out->headers = Bits(headers_.size());
  out->peers = Bits(live_.size());
  for (const auto* one : differences) {
    out->headers |= one->headers;
    out->peers |= one->peers;
  }
  bound(*out);
  return out.get();
}

}  // namespace felixsim::reach
