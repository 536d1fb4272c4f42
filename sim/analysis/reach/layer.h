// SPDX-License-Identifier: Apache-2.0
// A part of endpoints' policy of one direction (a policy, a list of profiles, a host endpoint's
// section), and what it does with every peer. Endpoints share their layers: an event concerns few
// of them, and no endpoint.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "sim/analysis/reach/element_column.h"
#include "sim/analysis/reach/evaluation.h"

namespace felixsim::reach {

// By number: what is done, and with which headers.
struct HeaderOutcomes {
  std::vector<Outcome> outcomes;
  std::vector<Bits> headers;
};

struct Layer : HeaderOutcomes {
  Program part;
  std::vector<uint64_t> identity;
  std::vector<Cell> cells;
  // Of each cell. Those that agreed when they were evaluated whole have one.
  std::vector<size_t> outcome_of;
  bool dropped = false;  // no longer kept up to date: whoever has it asks for another

  // Whether it is asked about what the layers before it allowed, not about what they left.
  bool is_section() const { return !part.host_sections.empty(); }
};

using LayerPtr = std::shared_ptr<const Layer>;

// Cuts and evaluates the layer; `local` stands for the endpoints that have it.
// O(cells × rules × elements / 64).
void evaluate_whole(size_t local, const HeaderSpace& headers, HeaderCuts& cuts, size_t elements,
                    Layer& layer);

// Brings layers up to date at the elements that every set's column is about
// (ElementSets::look_at). O(cells × rules). Keeps its memory from call to call.
class ColumnEvaluator {
 public:
  // `size`: of sets of elements.
  void evaluate(const ElementColumn& elements, size_t size, const HeaderSpace& headers,
                Layer& layer);
  // Sets had the size `before`: those that are new fare like the one that `vacant` is about.
  void grow(const ElementColumn& vacant, size_t before, size_t size, const HeaderSpace& headers,
            Layer& layer);

 private:
  struct Answer {
    uint64_t allowed = 0, left = 0, passed = 0, denied = 0;
    bool operator==(const Answer&) const = default;
  };
  void find_port_matches(const Cell& cell, const Program& program, const HeaderSpace& headers,
                         const ElementColumn& elements);
  Answer ask_about(const ElementColumn& elements, const HeaderSpace& headers,
                   const Program& program, const Cell& cell);
  static void write(const Answer& answer, const ElementColumn& elements, size_t size, Outcome& out);

  std::vector<Column> made_;                      // of a cell's steps that ask about ports
  std::vector<std::pair<bool, Answer>> written_;  // by outcome; whether it is
};

// The headers have more classes than before: each was cut off of one of these.
void follow_headers(const std::vector<size_t>& cut_off_of, size_t headers, Layer& layer);

}  // namespace felixsim::reach
