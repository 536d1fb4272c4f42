// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/classes.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>

#include "sim/analysis/reach/signature.h"

namespace felixsim::reach {
namespace {

constexpr size_t max_parts_in_table = 10;
constexpr uint32_t not_known = ~uint32_t{0};

// Adds `mark` to the signature of every member, or, where they are many, of all others: that tells
// the same elements apart.
void tell_apart(const Bits& members, const Signature& mark, std::vector<Signature>& signatures) {
  const size_t count = members.count();
  if (count == 0 || count == members.size()) return;
  const bool flip = count > members.size() / 2;
  const Bits smaller = flip ? ~members : members;
  for (size_t i = smaller.find_first(); i != Bits::npos; i = smaller.find_next(i))
    signatures[i] ^= mark;
}

void append_words(const Bits& bits, std::vector<uint64_t>& out) {
  out.insert(out.end(), bits.words().begin(), bits.words().end());
}

Signature contents_of(const Allowed& allowed) {
  Signature out{allowed.size(), ~allowed.size()};
  for (const auto& part : allowed)
    for (const Bits* bits : {&part.headers, &part.peers.yes, &part.peers.may})
      for (const uint64_t word : bits->words()) {
        out[0] = mixed(out[0] ^ word);
        out[1] = mixed(out[1] + 0x2545f4914f6cdd1du * (word + 1));
      }
  return out;
}

}  // namespace

Classes::Classes(const Matrix& matrix, const FamilyMatrix& family, const Focus& focus)
    : family_(family), header_focus_(family.headers.size()) {
  header_focus_.set();
  if (focus.header) {
    const auto wanted = family.headers.find(*focus.header);
    if (wanted) header_focus_ = family.headers.of(*wanted);
  }
  number_of(Tri::none(family.headers.size()));
  absl::flat_hash_map<Signature, size_t> known;
  for (size_t i = 0; i < family.groups.size(); ++i)
    canonical_.push_back(known.emplace(contents_of(family.groups[i]), i).first->second);
  masks_.resize(family.groups.size());
  for (size_t i = 0; i < family.groups.size(); ++i)
    if (family.groups[i].size() <= max_parts_in_table)
      masks_[i].assign(size_t{1} << family.groups[i].size(), not_known);
  senders_ = find_classes(matrix, focus, true);
  receivers_ = find_classes(matrix, focus, false);
  everything_ = number_of(Tri::all(family.headers.size()));
  gather_ingress();
}

// A sender is known by its own egress policy and by what ingress policy, whoever's, sees of it; a
// receiver the other way round.
std::vector<ElementClass> Classes::find_classes(const Matrix& matrix, const Focus& focus,
                                                bool as_senders) const {
  const auto& elements = family_.addresses.elements();
  const auto& own = as_senders ? family_.egress : family_.ingress;
  std::vector<char> asks(family_.groups.size(), 0);  // the groups of the other side
  for (const int group : as_senders ? family_.ingress : family_.egress)
    if (group >= 0) asks[canonical_[static_cast<size_t>(group)]] = 1;
  std::vector<Signature> signatures(elements.size(), Signature{0, 0});
  for (size_t i = 0; i < family_.groups.size(); ++i) {
    if (!asks[i]) continue;
    for (size_t p = 0; p < family_.groups[i].size(); ++p) {
      const Tri& peers = family_.groups[i][p].peers;
      tell_apart(peers.may, signature_of(2 * i, p), signatures);
      if (peers.yes != peers.may) tell_apart(peers.yes, signature_of(2 * i + 1, p), signatures);
    }
  }
  const std::vector<size_t> order = family_.addresses.in_order();
  std::vector<ElementClass> classes;
  using Identity = std::tuple<Signature, size_t, bool>;  // as a peer; own policy; of the world
  absl::flat_hash_map<Identity, size_t> known;
  for (const size_t i : order) {
    const bool world = family_.is_world(i);
    const auto& wanted = as_senders ? focus.from : focus.to;
    const bool in_focus =
        world ? (as_senders ? focus.from_world : focus.to_world)
              : !wanted || wanted(matrix.endpoints[static_cast<size_t>(elements[i].endpoint)]);
    if (!in_focus) continue;
    const size_t policy =
        own[i] < 0 ? family_.groups.size() : canonical_[static_cast<size_t>(own[i])];
    const auto [it, fresh] = known.emplace(Identity{signatures[i], policy, world}, classes.size());
    if (fresh) classes.push_back({world, {}});
    classes[it->second].elements.push_back(i);
  }
  return classes;
}

uint32_t Classes::number_of(Tri mask) {
  mask.yes &= header_focus_;
  mask.may &= header_focus_;
  std::vector<uint64_t> key;
  append_words(mask.yes, key);
  append_words(mask.may, key);
  const auto [it, fresh] =
      numbers_.emplace(std::move(key), static_cast<uint32_t>(connections_.size()));
  if (fresh) connections_.push_back(std::move(mask));
  return it->second;
}

uint32_t Classes::mask_of(size_t group, size_t peer) {
  const Allowed& allowed = family_.groups[group];
  const auto compute = [&] {
    Tri mask = Tri::none(family_.headers.size());
    for (const auto& part : allowed) {
      if (part.peers.may.test(peer)) mask.may |= part.headers;
      if (part.peers.yes.test(peer)) mask.yes |= part.headers;
    }
    return number_of(std::move(mask));
  };
  if (masks_[group].empty()) return compute();
  size_t index = 0;
  for (size_t p = 0; p < allowed.size(); ++p) {
    const bool may = allowed[p].peers.may.test(peer);
    if (may && !allowed[p].peers.yes.test(peer)) return compute();  // unknown ones are rare
    index |= static_cast<size_t>(may) << p;
  }
  uint32_t& known = masks_[group][index];
  if (known == not_known) known = compute();
  return known;
}

uint32_t Classes::combined(uint32_t a, uint32_t b) {
  if (a == b) return a;
  if (combined_.size() <= a) combined_.resize(a + 1);
  if (combined_[a].size() <= b) combined_[a].resize(b + 1, not_known);
  if (combined_[a][b] == not_known) {
    Tri both = connections_[a];
    both &= connections_[b];
    const uint32_t number = number_of(std::move(both));
    combined_[a][b] = number;
  }
  return combined_[a][b];
}

void Classes::gather_ingress() {
  std::map<size_t, size_t> places;
  for (const auto& receiver : receivers_) {
    const int ingress = family_.ingress[receiver.elements.front()];
    if (ingress < 0) {
      ingress_of_.push_back(not_known);
      continue;
    }
    const size_t group = canonical_[static_cast<size_t>(ingress)];
    const auto [it, fresh] = places.emplace(group, ingress_groups_.size());
    if (fresh) ingress_groups_.push_back(group);
    ingress_of_.push_back(it->second);
  }
  const auto gathered = [&](const Bits& bits) {
    const auto& words = bits.words();
    std::vector<uint64_t> out((senders_.size() + 63) / 64, 0);
    for (size_t i = 0; i < senders_.size(); ++i) {
      const size_t element = senders_[i].elements.front();
      out[i / 64] |= (words[element / 64] >> element % 64 & 1) << i % 64;
    }
    return out;
  };
  for (const size_t group : ingress_groups_) {
    auto& parts = sender_bits_.emplace_back();
    for (const auto& part : family_.groups[group]) {
      parts.push_back({gathered(part.peers.yes), {}});
      parts.back().may =
          part.peers.may == part.peers.yes ? parts.back().yes : gathered(part.peers.may);
    }
  }
  ingress_now_.assign(64, std::vector<uint32_t>(ingress_groups_.size(), 0));
}

// What 64 senders may send, as far as ingress policy goes.
void Classes::ask_ingress(size_t block) {
  if (std::exchange(block_, block) == block) return;
  const size_t first = 64 * block, count = std::min<size_t>(64, senders_.size() - first);
  for (size_t g = 0; g < ingress_groups_.size(); ++g) {
    const auto& parts = sender_bits_[g];
    auto& table = masks_[ingress_groups_[g]];
    bool plain = !table.empty(), same = true;
    for (const auto& part : parts) {
      plain = plain && part.yes[block] == part.may[block];
      same = same && (part.may[block] == 0 || part.may[block] == ~uint64_t{0});
    }
    for (size_t i = 0; i < count; ++i) {
      uint32_t& out = ingress_now_[i][g];
      if (plain && same && i > 0) {
        out = ingress_now_[0][g];
        continue;
      }
      size_t index = 0;
      if (plain)
        for (size_t p = 0; p < parts.size(); ++p) index |= (parts[p].may[block] >> i & 1) << p;
      out = plain && table[index] != not_known
                ? table[index]
                : mask_of(ingress_groups_[g], senders_[first + i].elements.front());
    }
  }
}

const std::vector<uint32_t>& Classes::egress_masks(size_t group) {
  constexpr size_t most_kept = 32'000'000;
  const auto found = egress_masks_.find(group);
  if (found != egress_masks_.end()) return found->second;
  if (egress_masks_.size() * receivers_.size() > most_kept) egress_masks_.clear();
  auto& masks = egress_masks_[group];
  masks.reserve(receivers_.size());
  for (const auto& receiver : receivers_)
    masks.push_back(mask_of(group, receiver.elements.front()));
  return masks;
}

void Classes::row(size_t sender, std::vector<uint32_t>& out) {
  ask_ingress(sender / 64);
  const auto& ingress = ingress_now_[sender % 64];
  const int egress = family_.egress[senders_[sender].elements.front()];
  const std::vector<uint32_t>* sent =
      egress < 0 ? nullptr : &egress_masks(canonical_[static_cast<size_t>(egress)]);
  out.resize(receivers_.size());
  for (size_t i = 0; i < receivers_.size(); ++i) {
    const uint32_t mask = ingress_of_[i] == not_known ? everything_ : ingress[ingress_of_[i]];
    out[i] = !sent || mask == 0 ? mask : combined(mask, (*sent)[i]);
  }
  if (!senders_[sender].world) return;
  for (size_t i = 0; i < receivers_.size(); ++i)
    if (receivers_[i].world) out[i] = 0;
}

}  // namespace felixsim::reach
