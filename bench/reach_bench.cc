// SPDX-License-Identifier: Apache-2.0
// What `felixsim reach` costs: whole processes that read YAML or a log and print all pairs, all
// ports, as factored JSON. One thread each.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "bench/reach_cluster.h"

namespace felixsim::bench {
namespace {

namespace fs = std::filesystem;

struct Cost {
  double cpu_s = 0, peak_mib = 0;
  bool good = false;
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

Cost run(const std::vector<std::string>& arguments) {
  const pid_t child = fork();
  if (child == 0) {
    if (!freopen("/dev/null", "w", stdout)) _exit(3);
    std::vector<char*> raw;
    for (const auto& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
    raw.push_back(nullptr);
    execv(FELIXSIM_BINARY, raw.data());
    _exit(3);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime),
          static_cast<double>(usage.ru_maxrss) / 1024,
          WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

struct Line {
  size_t pods, policies;
  bool from_log;
  double most_s, most_mib;
};

bool print_line(const fs::path& scratch, const Line& line) {
  const fs::path folder = scratch / fmt::format("{}", line.pods);
  write_reach_cluster(folder, line.pods, line.policies);
  std::string input = folder.string();
  if (line.from_log) {
    input = (scratch / "reach.db").string();
    const auto imported =
        run({"felixsim", "import", "--from", "kubectl", (folder / "namespaces.yaml").string(),
             (folder / "pods.yaml").string(), (folder / "policies.yaml").string(), "--log", input});
    if (!imported.good) return false;
  }
  const Cost cost = run({"felixsim", "reach", input, "--json"});
  fmt::print("{:>7} {:>9} {:>6} {:>9.2f} {:>8.1f} {:>9.0f}\n", line.pods, line.policies,
             line.from_log ? "log" : "yaml", cost.cpu_s, line.most_s, cost.peak_mib);
  std::fflush(stdout);
  return cost.good;
}

}  // namespace
}  // namespace felixsim::bench

int main() {
  using namespace felixsim::bench;
  const fs::path scratch = fs::temp_directory_path() / fmt::format("felixsim-reach-{}", getpid());
  fmt::print("{:>7} {:>9} {:>6} {:>9} {:>8} {:>9}\n", "pods", "policies", "input", "cpu s",
             "at most", "peak MiB");
  std::fflush(stdout);  // or every child has it too
  bool good = true;
  for (const auto& line : {Line{500, 200, false, 0.1, 300}, Line{2000, 1000, false, 0.7, 300},
                           Line{5000, 2000, false, 2, 300}, Line{50000, 5000, true, 10, 2048}})
    good = print_line(scratch, line) && good;
  fs::remove_all(scratch);
  return good ? 0 : 1;
}
