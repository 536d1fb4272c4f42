// SPDX-License-Identifier: Apache-2.0
#include "bench/event_file.h"

#include <simdjson.h>
#include <zlib.h>

#include <array>
#include <memory>
#include <string_view>

#include "model/datastore/key_text.h"
#include "model/datastore/value_text.h"

namespace felixsim::bench {
namespace {

constexpr size_t group = 200;

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

EventMeta read_meta(simdjson::dom::element meta) {
  const simdjson::dom::element encapsulation = meta["encapsulation"].value_unsafe();
  return {std::string(meta["hostname"].get_string().value_unsafe()),
          static_cast<size_t>(meta["nodes"].get_uint64().value_unsafe()),
          {encapsulation["ipip"].get_bool().value_unsafe(),
           encapsulation["vxlan"].get_bool().value_unsafe(),
           encapsulation["vxlan_v6"].get_bool().value_unsafe()}};
}

void add(std::vector<Update>& updates, simdjson::dom::element update) {
  const ParsedKey key = parse_key(update["k"].get_string().value_unsafe());
  if (key.kind != ParsedKey::Kind::felix) return;
  updates.push_back({key.key, nullptr});
  std::string_view text;
  if (update["v"].get(text)) return;
  if (auto value = parse_value(key, text)) updates.back().value = std::move(*value);
}

void feed(simdjson::dom::element line, const EventFileReader& reader) {
  simdjson::dom::array events;
  if (line["updates"].get(events)) return;
  std::vector<Update> updates;
  for (const simdjson::dom::element event : events) {
    add(updates, event);
    if (updates.size() < group) continue;
    reader.on_updates(updates);
    updates.clear();
  }
  reader.on_updates(updates);
}

}  // namespace

bool read_event_file(const std::string& path, const EventFileReader& reader) {
  Lines lines(path);
  if (!lines.good()) return false;
  auto parser = std::make_unique<simdjson::dom::parser>();
  for (std::string line; lines.next(line);) {
    // The room for the snapshot's long lines goes before the graph needs its own.
    if (line.size() < line.capacity() / 4) {
      line.shrink_to_fit();
      parser = std::make_unique<simdjson::dom::parser>();
    }
    reader.on_line();
    simdjson::dom::element object, meta;
    if (parser->parse(line).get(object)) return false;
    if (!object["meta"].get(meta)) {
      reader.on_meta(read_meta(meta));
      continue;
    }
    const std::string_view phase = object["phase"].get_string().value_unsafe();
    feed(object, reader);
    if (phase == "in-sync") reader.on_in_sync();
    if (phase == "incr") reader.on_incremental();
  }
  return true;
}

}  // namespace felixsim::bench
