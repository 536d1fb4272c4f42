// SPDX-License-Identifier: Apache-2.0
#include "model/node/status_reporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "model/dataplane/endpoint_status.h"
#include "model/datastore/go_time.h"
#include "model/datastore/key_text.h"

namespace felixsim {
namespace {

constexpr SimTime never = std::numeric_limits<SimTime>::max();

// Keys are compared with the datastore each so many ticks (daemon.go).
constexpr SimTime ticks_between_comparisons = 180;

// So that a Felix that dies again and again does not look alive (loopReportingStatus).
constexpr SimTime first_report_after = 10 * second;

std::string region_text(const std::string& region) {
  return region.empty() ? "no-region" : "region-" + region;
}

std::string rfc3339(SimTime time) {
  return rfc3339_text(std::chrono::sys_seconds(std::chrono::seconds(time / second)));
}

bool holds(const std::deque<PendingStatus>& writes, const std::string& key) {
  return std::any_of(writes.begin(), writes.end(),
                     [&](const PendingStatus& write) { return write.key == key; });
}

}  // namespace

std::string status_key(const std::string& hostname, const std::string& region,
                       const EndpointId& id) {
  if (const auto* workload = std::get_if<msg::WorkloadEndpointId>(&id))
    return fmt::format("/calico/felix/v2/{}/host/{}/workload/{}/{}/endpoint/{}",
                       region_text(region), hostname, escaped_name(workload->orchestrator),
                       escaped_name(workload->workload), escaped_name(workload->endpoint));
  return fmt::format("/calico/felix/v1/host/{}/endpoint/{}", hostname,
                     escaped_name(std::get<Symbol>(id)));
}

StatusReporter::StatusReporter(const Config& config, SimTime process_started, SimTime now,
                               StatusKeys& keys)
    : hostname_(config.text("FelixHostname")),
      region_(config.text("OpenstackRegion")),
      endpoints_(config.boolean("EndpointReportingEnabled")),
      in_order_(facts_of(config.version()).ordered_status_writes),
      supported_(config.text("DatastoreType") != "kubernetes"),
      delay_(config.duration("EndpointReportingDelaySecs").count),
      interval_(config.duration("ReportingIntervalSecs").count),
      ttl_(config.duration("ReportingTTLSecs").count / second * second),
      process_started_(process_started),
      started_(now),
      now_(now),
      next_report_(interval_ > 0 && supported_ ? now + first_report_after : never),
      keys_(keys) {}

std::string StatusReporter::wanted(const std::string& key) const {
  const auto found = statuses_.find(key);
  return found == statuses_.end() ? "" : found->second;
}

void StatusReporter::enqueue(const std::string& key) {
  if (in_order_)
    pending_.push_back({key, wanted(key)});
  else if (!holds(pending_, key) && !holds(queued_, key))
    queued_.push_back({key, ""});
}

void StatusReporter::on_status(SimTime at, const EndpointId& id, const std::string& status) {
  if (!endpoints_) return;
  advance(at);
  const std::string key = status_key(hostname_, region_, id);
  if (wanted(key) == status) return;
  changed_ = true;
  if (status.empty())
    statuses_.erase(key);
  else
    statuses_[key] = status;
  enqueue(key);
}

void StatusReporter::on_in_sync(SimTime at) {
  if (in_sync_ || !endpoints_) return;
  advance(at);
  in_sync_ = true;
  if (compare_wanted_) compare_all();
}

SimTime StatusReporter::next_tick(SimTime period) const {
  return started_ + ((now_ - started_) / period + 1) * period;
}

void StatusReporter::advance(SimTime until) {
  report_process(until);
  if (endpoints_ && supported_) {
    while (true) {
      const bool waits = !pending_.empty() || !queued_.empty();
      const SimTime tick = waits ? next_tick(delay_) : never;
      const SimTime compare = changed_ ? next_tick(ticks_between_comparisons * delay_) : never;
      if (std::min(tick, compare) > until) break;
      now_ = std::min(tick, compare);
      if (compare == now_) {
        compare_wanted_ = true;
        if (in_sync_) compare_all();
      }
      if (tick == now_) on_tick();
    }
  }
  now_ = std::max(now_, until);
}

void StatusReporter::finish() {
  while (supported_ && (!pending_.empty() || !queued_.empty())) advance(next_tick(delay_));
}

void StatusReporter::on_tick() {
  if (!pending_.empty()) {
    auto [key, status] = std::move(pending_.front());
    pending_.pop_front();
    if (!in_order_) status = wanted(key);
    if (status.empty())
      keys_.erase(key);
    else
      keys_[key] = {fmt::format(R"({{"status":"{}"}})", status), now_};
    changed_ = true;
  }
  std::move(queued_.begin(), queued_.end(), std::back_inserter(pending_));
  queued_.clear();
}

// Keys that are there and should not be as they are; one that somebody else deleted is not missed.
void StatusReporter::compare_all() {
  compare_wanted_ = changed_ = false;
  const std::string workloads =
      fmt::format("/calico/felix/v2/{}/host/{}/workload/", region_text(region_), hostname_);
  const std::string hosts = fmt::format("/calico/felix/v1/host/{}/endpoint/", hostname_);
  for (const auto& prefix : {workloads, hosts})
    for (auto it = keys_.lower_bound(prefix); it != keys_.end() && it->first.starts_with(prefix);
         ++it) {
      const std::string want = wanted(it->first);
      if (it->second.text == fmt::format(R"({{"status":"{}"}})", want)) continue;
      if (in_order_)
        enqueue(it->first);
      else if (!holds(pending_, it->first))
        pending_.push_back({it->first, ""});
    }
}

// Each report hides the one before, so that only the last is written here.
void StatusReporter::report_process(SimTime until) {
  if (next_report_ > until) return;
  const SimTime passed = (until - next_report_) / interval_;
  const SimTime at = next_report_ + passed * interval_;
  const bool first = !reported_ && passed == 0;
  reported_ = true;
  next_report_ = at + interval_;
  const double uptime = static_cast<double>(at - process_started_) / static_cast<double>(second);
  const std::string text =
      fmt::format(R"({{"time":"{}","uptime":{},"first_update":{}}})", rfc3339(at), uptime, first);
  const std::string prefix =
      fmt::format("/calico/felix/v2/{}/host/{}/", region_text(region_), hostname_);
  keys_[prefix + "last_reported_status"] = {text, at};
  keys_[prefix + "status"] = {text, at,
                              ttl_ == 0 ? std::nullopt : std::optional<SimTime>(at + ttl_)};
}

std::vector<PendingStatus> StatusReporter::pending() const {
  std::vector<PendingStatus> all(pending_.begin(), pending_.end());
  all.insert(all.end(), queued_.begin(), queued_.end());
  if (!in_order_)
    for (auto& write : all) write.status = wanted(write.key);
  return all;
}

StatusKeys keys_at(const StatusKeys& keys, SimTime at) {
  StatusKeys there;
  for (const auto& [key, value] : keys)
    if (!value.expires || at < *value.expires) there.emplace(key, value);
  return there;
}

std::optional<std::string> reporter_panic(const Config& config) {
  if (!config.boolean("EndpointReportingEnabled")) return std::nullopt;
  const SimTime delay = config.duration("EndpointReportingDelaySecs").count;
  if (delay < 0) return "Negative duration";
  // math/rand.Int63n of a tenth of it.
  if (delay / 10 == 0) return "invalid argument to Int63n";
  return std::nullopt;
}

}  // namespace felixsim
