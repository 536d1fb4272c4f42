// SPDX-License-Identifier: Apache-2.0
// `etcdctl watch -w json` (etcdctl/ctlv3/command/printer.go prints clientv3.WatchResponse with
// encoding/json) and, for the state before it, `etcdctl get --prefix -w json`. Numbers may be in
// quotes and names in lower case, as etcd's gRPC gateway writes them.
#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <deque>

#include "replay/capture/capture.h"
#include "replay/capture/json_dom.h"
#include "replay/capture/record_reader.h"

namespace felixsim {
namespace {

namespace dom = simdjson::dom;

// RFC 4648, with padding. Unset when malformed.
std::optional<std::string> decode_base64(std::string_view text) {
  static const auto values = [] {
    std::array<int8_t, 256> table{};
    table.fill(-1);
    const std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < alphabet.size(); ++i)
      table[static_cast<uint8_t>(alphabet[i])] = static_cast<int8_t>(i);
    return table;
  }();
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int8_t value = values[static_cast<uint8_t>(c)];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count);
  }
  if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;  // stray bits: cut off
  return out;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

std::optional<dom::element> find(dom::object object, std::string_view name) {
  for (const auto& [member, value] : object)
    if (same_name(member, name) && !value.is_null()) return value;
  return std::nullopt;
}

std::optional<int64_t> integer_of(dom::element element) {
  int64_t value = 0;
  if (element.get(value) == simdjson::SUCCESS) return value;
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS || text.empty()) return std::nullopt;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

bool get_object(std::optional<dom::element> element, dom::object& out) {
  return element && element->get(out) == simdjson::SUCCESS;
}

bool is_true(std::optional<dom::element> element) {
  bool value = false;
  return element && element->get(value) == simdjson::SUCCESS && value;
}

// One response: the events in it, or a fact that the caller gives a place.
class ResponseReader {
 public:
  // Appends to `out`. An unset result is fine; else what is wrong.
  std::optional<std::string> read(dom::object response, std::deque<Event>& out) {
    // The gateway wraps each response.
    if (dom::object inner; get_object(find(response, "result"), inner)) response = inner;
    if (is_true(find(response, "canceled")))
      return "the watch was cancelled by etcd: what follows was not captured";
    if (const auto kvs = find(response, "kvs")) return read_range(*kvs, out);
    if (const auto events = find(response, "events")) return read_events(*events, out);
    if (find(response, "header")) return std::nullopt;  // created, or a progress notification
    return "neither a watch response nor a list of keys: no Events, kvs or Header";
  }

 private:
  static std::optional<std::string> read_events(dom::element events, std::deque<Event>& out) {
    dom::array list;
    if (events.get(list) != simdjson::SUCCESS) return "'Events' is not a list";
    size_t index = 0;
    for (const auto item : list) {
      auto wrong = read_event(item, out);
      if (wrong) return fmt::format("Events[{}]: {}", index, *wrong);
      ++index;
    }
    return std::nullopt;
  }

  static std::optional<std::string> read_event(dom::element item, std::deque<Event>& out) {
    dom::object event, kv;
    if (item.get(event) != simdjson::SUCCESS) return "not an object";
    if (!get_object(find(event, "kv"), kv)) return "no 'kv'";
    bool is_delete = false;
    if (const auto type = find(event, "type")) {
      std::string_view name;
      const auto number = integer_of(*type);
      if (number == 1 || (type->get(name) == simdjson::SUCCESS && name == "DELETE"))
        is_delete = true;
      else if (number != 0 && name != "PUT")
        return "unknown 'type': an event is PUT (0) or DELETE (1)";
    }
    return read_kv(kv, is_delete, out);
  }

  // A range comes sorted by key; the order in which the keys were last put is that of revisions.
  static std::optional<std::string> read_range(dom::element kvs, std::deque<Event>& out) {
    dom::array list;
    if (kvs.get(list) != simdjson::SUCCESS) return "'kvs' is not a list";
    std::deque<Event> range;
    for (const auto item : list) {
      dom::object kv;
      if (item.get(kv) != simdjson::SUCCESS)
        return fmt::format("kvs[{}]: not an object", range.size());
      if (auto wrong = read_kv(kv, false, range))
        return fmt::format("kvs[{}]: {}", range.size(), *wrong);
    }
    std::stable_sort(range.begin(), range.end(), [](const Event& a, const Event& b) {
      return std::get<DatastoreEvent>(a.body).revision < std::get<DatastoreEvent>(b.body).revision;
    });
    for (auto& event : range) out.push_back(std::move(event));
    return std::nullopt;
  }

  static std::optional<std::string> read_kv(dom::object kv, bool is_delete,
                                            std::deque<Event>& out) {
    DatastoreEvent event;
    const auto revision = find(kv, "mod_revision");
    const auto number = revision ? integer_of(*revision) : std::nullopt;
    if (!number || *number < 0) return "'mod_revision' is missing or not a whole number";
    event.revision = *number;
    auto key = read_bytes(kv, "key");
    if (!key) return "'key' is missing or not base64";
    if (!is_text(*key)) return "the key is not UTF-8";
    event.key = *std::move(key);
    if (!is_delete) {
      const bool empty = !find(kv, "value");  // encoding/json leaves an empty value out
      auto value = empty ? std::string() : read_bytes(kv, "value");
      if (!value) return fmt::format("the value of '{}' is not base64", event.key);
      if (!is_text(*value))
        return fmt::format("the value of '{}' is not UTF-8: watch only --prefix /calico",
                           event.key);
      event.value = *std::move(value);
    }
    out.push_back({0, std::nullopt, std::move(event)});
    return std::nullopt;
  }

  static std::optional<std::string> read_bytes(dom::object kv, std::string_view name) {
    const auto element = find(kv, name);
    std::string_view text;
    if (!element || element->get(text) != simdjson::SUCCESS) return std::nullopt;
    return decode_base64(text);
  }

  static bool is_text(std::string_view text) {
    return simdjson::validate_utf8(text.data(), text.size());
  }
};

class EtcdWatchSource : public EventSource {
 public:
  explicit EtcdWatchSource(RecordReader reader) : reader_(std::move(reader)) {}

  Result<std::optional<Event>> next() override {
    while (pending_.empty()) {
      auto record = reader_.next_object();
      if (!record) return forward(record);
      if (!*record) return std::nullopt;
      auto response = json_.parse(**record, reader_.name());
      if (!response) return forward(response);
      if (auto wrong = ResponseReader().read(*response, pending_))
        return tl::unexpected<Error>(json_.error_at(
            (*record)->text, *wrong, "capture with `etcdctl watch --prefix /calico -w json`"));
    }
    Event event = std::move(pending_.front());
    pending_.pop_front();
    return event;
  }

 private:
  RecordReader reader_;
  CheckedJson json_;
  std::deque<Event> pending_;
};

}  // namespace

Result<EventSourcePtr> stream_etcd_watch(const std::string& path) {
  auto reader = RecordReader::open(path);
  if (!reader) return forward(reader);
  return std::make_unique<EtcdWatchSource>(*std::move(reader));
}

EventSourcePtr stream_etcd_watch_text(std::string text, const std::string& name) {
  return std::make_unique<EtcdWatchSource>(RecordReader::from_text(std::move(text), name));
}

}  // namespace felixsim
