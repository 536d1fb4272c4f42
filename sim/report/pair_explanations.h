// SPDX-License-Identifier: Apache-2.0
// Why each pair of endpoints reaches each other or not, for all of them: pairs that the same rules
// decide alike share one numbered explanation.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/analysis/reach/explain.h"

namespace felixsim {

// Explanations in words; the same words have the same number, from 1.
class Legend {
 public:
  uint32_t number(std::string text);
  const std::vector<std::string>& texts() const { return texts_; }  // of 1, 2, ...

 private:
  std::map<std::string, uint32_t> numbers_;
  std::vector<std::string> texts_;
};

// The pairs of one IP version. Parties are pods by name, then pieces of the world.
class PairExplanations {
 public:
  PairExplanations(const reach::Matrix& matrix, const reach::FamilyMatrix& family, Legend& legend);

  const std::vector<std::string>& parties() const { return names_; }
  // What passes, by number: 0 is none. Grows with the rows asked for.
  const std::vector<std::string>& connections() const { return connections_; }

  struct Cell {
    uint32_t connection = 0;
    uint32_t egress = 0, ingress = 0;  // numbers in the legend; 0: no policy is asked
    bool meant = true;                 // not a party to itself, nor the world to itself
  };
  // What `from` may send to each party. O(parties), once its policies were asked.
  void row(size_t from, std::vector<Cell>& out);

 private:
  uint32_t number(int group, size_t peer);
  std::vector<uint32_t> explained(size_t group);

  const reach::FamilyMatrix& family_;
  Legend& legend_;
  reach::Classes classes_;
  std::vector<std::string> names_, connections_;
  std::vector<size_t> elements_;                 // of parties
  std::vector<size_t> sender_of_, receiver_of_;  // of parties: their classes
  std::vector<std::vector<uint32_t>> by_group_;  // numbers, by peer
  std::vector<uint32_t> row_;
};

}  // namespace felixsim
