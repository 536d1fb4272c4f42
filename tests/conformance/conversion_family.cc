// SPDX-License-Identifier: Apache-2.0
// Family `conversion`: resource events -> v3 keys and values -> what Felix's syncer delivers. One
// case is one line; its events go through one syncer, which remembers.
#include <algorithm>

#include "conform.h"
#include "model/datastore/key_text.h"
#include "model/datastore/resources.h"
#include "model/datastore/syncer.h"
#include "model/datastore/value_json.h"
#include "model/datastore/value_text.h"

namespace felixsim::conform {
namespace {

using Difference = std::optional<std::string>;

bool is_empty(const json& value) {
  return value.is_null() || ((value.is_array() || value.is_object()) && value.empty()) ||
         (value.is_string() && value.get_ref<const std::string&>().empty());
}

// Members that are null, "", [] or {} are as good as absent.
json without_empty(const json& value) {
  if (value.is_array()) {
    json out = json::array();
    for (const auto& element : value) out.push_back(without_empty(element));
    return out;
  }
  if (!value.is_object()) return value;
  json out = json::object();
  for (const auto& [name, member] : value.items()) {
    json inner = without_empty(member);
    if (!is_empty(inner)) out[name] = std::move(inner);
  }
  return out;
}

// A stored text for comparing: JSON where it is an object, else the text itself; null is a delete.
json comparable(const std::optional<std::string>& text) {
  if (!text) return nullptr;
  const json parsed = json::parse(*text, nullptr, false);
  return parsed.is_object() ? without_empty(parsed) : json(*text);
}

struct Pair {
  std::string key;
  json value;
  bool operator<(const Pair& other) const {
    return key != other.key ? key < other.key : value.dump() < other.value.dump();
  }
};

std::vector<Pair> wanted_pairs(const json& event, const char* name) {
  std::vector<Pair> out;
  if (!event.contains(name) || event[name].is_null()) return out;
  for (const auto& pair : event[name]) {
    const std::string key = pair["k"];
    const auto text =
        pair["v"].is_null() ? std::nullopt : std::optional(pair["v"].get<std::string>());
    out.push_back({key, comparable(text)});
  }
  return out;
}

Difference compare(std::vector<Pair> want, std::vector<Pair> got, const std::string& where) {
  std::sort(want.begin(), want.end());
  std::sort(got.begin(), got.end());
  for (size_t i = 0; i < std::max(want.size(), got.size()); ++i) {
    if (i >= got.size()) return where + ": missing " + want[i].key;
    if (i >= want.size()) return where + ": unexpected " + got[i].key;
    if (want[i].key != got[i].key) {
      return where + ": want key " + want[i].key + ", got " + got[i].key;
    }
    if (auto difference = first_difference(want[i].value, got[i].value, want[i].key)) {
      return where + ": " + *difference;
    }
  }
  return std::nullopt;
}

// A value that is passed on as it is: the stored text is what Felix gets; that the typed value says
// the same is checked by reading the stored text anew.
Pair passed_on(const ResourceKey& key, const Value& value, const ConvertedResource& stored) {
  const std::string name = key_text(key);
  for (const auto& resource : stored.stored) {
    if (resource.key != name) continue;
    const auto again = parse_value(key, resource.value.value_or(""));
    if (again && value_text(**again) == value_text(value))
      return {name, comparable(resource.value)};
  }
  return {name, "not what was stored: " + value_text(value)};
}

// Deletes of parameters that a configuration resource leaves unset are not listed one by one.
bool lists_no_deletes(const json& event) {
  const std::string kind = event["resource"].value("kind", "");
  return kind == "FelixConfiguration" || kind == "ClusterInformation";
}

Difference run_event(const json& event, const ResourceOptions& options, Syncer& syncer) {
  auto converted =
      convert_resource(event["resource"].dump(), event.value("delete", false), options);
  const bool impossible = !converted;
  const ConvertedResource result = impossible ? ConvertedResource{} : *std::move(converted);
  if (event.contains("skip") != !result.skipped.empty()) return "skip: got " + result.skipped;

  std::vector<Pair> v3, v1;
  bool failed = impossible || !result.errors.empty();
  std::vector<Update> updates;
  for (const auto& resource : result.stored) {
    v3.push_back({resource.key, comparable(resource.value)});
    syncer.apply(resource.key, resource.value, updates);
  }
  for (const auto& warning : syncer.take_warnings()) failed = failed || warning.reported;
  for (const auto& update : updates) {
    const auto* resource_key = std::get_if<ResourceKey>(&update.key);
    if (!update.value) {
      if (!lists_no_deletes(event)) v1.push_back({key_text(update.key), nullptr});
    } else if (resource_key != nullptr) {
      v1.push_back(passed_on(*resource_key, *update.value, result));
    } else {
      v1.push_back({key_text(update.key), comparable(value_text(*update.value))});
    }
  }
  auto wanted_v1 = wanted_pairs(event, "v1");
  if (lists_no_deletes(event)) {
    std::erase_if(wanted_v1, [](const Pair& pair) { return pair.value.is_null(); });
  }
  if (auto difference = compare(wanted_pairs(event, "v3"), v3, "v3")) return difference;
  if (auto difference = compare(wanted_v1, v1, "v1")) return difference;
  if (event.contains("error") == failed) return std::nullopt;
  return failed ? "unexpected error" : "error is missing";
}

Difference run_case(const json& line) {
  const bool use_pod_cidr = line.value("use_pod_cidr", false);
  ResourceOptions options;
  options.use_pod_cidr = use_pod_cidr;
  Syncer syncer({true, use_pod_cidr, {}});
  int number = 0;
  for (const auto& event : line["events"]) {
    if (auto difference = run_event(event, options, syncer)) {
      return "event " + std::to_string(number) + ": " + *difference;
    }
    ++number;
  }
  return std::nullopt;
}

}  // namespace

void run_family(const Options& options, Report& report) {
  for (const auto& file : files_in(options.dir, ".jsonl")) {
    for_each_line(file, [&](int, const json& line) {
      if (!line.contains("events")) return;
      const std::string name = file.stem().string() + "/" + line.value("name", "?");
      report.add(name, run_case(line));
    });
  }
}

}  // namespace felixsim::conform
