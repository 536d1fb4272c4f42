// SPDX-License-Identifier: Apache-2.0
// The family `recording`: datastore events from events.jsonl, hosts and environments from
// scenario.yaml, through a real event log, and after each step the predicted kernel against the
// recorded one. Every step is also reached directly, by folding the log up to it, as `felixsim
// show` does.
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "conform.h"
#include "recording_compare.h"
#include "replay/capture/capture.h"
#include "replay/log/event_log.h"
#include "sim/cli/folded_events.h"
#include "sim/engine/cluster.h"
#include "sim/report/felix_reports.h"
#include "sim/report/felix_state.h"
#include "sim/report/kernel_texts.h"

namespace felixsim::conform {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The predicted text for a recorded file; nothing for files that are not state.
std::optional<std::string> predicted(const NodeFlight& node, const std::string& file) {
  if (file == "health.txt") return health_codes(node);
  for (const auto& part : kernel_parts())
    if (part.file == file) return kernel_text(node.kernel.state(), part.name);
  return std::nullopt;
}

std::optional<std::string> compare_node(const fs::path& folder, const NodeFlight& node) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    const auto got = predicted(node, file.filename().string());
    if (!got) continue;
    if (auto difference = compare_recorded(file.filename().string(), read_text(file), *got))
      return fmt::format("{}: {}", file.filename().string(), *difference);
  }
  return std::nullopt;
}

std::optional<std::string> compare_step(const fs::path& folder, const Cluster& cluster) {
  std::vector<fs::path> nodes;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory()) nodes.push_back(entry.path());
  std::sort(nodes.begin(), nodes.end());
  for (const auto& path : nodes) {
    const NodeFlight* node = cluster.find(path.filename().string());
    if (!node) return fmt::format("no node {}", path.filename().string());
    if (auto difference = compare_node(path, *node))
      return fmt::format("{}/{}: {} (Felix: {})", folder.filename().string(),
                         path.filename().string(), *difference, felix_state_text(*node));
  }
  return std::nullopt;
}

std::optional<std::string> error_of(const Error& error) {
  return error.message + (error.help.empty() ? "" : "; " + error.help);
}

fs::path step_folder(const fs::path& folder, const StepEvent& step) {
  return folder / fmt::format("step-{:02}", step.number);
}

// The whole log, event by event.
std::optional<std::string> fly_through(const fs::path& folder, const EventLog& log,
                                       const ClusterOptions& options) {
  Cluster cluster(options);
  const auto source = log.events();
  while (true) {
    auto event = source->next();
    if (!event) return error_of(event.error());
    if (!*event) return std::nullopt;
    if (auto applied = cluster.apply(**event); !applied) return error_of(applied.error());
    const auto* step = std::get_if<StepEvent>(&(*event)->body);
    if (!step) continue;
    cluster.settle();
    if (auto difference = compare_step(step_folder(folder, *step), cluster)) return difference;
  }
}

// Straight to the end of each step, from the folded log.
std::optional<std::string> jump_to_steps(const fs::path& folder, const EventLog& log,
                                         const ClusterOptions& options) {
  const auto info = log.info();
  if (!info) return error_of(info.error());
  for (const auto& position : info->steps) {
    auto events = cli::folded_events(log, position.sequence, {});
    if (!events) return error_of(events.error());
    Cluster cluster(options);
    for (const auto& event : *events)
      if (auto applied = cluster.apply(event); !applied) return error_of(applied.error());
    cluster.settle();
    if (auto difference = compare_step(step_folder(folder, position.step), cluster))
      return "folded: " + *difference;
  }
  return std::nullopt;
}

std::optional<std::string> run_case(const fs::path& folder, const fs::path& log_path,
                                    const ClusterOptions& options) {
  auto events = import_recording(folder.string());
  if (!events) return error_of(events.error());
  {
    auto writer = EventLogWriter::open(log_path.string());
    if (!writer) return error_of(writer.error());
    if (auto appended = writer->append(*events); !appended) return error_of(appended.error());
  }
  auto log = EventLog::open(log_path.string());
  if (!log) return error_of(log.error());
  if (auto difference = fly_through(folder, *log, options)) return difference;
  return jump_to_steps(folder, *log, options);
}

}  // namespace

void run_family(const Options& options, Report& report) {
  ClusterOptions cluster;
  cluster.version = *parse_felix_version(options.felix_version);
  const fs::path scratch =
      fs::temp_directory_path() / fmt::format("felixsim-conform-{}", ::getpid());
  for (const auto& folder : recorded_cases_in(options.dir)) {
    fs::create_directories(scratch);
    report.add(folder.filename().string(), run_case(folder, scratch / "case.db", cluster));
    fs::remove_all(scratch);
  }
}

}  // namespace felixsim::conform
