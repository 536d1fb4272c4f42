// SPDX-License-Identifier: Apache-2.0
// Events as JSON lines, both ways: a recording's events.jsonl and `felixsim log L export`.
#include <fmt/format.h>

#include <limits>

#include "felixsim/check.h"
#include "replay/capture/capture.h"
#include "replay/capture/json_record.h"
#include "replay/capture/record_reader.h"

namespace felixsim {
namespace {

// The members of one line by name. `take` marks them used, so that unknown ones are found.
class Line {
 public:
  Line(const JsonRecords& records, std::string_view text, const std::vector<JsonMember>& members)
      : records_(records), text_(text), members_(members), used_(members.size()) {}

  const JsonMember* take(std::string_view name) {
    for (size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].name != name) continue;
      used_[i] = true;
      return &members_[i];
    }
    return nullptr;
  }

  Result<const JsonMember*> need(std::string_view name, const std::string& what) {
    if (const auto* member = take(name)) return member;
    return tl::unexpected<Error>(
        records_.error_at(text_, fmt::format("'{}' is missing", name), "it holds " + what));
  }

  Result<std::string> need_text(std::string_view name, const std::string& what) {
    auto member = need(name, what);
    if (!member) return forward(member);
    if ((*member)->kind != JsonMember::Kind::string) return wrong(**member, "a text: " + what);
    return std::string((*member)->text);
  }

  Result<int64_t> need_integer(std::string_view name, int64_t max, const std::string& what) {
    auto member = need(name, what);
    if (!member) return forward(member);
    const auto value =
        (*member)->kind == JsonMember::Kind::number ? integer_of(**member) : std::nullopt;
    if (!value || *value < 0 || *value > max)
      return wrong(**member, fmt::format("a whole number from 0 to {}: {}", max, what));
    return *value;
  }

  tl::unexpected<Error> wrong(const JsonMember& member, const std::string& wanted) const {
    return tl::unexpected<Error>(records_.error_at(
        member.raw, fmt::format("'{}' is {}", member.name, std::string(member.raw.substr(0, 60))),
        "give " + wanted));
  }

  Status nothing_else() const {
    for (size_t i = 0; i < members_.size(); ++i)
      if (!used_[i])
        return tl::unexpected<Error>(
            records_.error_at(members_[i].raw, fmt::format("unknown member '{}'", members_[i].name),
                              "docs/event_log.md lists the members of each type of line"));
    return {};
  }

 private:
  const JsonRecords& records_;
  std::string_view text_;
  const std::vector<JsonMember>& members_;
  std::vector<bool> used_;
};

// An object or list becomes compact JSON text, a string its content, other scalars their text.
std::string text_of(const JsonMember& member) {
  const bool container =
      member.kind == JsonMember::Kind::object || member.kind == JsonMember::Kind::list;
  return container ? compact_json(member.raw) : std::string(member.text);
}

Result<EventBody> read_datastore(Line& line, bool is_put) {
  DatastoreEvent event;
  auto revision = line.need_integer("rev", std::numeric_limits<int64_t>::max(),
                                    "the datastore's revision, 0 when it has none");
  if (!revision) return forward(revision);
  event.revision = *revision;
  auto key = line.need_text("key", "the datastore key");
  if (!key) return forward(key);
  event.key = *std::move(key);
  const auto* value = line.take("value");
  const bool has_value = value != nullptr && value->kind != JsonMember::Kind::null;
  if (is_put && !has_value) {
    auto missing = line.need("value", "what was put");
    return missing ? line.wrong(**missing, "what was put") : forward(missing);
  }
  if (!is_put && has_value) return line.wrong(*value, "no value with a delete");
  if (has_value) event.value = text_of(*value);
  return event;
}

Result<EventBody> read_host(Line& line) {
  auto node = line.need_text("node", "the node's name");
  if (!node) return forward(node);
  auto action = line.need("action", "an action of docs/scenario.md");
  if (!action) return forward(action);
  if ((*action)->kind != JsonMember::Kind::object && (*action)->kind != JsonMember::Kind::string)
    return line.wrong(**action, "an action of docs/scenario.md, as an object");
  return HostEvent{*std::move(node), text_of(**action)};
}

Result<EventBody> read_environment(Line& line, const JsonMember& env, ProcessEvent& event) {
  JsonRecords inner;
  // A record of its own; copied, because the parser reads a little behind the end.
  std::string text(env.raw);
  text.reserve(text.size() + 64);
  auto members = inner.parse({text, 1, 1}, "env");
  if (!members) return line.wrong(env, "an object of texts");
  for (const auto& member : **members) {
    if (member.kind != JsonMember::Kind::string) return line.wrong(env, "an object of texts");
    event.environment.emplace_back(member.name, member.text);
  }
  std::sort(event.environment.begin(), event.environment.end());
  return event;
}

