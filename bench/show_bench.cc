// SPDX-License-Identifier: Apache-2.0
// What `felixsim show` costs on large logs: whole processes, measured from outside. Two curves:
// more history over the same state, and more state under the same history.
#include <unistd.h>

#include <filesystem>

#include "bench/felixsim_process.h"
#include "bench/synthetic_cluster.h"
#include "replay/log/event_log.h"

namespace felixsim::bench {
namespace {

namespace fs = std::filesystem;

ProcessCost run_show(const fs::path& log) {
  return run_felixsim(
      {"show", log.string(), "--node", SyntheticCluster::node_name(0), "--what", "iptables"});
}

bool write_log(const fs::path& path, int pods, int64_t events) {
  SyntheticCluster cluster(pods, std::max(1, pods / 100), std::max(1, pods / 50));
  auto writer = EventLogWriter::open(path.string());
  if (!writer) return false;
  std::vector<Event> batch;
  for (int64_t i = 0; i < events; ++i) {
    batch.push_back(cluster.next());
    if (batch.size() < 10000 && i + 1 < events) continue;
    if (!writer->append(batch)) return false;
    batch.clear();
  }
  return true;
}

void row(const fs::path& folder, int pods, int64_t events) {
  const fs::path log = folder / "show.db";
  if (!write_log(log, pods, events)) {
    fmt::print("could not write {}\n", log.string());
    return;
  }
  const double megabytes = static_cast<double>(fs::file_size(log)) / 1e6;
  ProcessCost best = run_show(log);
  for (int i = 0; i < 2; ++i)
    if (const ProcessCost cost = run_show(log); cost.wall_s < best.wall_s) best = cost;
  fmt::print("{:>10} {:>9} {:>9.0f} {:>8.2f} {:>8.2f} {:>9.0f}  {}\n", pods, events, megabytes,
             best.wall_s, best.cpu_s, best.peak_mib, best.good ? "" : "FAILED");
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(log.string() + suffix);
}

}  // namespace
}  // namespace felixsim::bench

int main() {
  using namespace felixsim::bench;
  const fs::path folder = fs::temp_directory_path() / fmt::format("felixsim-show-{}", getpid());
  fs::create_directories(folder);
  fmt::print("felixsim show LOG --node N --what iptables: best of 3 processes\n");
  fmt::print("{:>10} {:>9} {:>9} {:>8} {:>8} {:>9}\n", "endpoints", "events", "log MB", "wall s",
             "CPU s", "peak MiB");
  for (const int64_t events : {20'000, 100'000, 300'000, 1'000'000}) row(folder, 10'000, events);
  for (const int pods : {1'000, 3'000, 10'000, 30'000}) row(folder, pods, 100'000);
  fs::remove_all(folder);
}
