// SPDX-License-Identifier: Apache-2.0
#include "sim/report/pair_explanations.h"

#include <fmt/format.h>

#include "sim/analysis/reach/evaluation.h"

namespace felixsim {

using reach::Bits;
using reach::DecisionPlace;

uint32_t Legend::number(std::string text) {
  const auto next = static_cast<uint32_t>(texts_.size() + 1);
  const auto [it, fresh] = numbers_.emplace(std::move(text), next);
  if (fresh) texts_.push_back(it->first);
  return it->second;
}

PairExplanations::PairExplanations(const reach::Matrix& matrix, const reach::FamilyMatrix& family,
                                   Legend& legend)
    : family_(family),
      legend_(legend),
      classes_(matrix, family),
      elements_(family.addresses.in_order()),
      by_group_(family.programs.size()) {
  const auto class_of = [&](const std::vector<reach::ElementClass>& classes) {
    std::vector<size_t> of_element(family.addresses.size()), out;
    for (size_t i = 0; i < classes.size(); ++i)
      for (const size_t element : classes[i].elements) of_element[element] = i;
    for (const size_t element : elements_) out.push_back(of_element[element]);
    return out;
  };
  sender_of_ = class_of(classes_.senders());
  receiver_of_ = class_of(classes_.receivers());
  for (const size_t i : elements_) {
    const int endpoint = family.addresses.elements()[i].endpoint;
    names_.push_back(endpoint < 0 ? "world " + family.addresses.range_texts({i})[0]
                                  : reach::endpoint_text(matrix, static_cast<size_t>(endpoint)));
  }
}

void PairExplanations::row(size_t from, std::vector<Cell>& out) {
  classes_.row(sender_of_[from], row_);
  for (size_t i = connections_.size(); i < classes_.connections().size(); ++i)
    connections_.push_back(family_.headers.text(classes_.connections()[i].may));
  const size_t source = elements_[from];
  const int egress = family_.egress[source];
  out.resize(elements_.size());
  for (size_t to = 0; to < elements_.size(); ++to) {
    const size_t destination = elements_[to];
    Cell& cell = out[to];
    cell.meant = to != from && !(family_.is_world(source) && family_.is_world(destination));
    if (!cell.meant) continue;
    cell.connection = row_[receiver_of_[to]];
    cell.egress = egress < 0 ? 0 : number(egress, destination);
    cell.ingress =
        family_.ingress[destination] < 0 ? 0 : number(family_.ingress[destination], source);
  }
}

uint32_t PairExplanations::number(int group, size_t peer) {
  auto& known = by_group_[static_cast<size_t>(group)];
  if (known.empty()) known = explained(static_cast<size_t>(group));
  return known[peer];
}

// Peers that all observations treat alike share their text.
std::vector<uint32_t> PairExplanations::explained(size_t group) {
  struct Seen {
    DecisionPlace place;
    Bits headers, peers;
  };
  std::vector<Seen> seen;
  std::vector<uint64_t> signatures(family_.addresses.size(), 0);
  uint64_t state = 0x9e3779b97f4a7c15u;
  const auto& program = family_.programs[group];
  reach::observe(program, family_.representatives[group], family_.headers, family_.addresses.live(),
                 [&](const Bits& headers, const reach::Decided& decided, const Bits& peers) {
                   if (decided.rule && decided.rule->action == reach::RuleAction::pass) return;
                   state = state * 6364136223846793005u + 1442695040888963407u;
                   for (size_t i = peers.find_first(); i != Bits::npos; i = peers.find_next(i))
                     signatures[i] ^= state;
                   seen.push_back({place_of(program, decided), headers, peers});
                 });
  std::map<uint64_t, uint32_t> by_signature;
  std::vector<uint32_t> out(family_.addresses.size());
  for (const size_t i : elements_) {
    const auto [it, fresh] = by_signature.emplace(signatures[i], 0);
    if (fresh) {
      std::map<DecisionPlace, Bits> merged;
      for (const auto& one : seen) {
        if (!one.peers.test(i)) continue;
        const auto [place, first] = merged.emplace(one.place, one.headers);
        if (!first) place->second |= one.headers;
      }
      std::string text;
      for (const auto& [place, headers] : merged)
        text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", family_.headers.text(headers),
                            place_text(place));
      it->second = legend_.number(std::move(text));
    }
    out[i] = it->second;
  }
  return out;
}

}  // namespace felixsim
