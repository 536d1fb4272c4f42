// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/allowed_by.h"

#include "sim/analysis/reach/ask.h"

namespace felixsim::reach {
namespace {

// Headers that all layers so far treat alike, and how far packets with peers may have come.
struct Part {
  Bits headers;
  Bits allowed, denied, left, passed;
};

Bits all_of(size_t size) {
  Bits out(size);
  out.set();
  return out;
}

Bits denied_first(const Stack& stack, const HeaderSpace& headers) {
  Bits out(headers.size());
  if (stack.denied_first)
    for (const size_t condition : *stack.denied_first) out |= headers.of(condition);
  return out;
}

// What a layer does with the peers that have come so far.
void ask(const Outcome& outcome, Part& peers) {
  for_each_words(peers.left.words().size(), [&]<size_t N>(size_t offset) {
    const auto of = [&](const Bits& set) {
      return set.size() == 0 ? Words<N>::none() : Words<N>::at(set.data() + offset);
    };
    const auto add = [&](const Words<N>& more, Bits& set) {
      auto sum = of(set);
      sum |= more;
      sum.put(set.data() + offset);
    };
    const Words<N> came = of(peers.left), allowed = of(outcome.allowed), left = of(outcome.left),
                   passed = of(outcome.passed);
    add(came & allowed, peers.allowed);
    add(came & passed, peers.passed);
    add(came - allowed - left - passed, peers.denied);
    add(came & of(outcome.denied), peers.denied);
    (came & left).put(peers.left.data() + offset);
  });
}

// Adds a layer; parts of whose headers it does different things are divided.
void ask(const HeaderOutcomes& layer, std::vector<Part>& parts) {
  const size_t count = parts.size();
  for (size_t p = 0; p < count; ++p) {
    if (parts[p].left.none()) continue;
    for (size_t o = 0; o < layer.outcomes.size(); ++o) {
      const Bits& headers = layer.headers[o];
      if (!parts[p].headers.intersects(headers)) continue;
      Bits others = parts[p].headers - headers;
      if (others.none()) {
        ask(layer.outcomes[o], parts[p]);
        break;
      }
      Part part = parts[p];
      part.headers &= headers;
      ask(layer.outcomes[o], part);
      parts.push_back(std::move(part));
      parts[p].headers = std::move(others);
    }
  }
}

void begin_section(std::vector<Part>& parts) {
  for (auto& part : parts) part.left = std::exchange(part.allowed, Bits(part.left.size()));
}

void end_tier(bool denies_rest, Part& part) {
  if (denies_rest)
    part.denied |= std::exchange(part.left, part.passed);
  else
    part.left |= part.passed;
}

HeaderOutcomes outcomes_of(std::vector<Part> parts) {
  HeaderOutcomes out;
  for (auto& part : parts) {
    Bits open = part.allowed;
    open |= part.left;
    part.denied &= open;
    for (Bits* set : {&part.allowed, &part.left, &part.denied})
      if (set->none()) *set = Bits();
    Outcome outcome{std::move(part.allowed), std::move(part.left), {}, std::move(part.denied)};
    const auto same = std::find(out.outcomes.begin(), out.outcomes.end(), outcome);
    if (same != out.outcomes.end()) {
      out.headers[static_cast<size_t>(same - out.outcomes.begin())] |= part.headers;
      continue;
    }
    out.outcomes.push_back(std::move(outcome));
    out.headers.push_back(std::move(part.headers));
  }
  return out;
}

// Puts parts with the same peers together.
Allowed joined(std::vector<Part> parts, const Bits& live) {
  Allowed out;
  for (auto& part : parts) {
    Tri peers{part.allowed - part.denied, std::move(part.allowed)};
    peers.yes &= live;
    peers.may &= live;
    if (peers.may.none()) continue;
    const auto same = std::find_if(out.begin(), out.end(),
                                   [&](const AllowedPart& other) { return other.peers == peers; });
    if (same == out.end())
      out.push_back({std::move(part.headers), std::move(peers)});
    else
      same->headers |= part.headers;
  }
  std::sort(out.begin(), out.end(), [](const AllowedPart& a, const AllowedPart& b) {
    return a.headers.find_first() < b.headers.find_first();
  });
  return out;
}

bool has(const Bits& set, size_t member) { return set.size() != 0 && set.test(member); }

}  // namespace

const HeaderOutcomes& TierOutcomes::of(const Stack::Tier& tier) {
  std::vector<uint64_t> identity{tier.denies_rest ? 1u : 0u};
  for (const Layer* layer : tier.policies) identity.push_back(reinterpret_cast<uintptr_t>(layer));
  const auto [known, fresh] = known_.try_emplace(std::move(identity));
  if (!fresh) return known->second;
  const Bits none(live_.size());
  std::vector<Part> parts{{all_of(headers_.size()), none, none, live_, none}};
  for (const Layer* layer : tier.policies) ask(*layer, parts);
  for (auto& part : parts) end_tier(tier.denies_rest, part);
  return known->second = outcomes_of(std::move(parts));
}

Allowed allowed_by(const Stack& stack, TierOutcomes& tiers) {
  const Bits& live = tiers.live();
  if (stack.kind == Stack::Kind::down) return {};
  if (stack.kind == Stack::Kind::untold)
    return {{all_of(tiers.headers().size()), {Bits(live.size()), live}}};
  std::vector<Part> parts;
  const Bits asked = ~denied_first(stack, tiers.headers());
  const Bits none(live.size());
  if (asked.any()) parts.push_back({asked, none, none, live, none});
  for (const auto& tier : stack.tiers) ask(tiers.of(tier), parts);
  for (const Layer* layer : stack.others) {
    if (layer->is_section()) begin_section(parts);
    ask(*layer, parts);
  }
  return joined(std::move(parts), live);
}

Tri allowed_by(const Stack& stack, const HeaderSpace& headers, size_t peer) {
  Tri out = Tri::none(headers.size());
  if (stack.kind == Stack::Kind::untold) out.may.set();
  if (stack.kind != Stack::Kind::asked) return out;
  const Bits none(headers.size());
  Bits denied = denied_first(stack, headers), left = ~denied;
  Bits allowed = none, passed = none;
  const auto ask = [&](const Layer& layer) {
    Bits goes_on = none;
    for (size_t o = 0; o < layer.outcomes.size(); ++o) {
      const Outcome& outcome = layer.outcomes[o];
      const Bits here = left & layer.headers[o];
      const bool may = has(outcome.allowed, peer), next = has(outcome.left, peer),
                 skips = has(outcome.passed, peer);
      if (may) allowed |= here;
      if (skips) passed |= here;
      if (next) goes_on |= here;
      if ((!may && !next && !skips) || has(outcome.denied, peer)) denied |= here;
    }
    left = std::move(goes_on);
  };
  for (const auto& tier : stack.tiers) {
    passed = none;
    for (const Layer* layer : tier.policies) ask(*layer);
    if (tier.denies_rest)
      denied |= std::exchange(left, passed);
    else
      left |= passed;
  }
  for (const Layer* layer : stack.others) {
    if (layer->is_section()) left = std::exchange(allowed, none);
    ask(*layer);
  }
  return {allowed - denied, allowed};
}

}  // namespace felixsim::reach
