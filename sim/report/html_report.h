// SPDX-License-Identifier: Apache-2.0
// One HTML page on a flight, that needs nothing else: events, who reaches whom, what is in every
// node's kernel at chosen moments, where pods are. Size is bounded by named limits; what they leave
// out is said in the page. The page's parts are files in sim/report/html, which the build embeds.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "felixsim/event.h"
#include "sim/analysis/probe.h"
#include "sim/analysis/reach/parties.h"
#include "sim/engine/cluster.h"
#include "sim/report/text_history.h"

namespace felixsim {

struct ReportLimits {
  size_t value_bytes = 4000;         // of one event's value
  size_t values_bytes = 12'000'000;  // of all events' values
  size_t lines_bytes = 48'000'000;   // of different lines of nodes' texts
  size_t reach_bytes = 16'000'000;   // of all matrices but the last
  size_t traces = 300;               // packets sent between classes, at the last moment
  size_t earlier_traces = 1000;      // the same, at all moments before it together
  size_t linked_nodes = 64;          // more nodes than these: no ways between them
};

// What a report's packets need to know beyond the cluster.
struct TraceSource {
  bool assumed = false;                                     // hosts, and so routes, are
  std::function<void(std::vector<Decision>&)> add_origins;  // of policies: file and line
};

class HtmlReport {
 public:
  explicit HtmlReport(std::string title, ReportLimits limits = {})
      : title_(std::move(title)), limits_(limits) {}

  void add_event(const Event& event);

  // What there is after `position` events. Moments come in order.
  void add_moment(int64_t position, std::optional<SimTime> time, const std::string& label);
  // Of the moment added last:
  void add_nodes(const Cluster& cluster);
  void add_reach(const reach::Matrix& matrix, bool last);
  // Sends a packet between each pair of classes, `limit` at most.
  void add_traces(const Cluster& cluster, const reach::Matrix& matrix, const TraceSource& source,
                  size_t limit);
  const ReportLimits& limits() const { return limits_; }

  void add_note(std::string note) { notes_.push_back(std::move(note)); }

  nlohmann::json data() const;
  std::string page() const;

 private:
  void add_links(const Cluster& cluster);

  std::string title_;
  ReportLimits limits_;
  std::vector<std::string> notes_;
  nlohmann::json events_ = nlohmann::json::array(), moments_ = nlohmann::json::array();
  TextHistory texts_, pods_;  // by node and part; one text, a line a pod
  std::set<std::string> nodes_, without_texts_;
  size_t values_bytes_ = 0, values_left_out_ = 0;
  size_t reach_bytes_ = 0, reach_left_out_ = 0;
  // JSON texts, each different from the one before.
  std::vector<std::string> reach_, links_;
  nlohmann::json traces_ = nlohmann::json::array();
  std::map<std::string, size_t> trace_texts_;  // text -> its number
  size_t traces_left_out_ = 0;                 // at the last moment
};

// JSON that may stand inside a <script> element, whatever is in its strings.
std::string script_safe(const std::string& json);
// Text that may stand in HTML, also in a quoted attribute.
std::string html_escaped(const std::string& text);

}  // namespace felixsim