Result<EventBody> read_process(Line& line, ProcessEvent::Kind kind) {
  auto node = line.need_text("node", "the node's name");
  if (!node) return forward(node);
  ProcessEvent event{*std::move(node), kind, {}, {}};
  if (kind != ProcessEvent::Kind::start) return event;
  if (const auto* cfg = line.take("felix_cfg"); cfg != nullptr) {
    if (cfg->kind != JsonMember::Kind::string) return line.wrong(*cfg, "the text of felix.cfg");
    event.felix_cfg = std::string(cfg->text);
  }
  const auto* env = line.take("env");
  if (env == nullptr) return event;
  if (env->kind != JsonMember::Kind::object) return line.wrong(*env, "an object of texts");
  return read_environment(line, *env, event);
}

Result<EventBody> read_step(Line& line) {
  auto number =
      line.need_integer("step", std::numeric_limits<int>::max(), "the number of the step");
  if (!number) return forward(number);
  auto name = line.need_text("name", "the name of the step");
  if (!name) return forward(name);
  return StepEvent{static_cast<int>(*number), *std::move(name)};
}

Result<EventBody> read_body(Line& line, const JsonMember& type) {
  using Kind = ProcessEvent::Kind;
  if (type.text == "put") return read_datastore(line, true);
  if (type.text == "delete") return read_datastore(line, false);
  if (type.text == "host") return read_host(line);
  if (type.text == "start") return read_process(line, Kind::start);
  if (type.text == "stop") return read_process(line, Kind::stop);
  if (type.text == "kill") return read_process(line, Kind::kill);
  if (type.text == "restart") return read_process(line, Kind::restart);
  if (type.text == "step") return read_step(line);
  return line.wrong(type, "one of put, delete, host, start, stop, kill, restart, step");
}

class JsonlSource : public EventSource {
 public:
  explicit JsonlSource(RecordReader reader) : reader_(std::move(reader)) {}

  Result<std::optional<Event>> next() override {
    auto record = reader_.next_line();
    if (!record) return forward(record);
    if (!*record) return std::nullopt;
    auto members = records_.parse(**record, reader_.name());
    if (!members) return forward(members);
    Line line(records_, (*record)->text, **members);
    auto type = line.need("type", "put, delete, host, start, stop, kill, restart or step");
    if (!type) return forward(type);
    auto body = read_body(line, **type);
    if (!body) return forward(body);
    Event event;
    event.body = *std::move(body);
    if (const auto* time = line.take("t"); time != nullptr) {
      event.time = time->kind == JsonMember::Kind::number ? time_of(time->raw) : std::nullopt;
      if (!event.time) return line.wrong(*time, "seconds as a number, not negative");
    }
    if (auto rest = line.nothing_else(); !rest) return forward(rest);
    return event;
  }

 private:
  RecordReader reader_;
  JsonRecords records_;
};

// As an object where that reads back as the same bytes, else as a string.
std::string value_json(const std::string& text) {
  return is_compact_json(text) ? text : json_string(text);
}

std::string members_json(const DatastoreEvent& event) {
  return fmt::format(R"("type":"{}","rev":{},"key":{})", event.value ? "put" : "delete",
                     event.revision, json_string(event.key)) +
         (event.value ? ",\"value\":" + value_json(*event.value) : "");
}

std::string members_json(const HostEvent& event) {
  const bool object = !event.action.empty() && event.action.front() == '{';
  return fmt::format(R"("type":"host","node":{},"action":{})", json_string(event.node),
                     object ? value_json(event.action) : json_string(event.action));
}

std::string members_json(const ProcessEvent& event) {
  std::string out =
      fmt::format(R"("type":"{}","node":{})", kind_name(event.kind), json_string(event.node));
  if (event.kind != ProcessEvent::Kind::start) return out;
  std::string env;
  for (const auto& [name, value] : event.environment)
    env += fmt::format("{}{}:{}", env.empty() ? "" : ",", json_string(name), json_string(value));
  out += fmt::format(",\"env\":{{{}}}", env);
  if (event.felix_cfg) out += ",\"felix_cfg\":" + json_string(*event.felix_cfg);
  return out;
}

std::string members_json(const StepEvent& event) {
  return fmt::format(R"("type":"step","step":{},"name":{})", event.number, json_string(event.name));
}

}  // namespace

Result<EventSourcePtr> stream_jsonl(const std::string& path) {
  auto reader = RecordReader::open(path);
  if (!reader) return forward(reader);
  return std::make_unique<JsonlSource>(*std::move(reader));
}

EventSourcePtr stream_jsonl_text(std::string text, const std::string& name) {
  return std::make_unique<JsonlSource>(RecordReader::from_text(std::move(text), name));
}

std::string event_to_jsonl(const Event& event) {
  const std::string time = event.time ? fmt::format("\"t\":{},", seconds_text(*event.time)) : "";
  return "{" + time + std::visit([](const auto& body) { return members_json(body); }, event.body) +
         "}";
}

}  // namespace felixsim
