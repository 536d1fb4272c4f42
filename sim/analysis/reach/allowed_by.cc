// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/allowed_by.h"

namespace felixsim::reach {
namespace {

// Headers that all layers so far treat alike, and how far packets with peers may have come.
struct Part {
  Bits headers;
  Bits allowed, denied, left;
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

uint64_t word_of(const Bits& set, size_t word) { return set.size() == 0 ? 0 : set.data()[word]; }

// What a layer does with the peers that have come so far.
void ask(const Outcome& outcome, bool section, Part& peers) {
  if (section) peers.left = std::exchange(peers.allowed, Bits(peers.left.size()));
  uint64_t *allowed = peers.allowed.data(), *denied = peers.denied.data(),
           *left = peers.left.data();
  for (size_t w = 0; w < peers.left.words().size(); ++w) {
    const uint64_t may = word_of(outcome.allowed, w), goes_on = word_of(outcome.left, w);
    allowed[w] |= left[w] & may;
    denied[w] |= left[w] & (~(may | goes_on) | word_of(outcome.denied, w));
    left[w] &= goes_on;
  }
}

// Adds a layer; parts of whose headers it does different things are divided.
void ask(const Layer& layer, std::vector<Part>& parts) {
  const size_t count = parts.size();
  for (size_t p = 0; p < count; ++p) {
    if (!layer.is_section() && parts[p].left.none()) continue;
    for (size_t o = 0; o < layer.outcomes.size(); ++o) {
      const Bits& headers = layer.headers[o];
      if (!parts[p].headers.intersects(headers)) continue;
      Bits others = parts[p].headers - headers;
      if (others.none()) {
        ask(layer.outcomes[o], layer.is_section(), parts[p]);
        break;
      }
      Part part = parts[p];
      part.headers &= headers;
      ask(layer.outcomes[o], layer.is_section(), part);
      parts.push_back(std::move(part));
      parts[p].headers = std::move(others);
    }
  }
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

Allowed allowed_by(const Stack& stack, const HeaderSpace& headers, const Bits& live) {
  if (stack.kind == Stack::Kind::down) return {};
  if (stack.kind == Stack::Kind::untold)
    return {{all_of(headers.size()), {Bits(live.size()), live}}};
  std::vector<Part> parts;
  const Bits asked = ~denied_first(stack, headers);
  const Bits none(live.size());
  if (asked.any()) parts.push_back({asked, none, none, live});
  for (const Layer* layer : stack.layers) ask(*layer, parts);
  return joined(std::move(parts), live);
}

Tri allowed_by(const Stack& stack, const HeaderSpace& headers, size_t peer) {
  Tri out = Tri::none(headers.size());
  if (stack.kind == Stack::Kind::untold) out.may.set();
  if (stack.kind != Stack::Kind::asked) return out;
  Bits denied = denied_first(stack, headers), left = ~denied;
  Bits allowed(headers.size());
  for (const Layer* layer : stack.layers) {
    if (layer->is_section()) left = std::exchange(allowed, Bits(headers.size()));
    Bits goes_on(headers.size());
    for (size_t o = 0; o < layer->outcomes.size(); ++o) {
      const Outcome& outcome = layer->outcomes[o];
      const Bits here = left & layer->headers[o];
      const bool may = has(outcome.allowed, peer), next = has(outcome.left, peer);
      if (may) allowed |= here;
      if (next) goes_on |= here;
      if ((!may && !next) || has(outcome.denied, peer)) denied |= here;
    }
    left = std::move(goes_on);
  }
  return {allowed - denied, allowed};
}

}  // namespace felixsim::reach
