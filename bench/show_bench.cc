// SPDX-License-Identifier: Apache-2.0
// What `felixsim show` costs on large logs: whole processes, measured from outside. Two curves:
// more history over the same state, and more state under the same history.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "bench/synthetic_cluster.h"
#include "replay/log/event_log.h"

namespace felixsim::bench {
namespace {

namespace fs = std::filesystem;

struct Cost {
  double wall_s = 0, cpu_s = 0, peak_mib = 0;
  bool good = false;
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

Cost run_show(const fs::path& log) {
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) _exit(3);
    const std::string node = SyntheticCluster::node_name(0);
    execl(FELIXSIM_BINARY, "felixsim", "show", log.c_str(), "--node", node.c_str(), "--what",
          "iptables", nullptr);
    _exit(3);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  return {wall.count(), seconds(usage.ru_utime) + seconds(usage.ru_stime),
          static_cast<double>(usage.ru_maxrss) / 1024,
          WIFEXITED(status) && WEXITSTATUS(status) == 0};
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
  Cost best = run_show(log);
  for (int i = 0; i < 2; ++i)
    if (const Cost cost = run_show(log); cost.wall_s < best.wall_s) best = cost;
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
