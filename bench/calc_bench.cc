// SPDX-License-Identifier: Apache-2.0
// The calc graph on recorded streams of events, each in a process of its own, beside what the real
// Felix v3.32.1 needs for the same: CPU seconds to in-sync (reading and parsing included), peak
// memory, the CPU time of an incremental update from its text to the end of its flush, and of a
// parsed update that matches nothing; one node, and a hundred in one process. The messages are
// compared with EVENTS.expect.json; exits with 1 if they differ. usage: calc_bench
// EVENTS.jsonl[.gz]...
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/event_file.h"
#include "model/calc/calc_graphs.h"
#include "model/calc/config_options.h"
#include "model/calc/message_json.h"

namespace {

using namespace felixsim;

// Of this thread on a processor: what others do on the machine does not count.
double cpu_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// What one run found; written by the child, read by the parent.
struct Figures {
  double cpu_to_in_sync, peak_megabytes, mean_us, p50_us, p99_us, quiet_us;
  size_t messages;
  bool as_expected;
};

struct Counted {
  std::map<std::string, size_t> messages;
  size_t ip_sets = 0, members = 0;
};

class Run {
 public:
  void start(const bench::EventMeta& meta, size_t nodes) {
    for (size_t i = 0; i < nodes; ++i)
      add(nodes == 1 ? meta.hostname : fmt::format("node-{:05}", i), meta.encapsulation);
  }
  void update(const std::vector<Update>& updates) { graphs_.on_updates(updates); }
  void in_sync() {
    for (auto& member : members_) member->graph().on_status(calc::SyncStatus::in_sync);
    flush();
    to_in_sync = std::exchange(counted_, {});
  }
  void flush() {
    for (auto& member : members_)
      for (const auto& message : member->graph().flush()) count(message);
    graphs_.end_epoch();
  }
  const Counted& incremental() const { return counted_; }

  Counted to_in_sync;

 private:
  void add(const std::string& hostname, const msg::Encapsulation& encapsulation) {
    auto config = std::make_shared<Config>(FelixVersion::v3_32, ConfigHost{hostname, {}});
    const StringMap raw{{"FelixHostname", hostname}};
    if (!config->set_source(ConfigSource::environment, raw)) std::abort();
    members_.push_back(
        graphs_.add(calc::graph_options(std::move(config), Symbol(hostname), encapsulation), {}));
  }
  void count(const msg::Message& message) {
    if (std::holds_alternative<msg::InSync>(message)) return;
    ++counted_.messages[std::string(calc::message_name(message))];
    const auto* set = std::get_if<msg::IpSetUpdate>(&message);
    if (!set) return;
    ++counted_.ip_sets;
    counted_.members += set->members.size();
  }

