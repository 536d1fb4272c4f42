// SPDX-License-Identifier: Apache-2.0
// Felix's calculation graph: datastore updates in, messages for the dataplane of one node out.
// Mirrors felix/calc/calc_graph.go and async_calc_graph.go (without its timers: the caller says
// when to flush). What it computes depends on the state of the datastore only, not on the order of
// updates. Left out: the lookups cache (flow logs), statistics.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "model/calc/endpoint_tiers.h"
#include "model/calc/graph_description.h"
#include "model/calc/graph_options.h"

namespace felixsim::calc {

struct InvalidUpdate {
  size_t index = 0;  // in the span given to on_updates
  std::string reason;
};

class CalcGraph {
 public:
  explicit CalcGraph(GraphOptions options);
  ~CalcGraph();
  CalcGraph(CalcGraph&&) noexcept;
  CalcGraph& operator=(CalcGraph&&) noexcept;

  // Takes updates in order. Invalid values act as deletions and are told, if `invalid` is given.
  // Values are kept by pointer. An update that concerns nothing local costs O(1) look-ups.
  void on_updates(std::span<const Update> updates, std::vector<InvalidUpdate>* invalid = nullptr);

  // The same for one update that find_invalid() has passed: engines with many nodes ask it once.
  void on_valid_update(const Update& update);

  void on_status(SyncStatus status);

  // Everything that changed since the last flush, in an order the dataplane can apply. The first
  // flush after in-sync ends with InSync.
  std::vector<msg::Message> flush();

  // Of a local endpoint; no_endpoint: it does not exist.
  EndpointNumber number_of(const EndpointKey& endpoint) const;
  // The tiers of a local workload endpoint in order of evaluation, as of the last flush().
  // Endpoints with the same policies in a tier share it; one that stays equal stays the same.
  TierPtrs tiers_of(EndpointNumber endpoint) const;

  // Set once Felix would have panicked; nothing is computed any more.
  const std::optional<std::string>& panic() const;
  // What Felix logs with it; may be empty.
  const std::string& panic_cause() const;

  // Parameters that are read again when the datastore changes them, as of the last flush.
  const LiveConfig& live_config() const;

  GraphDescription describe() const;

 private:
  struct Nodes;
  std::unique_ptr<Nodes> nodes_;
};

}  // namespace felixsim::calc
