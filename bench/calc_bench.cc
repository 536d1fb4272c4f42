// SPDX-License-Identifier: Apache-2.0
// The calc graph on a stream of events: CPU seconds of the whole process to in-sync (reading and
// parsing included), peak memory, and the time of each incremental update with its flush.
// usage: calc_bench [EVENTS.jsonl[.gz]...]; a line is {"phase": "snapshot"|"in-sync"|"incr",
// "updates": [{"k", "v"}]}, after one {"meta": {...}}. Without arguments: small generated cluster.
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/resource.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/calc/calc_graph.h"
#include "model/calc/config_options.h"
#include "model/calc/message_json.h"
#include "model/datastore/key_text.h"
#include "model/datastore/value_text.h"

namespace {

using namespace felixsim;

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

struct Statistics {
  size_t updates = 0, messages = 0;
  double parse_seconds = 0;
  std::vector<double> incremental_us;
  std::map<std::string, size_t> by_kind;
};

class Run {
 public:
  explicit Run(std::string_view hostname, const msg::Encapsulation& encapsulation) {
    auto config =
        std::make_shared<Config>(FelixVersion::v3_32, ConfigHost{std::string(hostname), {}});
    const StringMap raw{{"FelixHostname", std::string(hostname)}};
    if (!config->set_source(ConfigSource::environment, raw)) std::abort();
    graph_ = std::make_unique<calc::CalcGraph>(
        calc::graph_options(std::move(config), Symbol(hostname), encapsulation));
  }

  void update(std::string_view key_text, std::optional<std::string_view> value_text) {
    const ParsedKey key = parse_key(key_text);
    ++stats.updates;
    if (key.kind != ParsedKey::Kind::felix) return;
    updates_.push_back({key.key, nullptr});
    if (!value_text) return;
    if (auto value = parse_value(key, *value_text)) updates_.back().value = std::move(*value);
  }
  void apply() {
    graph_->on_updates(updates_);
    updates_.clear();
  }
  void in_sync() {
    graph_->on_status(calc::SyncStatus::in_sync);
    flush();
  }
  void flush() {
    const auto messages = graph_->flush();
    stats.messages += messages.size();
    for (const auto& message : messages) ++stats.by_kind[std::string(calc::message_name(message))];
  }

  Statistics stats;

 private:
  std::unique_ptr<calc::CalcGraph> graph_;
  std::vector<Update> updates_;
};

void print(const char* what, const Run& run, double cpu) {
  fmt::print("{}: {} updates, {} messages, {:.2f} s CPU, {:.0f} MB peak\n", what, run.stats.updates,
             run.stats.messages, cpu, peak_megabytes());
  std::string kinds;
  for (const auto& [kind, count] : run.stats.by_kind) kinds += fmt::format(" {}={}", kind, count);
  fmt::print(" {}\n", kinds);
}

void print_incremental(std::vector<double> times) {
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  double sum = 0;
  for (const double time : times) sum += time;
  const auto at = [&](double part) {
    return times[static_cast<size_t>(part * static_cast<double>(times.size() - 1))];
  };
  fmt::print("incremental: n={} mean={:.1f} p50={:.1f} p90={:.1f} p99={:.1f} max={:.1f} us\n",
             times.size(), sum / static_cast<double>(times.size()), at(0.5), at(0.9), at(0.99),
             times.back());
}

std::unique_ptr<Run> start(simdjson::dom::element meta) {
  const simdjson::dom::element encapsulation = meta["encapsulation"].value_unsafe();
  return std::make_unique<Run>(
      meta["hostname"].get_string().value_unsafe(),
      msg::Encapsulation{encapsulation["ipip"].get_bool().value_unsafe(),
                         encapsulation["vxlan"].get_bool().value_unsafe(),
                         encapsulation["vxlan_v6"].get_bool().value_unsafe()});
}

// Updates go to the graph in small groups, as they would from a syncer.
constexpr size_t group = 200;

void feed(Run& run, simdjson::dom::element line) {
  simdjson::dom::array updates;
  if (line["updates"].get(updates)) return;
  size_t waiting = 0;
  for (const simdjson::dom::element update : updates) {
    std::string_view value;
    const bool put = !update["v"].get(value);
    run.update(update["k"].get_string().value_unsafe(), put ? std::optional(value) : std::nullopt);
    if (++waiting % group == 0) run.apply();
  }
  run.apply();
}

// Lines of a file, packed or not.
class Lines {
 public:
  explicit Lines(const std::string& path) : file_(gzopen(path.c_str(), "rb")) {}
  ~Lines() {
    if (file_) gzclose(file_);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  bool good() const { return file_ != nullptr; }
  bool next(std::string& line) {
    line.clear();
    std::array<char, 65536> part{};
    while (gzgets(file_, part.data(), static_cast<int>(part.size()))) {
      line += part.data();
      if (line.back() == '\n') return true;
    }
    return !line.empty();
  }

 private:
  gzFile file_;
};

void take_line(Run& run, const std::string& path, simdjson::dom::element object,
               double cpu_before) {
  const std::string_view phase = object["phase"].get_string().value_unsafe();
  const auto begin = std::chrono::steady_clock::now();
  feed(run, object);
  if (phase == "in-sync") {
    run.in_sync();
    print((path + " to in-sync").c_str(), run, cpu_seconds() - cpu_before);
  } else if (phase == "incr") {
    run.flush();
    run.stats.incremental_us.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
            .count());
  }
}

void run_file(const std::string& path) {
  Lines lines(path);
  if (!lines.good()) return fmt::print(stderr, "error: cannot read {}\n", path);
  auto parser = std::make_unique<simdjson::dom::parser>();
  std::unique_ptr<Run> run;
  const double cpu_before = cpu_seconds();
  for (std::string line; lines.next(line);) {
    // The room for the snapshot's long lines goes before the graph needs its own.
    if (line.size() < line.capacity() / 4) {
      line.shrink_to_fit();
      parser = std::make_unique<simdjson::dom::parser>();
    }
    simdjson::dom::element object;
    if (parser->parse(line).get(object)) continue;
    simdjson::dom::element meta;
    if (!object["meta"].get(meta)) {
      run = start(meta);
    } else if (run) {
      take_line(*run, path, object, cpu_before);
    }
  }
  if (!run) return;
  print((path + " in all").c_str(), *run, cpu_seconds() - cpu_before);
  print_incremental(run->stats.incremental_us);
}

// One policy, and pods of which one in 2000 is local: what the graph costs where nothing is read.
void run_generated(size_t pods) {
  Run run("node-0", {});
  run.update("/calico/v1/policy/GlobalNetworkPolicy//p",
             R"({"tier":"default","selector":"app == 'a1'","inbound_rules":[{"action":"allow",)"
             R"("src_selector":"app == 'a2'"}]})");
  const double before = cpu_seconds();
  for (size_t i = 0; i < pods; ++i)
    run.update(
        fmt::format("/calico/v1/host/node-{}/workload/k8s/ns%2fp{}/endpoint/eth0", i % 2000, i),
        fmt::format(R"({{"state":"active","name":"cali{}","profile_ids":["kns.ns"],)"
                    R"("ipv4_nets":["10.{}.{}.{}/32"],"labels":{{"app":"a{}"}}}})",
                    i, i >> 16, i >> 8 & 255, i & 255, i % 20));
  run.apply();
  run.in_sync();
  print("generated", run, cpu_seconds() - before);
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) run_file(argv[i]);
  if (argc < 2) run_generated(100000);
}
