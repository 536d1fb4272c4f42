// SPDX-License-Identifier: Apache-2.0
// felixsim report: one HTML page on a whole flight. Moments to look at are chosen among the events;
// a short input is flown anew for each, as `show --at` does, a long one is flown once and looked at
// on the way (what a node ends up with depends on state, not path).

#include "sim/analysis/reach/live_matrix.h"
#include "sim/cli/command.h"
#include "sim/cli/file.h"
#include "sim/cli/origins.h"
#include "sim/cli/progress.h"
#include "sim/cli/reach_input.h"
#include "sim/cli/report_moments.h"
#include "sim/cli/verb.h"
#include "sim/report/html_report.h"

namespace felixsim::cli {
namespace {

// Up to here each moment gets a flight of its own.
constexpr size_t short_input_events = 500;

struct Options {
  std::string input, out, title, version = "v3.32";
  size_t moments = 40;
};

Result<std::vector<Event>> all_events(const Input& input) {
  if (!input.log()) {
    auto events = input.events_until({}, {});
    if (!events) return events;
    for (size_t i = 0; i < events->size(); ++i) (*events)[i].sequence = static_cast<int64_t>(i) + 1;
    return events;
  }
  std::vector<Event> events;
  const auto source = input.log()->events();
  while (true) {
    auto event = source->next();
    if (!event) return forward(event);
    if (!*event) return events;
    events.push_back(std::move(**event));
  }
}

// Who reaches whom, moved on from moment to moment.
class ReachOnTheWay {
 public:
  explicit ReachOnTheWay(reach::MatrixOptions options) : live_(state_, std::move(options)) {}

  // Good until it is moved on again.
  reach::Matrix after(const std::vector<Event>& events, size_t count) {
    for (; at_ < count; ++at_)
      if (const auto* change = std::get_if<DatastoreEvent>(&events[at_].body))
        datastore_.put(*change);
    live_.update(state_.update(datastore_.flush(), &refused_));
    return live_.matrix();
  }
  const reach::ClusterState& state() const { return state_; }
  const DatastoreView& datastore() const { return datastore_; }
  const std::vector<reach::Refused>& refused() const { return refused_; }

 private:
  DatastoreView datastore_;
  reach::ClusterState state_;
  reach::LiveMatrix live_;
  std::vector<reach::Refused> refused_;
  size_t at_ = 0;
};

class Reporter {
 public:
  Reporter(const ManifestsOrInput& input, const Options& options, FelixVersion version)
      : input_(input.input),
        options_(options),
        version_(version),
        report_(options.title.empty() ? options.input : options.title),
        reach_(what_is_untold(input.manifests)) {
    for (const auto& reason : input.manifests.unusable) report_.add_note("not used: " + reason);
  }

  Result<std::string> page() {
    auto events = all_events(input_);
    if (!events) return forward(events);
    events_ = std::move(*events);
    for (const auto& event : events_) report_.add_event(event);
    auto end = fly_to(events_.size());
    if (!end) return forward(end);
    assumed_ = !end->notes.empty();
    for (const auto& note : end->notes) report_.add_note("assumed: " + note);
    const auto moments = choose_report_moments(events_, options_.moments);
    if (moments.size() < events_.size() + 1)
      report_.add_note(
          fmt::format("nodes and the matrix can be looked at at {} of {} moments (--moments)",
                      moments.size(), events_.size() + 1));
    if (auto added = add_moments(moments, *end); !added) return forward(added);
    add_warnings();
    return report_.page();
  }

 private:
  Result<Flight> fly_to(size_t count) {
    FlightRequest request;
    request.moment = {Moment::Kind::sequence, static_cast<int64_t>(count), {}};
    request.options.version = version_;
    return fly(input_, request);
  }

  Status add_moments(const std::vector<size_t>& moments, const Flight& end) {
    Progress progress("moments", moments.size());
    const bool anew = assumed_ || events_.size() <= short_input_events;
    ClusterOptions cluster_options;
    cluster_options.version = version_;
    Cluster moved(cluster_options);
    size_t at = 0;
    for (const size_t moment : moments) {
      const bool last = moment == moments.back();
      const Event* event = moment > 0 ? &events_[moment - 1] : nullptr;
      report_.add_moment(static_cast<int64_t>(moment), event ? event->time : std::nullopt,
                         moment_label(events_, moment));
      const Cluster* cluster = last ? end.cluster.get() : &moved;
      std::unique_ptr<Cluster> flown;
      if (!last && anew) {
        auto flight = fly_to(moment);
        if (!flight) return forward(flight);
        flown = std::move(flight->cluster);
        cluster = flown.get();
      } else if (!last) {
        for (; at < moment; ++at)
          if (auto applied = moved.apply(events_[at]); !applied) return applied;
        moved.settle();
      }
      report_.add_nodes(*cluster);
      const reach::Matrix matrix = reach_.after(events_, moment);
      report_.add_reach(matrix, last);
      const size_t packets =
          last ? report_.limits().traces : report_.limits().earlier_traces / (moments.size() - 1);
      add_traces(*cluster, matrix, std::span(events_).first(moment), packets);
      progress.step();
    }
    return {};
  }

  void add_traces(const Cluster& cluster, const reach::Matrix& matrix,
                  std::span<const Event> events, size_t limit) {
    TraceSource source;
    source.assumed = assumed_;
    source.add_origins = [events](std::vector<Decision>& decisions) {
      add_origins_from(events, decisions);
    };
    report_.add_traces(cluster, matrix, source, limit);
  }

  void add_warnings() {
    for (const auto& warning : reach_.datastore().warnings())
      report_.add_note(fmt::format("invalid: {}: {}", warning.key, warning.fact));
    for (const auto& [key, fact] : reach_.refused())
      report_.add_note(fmt::format("invalid: {}: {}", key, fact));
    for (const auto& name : reach_.state().untold_host_endpoints())
      report_.add_note(
          fmt::format("HostEndpoint '{}': which forwarded packets meet its policy is not told: "
                      "verdicts that hang on it are unknown",
                      name));
  }

  const Input& input_;
  const Options& options_;
  FelixVersion version_;
  HtmlReport report_;
  std::vector<Event> events_;
  ReachOnTheWay reach_;
  bool assumed_ = false;
};

Result<int> report(const Options& options) {
  const auto version = parse_version(options.version);
  if (!version) return tl::unexpected(version.error());
  auto input = open_manifests_or_input(options.input);
  if (!input) return forward(input);
  auto page = Reporter(*input, options, *version).page();
  if (!page) return forward(page);
  auto written = options.out == "-" ? print_data(*page) : write_file(options.out, *page);
  if (!written) return forward(written);
  if (options.out != "-")
    print_note("{}: {:.1f} MB", options.out, static_cast<double>(page->size()) / 1e6);
  return finish_answer(input->manifests.unusable, exit_yes);
}

}  // namespace

void add_report_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "report", "one HTML page on a whole flight");
  auto options = std::make_shared<Options>();
  add_input_argument(verb, options->input);
  add_required(verb, "-o,--out", options->out, "the page to write; - is standard output");
  add_option(verb, "--title", options->title, "heading of the page (default: INPUT)");
  add_number(verb, "--moments", options->moments, {2, 200},
             "at how many moments nodes can be looked at (default: 40)");
  add_version_option(verb, options->version);
  set_footer(verb,
             "The page needs no network: events, who reaches whom, every node's kernel at\n"
             "any chosen moment and what changed between two, where pods are.\n"
             "Example: felixsim report flight.db --out flight.html");
  on_run(verb, [options] { return report(*options); });
}

}  // namespace felixsim::cli
