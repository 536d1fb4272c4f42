// SPDX-License-Identifier: Apache-2.0
// `--from FORMAT`: one table of what can be imported.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "replay/capture/capture.h"

namespace felixsim {
namespace {

class ListSource : public EventSource {
 public:
  explicit ListSource(std::vector<Event> events) : events_(std::move(events)) {}
  Result<std::optional<Event>> next() override {
    if (at_ == events_.size()) return std::nullopt;
    return std::move(events_[at_++]);
  }

 private:
  std::vector<Event> events_;
  size_t at_ = 0;
};

using Notes = std::vector<std::string>*;

Result<EventSourcePtr> whole(Result<std::vector<Event>> events) {
  if (!events) return forward(events);
  return std::make_unique<ListSource>(*std::move(events));
}

struct Format {
  std::string name;
  Result<EventSourcePtr> (*open)(const std::string& path, Notes notes);
};

const std::vector<Format>& formats() {
  static const std::vector<Format> table{
      {"calicoctl", [](const std::string& path, Notes) { return whole(import_calicoctl(path)); }},
      {"etcd-watch", [](const std::string& path, Notes) { return stream_etcd_watch(path); }},
      {"jsonl", [](const std::string& path, Notes) { return stream_jsonl(path); }},
      {"kubectl",
       [](const std::string& path, Notes notes) { return whole(import_kubectl(path, notes)); }},
      {"recording", [](const std::string& path, Notes) { return whole(import_recording(path)); }}};
  return table;
}

}  // namespace

std::vector<std::string> capture_formats() {
  std::vector<std::string> names;
  for (const auto& format : formats()) names.push_back(format.name);
  return names;
}

Result<EventSourcePtr> open_capture(const std::string& format, const std::string& path,
                                    std::vector<std::string>* notes) {
  for (const auto& known : formats())
    if (known.name == format) return known.open(path, notes);
  return invalid(fmt::format("unknown capture format '{}'", format),
                 fmt::format("use one of {}", fmt::join(capture_formats(), ", ")));
}

}  // namespace felixsim
