// SPDX-License-Identifier: Apache-2.0
// felixsim import: appends captures to an event log.
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "replay/capture/capture.h"
#include "replay/log/event_log.h"
#include "sim/cli/command.h"
#include "sim/cli/progress.h"
#include "sim/cli/verb.h"

namespace felixsim::cli {
namespace {

struct Options {
  std::vector<std::string> inputs;
  std::string from, log;
  bool json = false, stamp = false;
};

// Says how far the import got, whatever ended it: what is in the log stays in it.
Error explained(Error error, const std::string& input, int64_t kept) {
  const std::string kept_text =
      kept == 0 ? "nothing of it was kept"
                : fmt::format("the first {} events of it are in the log and stay there", kept);
  error.help = error.help.empty() ? kept_text : fmt::format("{}; {}", error.help, kept_text);
  if (error.message.find(input) == std::string::npos) error.message = input + ": " + error.message;
  return error;
}

// Moves the progress bar as events go by, and gives them the time of day if that is asked for.
class Watched final : public EventSource {
 public:
  Watched(EventSource& source, Progress& progress, bool stamp)
      : source_(source), progress_(progress), stamp_(stamp) {}
  Result<std::optional<Event>> next() override {
    progress_.step();
    auto event = source_.next();
    if (stamp_ && event && *event && !(*event)->time) (*event)->time = now();
    return event;
  }

 private:
  static SimTime now() {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(since_1970).count();
  }

  EventSource& source_;
  Progress& progress_;
  bool stamp_;
};

Result<int64_t> import_one(const Options& options, const std::string& input,
                           EventLogWriter& writer) {
  std::vector<std::string> notes;  // what the input holds that is not stored as it is there
  auto source = open_capture(options.from, input, &notes);
  for (const auto& note : notes) print_note("note: {}", note);
  if (!source) return tl::unexpected(explained(source.error(), input, 0));
  Progress progress("importing " + input, 0);
  Watched watched(**source, progress, options.stamp);
  auto outcome = append_all(writer, watched);
  if (outcome.failure) return tl::unexpected(explained(*outcome.failure, input, outcome.kept));
  return outcome.kept;
}

Result<int> import(const Options& options) {
  const auto formats = capture_formats();
  if (std::find(formats.begin(), formats.end(), options.from) == formats.end())
    return tl::unexpected(Error{ErrorCode::invalid_input,
                                fmt::format("--from {}: there is no such format", options.from),
                                fmt::format("use one of {}", fmt::join(formats, ", "))});
  for (const auto& input : options.inputs)  // before a log is made
    if (std::error_code error; input != "-" && !std::filesystem::exists(input, error))
      return fail(ErrorCode::not_found, fmt::format("{}: there is no such file", input),
                  "nothing was imported");
  auto writer = EventLogWriter::open(options.log);
  if (!writer) return forward(writer);
  int64_t total = 0;
  for (const auto& input : options.inputs) {
    auto kept = import_one(options, input, *writer);
    if (!kept) return forward(kept);
    total += *kept;
  }
  std::string text = fmt::format("{}: {} events appended, {} in all\n", options.log, total,
                                 writer->last_sequence());
  if (options.json)
    text = nlohmann::ordered_json{{"schema", json_schema},
                                  {"log", options.log},
                                  {"appended", total},
                                  {"events", writer->last_sequence()}}
               .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
           "\n";
  if (auto printed = print_data(text); !printed) return forward(printed);
  return exit_yes;
}

}  // namespace

void add_import_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "import", "append captures to an event log");
  auto options = std::make_shared<Options>();
  add_required(verb, "--from", options->from,
               fmt::format("what the input is: {}", fmt::join(capture_formats(), ", ")));
  add_required(verb, "INPUT", options->inputs,
               "files, folders (recording), or - for standard input");
  add_required(verb, "--log", options->log, "the event log; made when it is not there");
  add_flag(verb, "--stamp", options->stamp,
           "give events that have no time the time at which they are read, so that "
           "--at 2024-01-02T14:03:00Z can ask for it");
  add_json_flag(verb, options->json);
  set_footer(verb,
             "Example: etcdctl watch -w json --prefix /calico | \\\n"
             "  felixsim import --from etcd-watch --stamp - --log flight.db");
  on_run(verb, [options] { return import(*options); });
}

}  // namespace felixsim::cli