  calc::CalcGraphs graphs_;
  std::vector<std::unique_ptr<calc::CalcGraphs::Member>> members_;
  Counted counted_;
};

// Pods elsewhere that nothing selects, each relabelled again and again: mean time of an update.
double quiet_update_us(Run& run) {
  constexpr size_t pods = 1000, rounds = 20;
  std::vector<Update> updates;
  for (size_t round = 0; round < rounds; ++round)
    for (size_t i = 0; i < pods; ++i) {
      WorkloadEndpoint pod;
      pod.state = Symbol("active");
      pod.name = Symbol(fmt::format("cali{}", i));
      pod.ipv4_nets = {*Cidr::parse(fmt::format("172.30.{}.{}/32", i >> 8, i & 255))};
      pod.labels = std::make_shared<LabelMap>(
          LabelMap{{Symbol("quiet/name"), Symbol(fmt::format("pod-{}", i))},
                   {Symbol("quiet/owner"), Symbol("nobody")},
                   {Symbol("quiet/round"), Symbol(fmt::format("round-{}", round))}});
      updates.push_back(
          {WorkloadEndpointKey{Symbol("elsewhere"), Symbol("k8s"),
                               Symbol(fmt::format("quiet/pod-{}", i)), Symbol("eth0")},
           std::make_shared<Value>(std::move(pod))});
    }
  const double start = cpu_microseconds();
  run.update(updates);
  return (cpu_microseconds() - start) / static_cast<double>(updates.size());
}

void summarise(std::vector<double> times, Figures& figures) {
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  for (const double time : times) figures.mean_us += time / static_cast<double>(times.size());
  figures.p50_us = times[times.size() / 2];
  figures.p99_us = times[times.size() * 99 / 100];
}

// Counts against {"kind": number}; `slack`: IP set messages of the incremental part may vary by a
// few in Felix, by the order of its maps.
bool same_counts(const std::string& what, simdjson::dom::object expected,
                 std::map<std::string, size_t> counted, size_t slack) {
  bool same = true;
  for (const auto& field : expected) {
    const std::string kind(field.key);
    const auto want = static_cast<size_t>(field.value.get_uint64().value_unsafe());
    const size_t got = counted[kind];
    counted.erase(kind);
    const bool may_vary = kind == "IPSetUpdate" || kind == "IPSetDeltaUpdate";
    if ((want > got ? want - got : got - want) <= (may_vary ? slack : 0)) continue;
    fmt::print("  {}: {} {}, expected {}\n", what, got, kind, want);
    same = false;
  }
  for (const auto& [kind, got] : counted) {
    if (got == 0) continue;
    fmt::print("  {}: {} {}, expected none\n", what, got, kind);
    same = false;
  }
  return same;
}

bool as_expected(const std::string& path, const Run& run) {
  const std::string expect_path = path.substr(0, path.find(".jsonl")) + ".expect.json";
  simdjson::dom::parser parser;
  simdjson::dom::element expect;
  if (parser.load(expect_path).get(expect)) {
    fmt::print("  {} cannot be read\n", expect_path);
    return false;
  }
  constexpr size_t slack = 5;
  bool same = same_counts("to in-sync", expect["messages_to_in_sync"].get_object().value_unsafe(),
                          run.to_in_sync.messages, 0);
  same &= same_counts("incremental", expect["messages_incremental"].get_object().value_unsafe(),
                      run.incremental().messages, slack);
  const auto total = [&](const char* name, size_t got) {
    const uint64_t want = expect["at_in_sync"][name].get_uint64().value_unsafe();
    if (want == got) return true;
    fmt::print("  at in-sync: {} {}, expected {}\n", got, name, want);
    return false;
  };
  same &= total("ipsets", run.to_in_sync.ip_sets);
  return total("ipset_members", run.to_in_sync.members) && same;
}

void measure(const std::string& path, size_t nodes, Figures& figures) {
  Run run;
  std::vector<double> times;
  double begin = 0;
  bench::EventFileReader reader;
  reader.on_meta = [&](const bench::EventMeta& meta) { run.start(meta, nodes); };
  reader.on_line = [&] { begin = cpu_microseconds(); };
  reader.on_updates = [&](const std::vector<Update>& updates) { run.update(updates); };
  reader.on_in_sync = [&] {
    run.in_sync();
    figures.cpu_to_in_sync = cpu_seconds();
  };
  reader.on_incremental = [&] {
    run.flush();
    times.push_back(cpu_microseconds() - begin);
  };
  if (!bench::read_event_file(path, reader)) return fmt::print("cannot read {}\n", path);
  figures.peak_megabytes = peak_megabytes();
  summarise(std::move(times), figures);
  for (const auto& [kind, count] : run.to_in_sync.messages) figures.messages += count;
  for (const auto& [kind, count] : run.incremental().messages) figures.messages += count;
  figures.as_expected = nodes != 1 || as_expected(path, run);
  figures.quiet_us = quiet_update_us(run);
}

// In a process of its own: memory that an earlier run left would count.
Figures measure_apart(const std::string& path, size_t nodes) {
  void* shared =
      mmap(nullptr, sizeof(Figures), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) std::abort();
  auto* figures = new (shared) Figures{};
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    measure(path, nodes, *figures);
    std::fflush(stdout);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  const Figures found = *figures;
  munmap(shared, sizeof(Figures));
  return found;
}

void print_row(const std::string& name, const std::string& who, const Figures& figures) {
  fmt::print("{:<14} {:<18} {:>9.2f} {:>8.0f} {:>9.1f} {:>8.1f} {:>8.1f} {:>9.2f} {:>10}\n", name,
             who, figures.cpu_to_in_sync, figures.peak_megabytes, figures.mean_us, figures.p50_us,
             figures.p99_us, figures.quiet_us, figures.messages);
}

// The real Felix, alone on the machine, the lower end of what was measured: shared/bench/README.
struct FelixRow {
  std::string_view events;
  double cpu, megabytes, mean_us, p50_us, p99_us;
};
constexpr std::array felix_rows{FelixRow{"events-10k", 0.73, 106, 240, 50, 2600},
                                FelixRow{"events-100k", 9.3, 452, 330, 80, 3300}};

}  // namespace

int main(int argc, char** argv) {
  fmt::print("{:<14} {:<18} {:>9} {:>8} {:>9} {:>8} {:>8} {:>9} {:>10}\n", "events", "", "CPU s",
             "peak MB", "incr us", "p50", "p99", "quiet us", "messages");
  bool good = true;
  for (int i = 1; i < argc; ++i) {
    const std::string path = argv[i];
    const std::string file = path.substr(path.rfind('/') + 1),
                      name = file.substr(0, file.find('.'));
    for (const auto& felix : felix_rows)
      if (felix.events == name)
        fmt::print("{:<14} {:<18} {:>9.2f} {:>8.0f} {:>9.1f} {:>8.1f} {:>8.1f}\n", name,
                   "Felix v3.32.1", felix.cpu, felix.megabytes, felix.mean_us, felix.p50_us,
                   felix.p99_us);
    const Figures one = measure_apart(path, 1), hundred = measure_apart(path, 100);
    print_row(name, "felixsim", one);
    print_row(name, "felixsim, 100 nodes", hundred);
    fmt::print("{:<14} 100 nodes cost {:.1f} times one; messages {} expected\n", name,
               hundred.cpu_to_in_sync / one.cpu_to_in_sync, one.as_expected ? "as" : "NOT as");
    good = good && one.as_expected;
  }
  return good ? 0 : 1;
}
