// SPDX-License-Identifier: Apache-2.0
// What kubectl prints and people apply: manifests, Lists, concatenated JSON objects, and the lines
// of `kubectl get -w -o json --output-watch-events`. Kubernetes objects become what Calico's
// Kubernetes datastore makes of them (model/datastore/resources.h); Calico's own in the API group
// projectcalico.org/v3 are stored as calicoctl stores them, those in crd.projectcalico.org/v1 as
// they are. libcalico-go/lib/backend/k8s/resources/ipam_block.go: a block's spec is its value.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "model/datastore/resources.h"
#include "replay/capture/capture.h"
#include "replay/capture/kubernetes_kinds.h"
#include "replay/capture/manifest.h"
#include "replay/capture/record_reader.h"

namespace felixsim {
namespace {

constexpr std::string_view calico_api = "projectcalico.org/v3";
constexpr std::string_view calico_crd_api = "crd.projectcalico.org/v1";

// "10.244.0.0/26" -> the key of the block.
std::optional<std::string> block_key(const yaml::Node& spec) {
  const auto* cidr = spec.find("cidr");
  const size_t slash = cidr != nullptr ? cidr->text.find('/') : std::string::npos;
  if (slash == std::string::npos) return std::nullopt;
  const std::string address = cidr->text.substr(0, slash);
  return fmt::format("/calico/ipam/v2/assignment/{}/block/{}-{}",
                     address.find(':') == std::string::npos ? "ipv4" : "ipv6", address,
                     cidr->text.substr(slash + 1));
}

// The text of a scalar of the object's metadata; empty when it is absent or the wrong thing.
std::string metadata_text(const yaml::Node& object, std::string_view name) {
  const auto* metadata = object.find("metadata");
  const auto* found = metadata != nullptr ? metadata->find(name) : nullptr;
  return found != nullptr ? found->text : std::string();
}

// Whether it is JSON objects in a row, which are no YAML; YAML may begin with a brace, too.
bool is_json_in_a_row(const std::string& text) {
  constexpr const char* blank = " \t\r\n";
  const size_t first = text.find_first_not_of(blank);
  if (first == text.npos || text[first] != '{') return false;
  const size_t key = text.find_first_not_of(blank, first + 1);
  return key != text.npos && text[key] == '"' && text.find("\n---") == text.npos;
}

class KubectlImport {
 public:
  KubectlImport(std::string name, std::vector<std::string>* notes)
      : name_(std::move(name)), notes_(notes) {}

  // What every cluster's datastore holds from the start, then the manifests.
  Result<std::vector<Event>> run(const std::string& text) {
    auto initial = store_calico_resources({}, name_);
    if (!initial) return forward(initial);
    initial_ = initial->size();
    events_ = *std::move(initial);
    const auto done = is_json_in_a_row(text) ? add_objects(text) : add_text(text, name_);
    if (!done) return tl::unexpected<Error>(done.error());
    if (auto ended = end_relist(); !ended) return tl::unexpected<Error>(ended.error());
    return std::move(events_);
  }

 private:
  // One at a time.
  Status add_objects(const std::string& text) {
    auto reader = RecordReader::from_text(text, name_);
    for (;;) {
      auto record = reader.next_object();
      if (!record) return forward(record);
      if (!*record) return {};
      // Places count from where the object begins.
      const auto& object = **record;
      const std::string name =
          object.line == 1 ? name_ : fmt::format("{} (object at line {})", name_, object.line);
      if (auto added = add_text(std::string(object.text), name); !added) return added;
    }
  }

  Status add_text(const std::string& text, const std::string& name) {
    auto documents = yaml::parse(text, name);
    if (!documents) return forward(documents);
    for (const auto& document : *documents) {
      const bool is_event = document->kind == yaml::Node::Kind::map && document->find("object") &&
                            document->find("type") && !document->find("kind");
      auto added =
          is_event ? add_watch_event(*document, name) : add_document(document, name, false);
      if (!added) return added;
    }
    return {};
  }

  // An ERROR (as a rule 410: the revision is too old) ends a stream. Who starts it again gets all
  // objects listed as ADDED: those that are not there any more were deleted meanwhile.
  Status add_watch_event(const yaml::Node& event, const std::string& name) {
    const auto& type = *event.find("type");
    yaml::NodePtr object;
    for (const auto& member : event.members)
      if (member.key == "object") object = member.value;
    if (type.text != "ADDED")
      if (auto ended = end_relist(); !ended) return ended;
    if (type.text == "BOOKMARK") return {};
    if (type.text == "ERROR") {
      relisting_ = true;
      const auto* message = object->find("message");
      if (notes_ != nullptr)
        notes_->push_back(fmt::format("{}: the watch ended: {}", yaml::at(name, type.place),
                                      message != nullptr ? message->text : "no reason given"));
      return {};
    }
    if (type.text != "ADDED" && type.text != "MODIFIED" && type.text != "DELETED")
      return invalid(
          fmt::format("{}: watch event of type '{}'", yaml::at(name, type.place), type.text),
          "an event is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR");
    return add_watched({object, name, revision_of(*object)}, type.text == "DELETED");
  }

  struct Watched {
    yaml::NodePtr object;
    std::string name;  // of the text that it is in
    int64_t revision = 0;
  };

  Status add_watched(const Watched& watched, bool deleted) {
    const size_t before = events_.size();
    if (auto added = add_document(watched.object, watched.name, deleted); !added) return added;
    for (size_t i = before; i < events_.size() && watched.revision > 0; ++i)
      std::get<DatastoreEvent>(events_[i].body).revision = watched.revision;
    const auto id = identity(*watched.object);
    if (deleted)
      watched_.erase(id);
    else
      watched_[id] = watched;
    if (relisting_) relisted_.insert(id);
    return {};
  }

  Status end_relist() {
    if (!std::exchange(relisting_, false)) return {};
    const auto listed = std::exchange(relisted_, {});
    std::set<std::string> kinds;
    int64_t latest = 0;
    for (const auto& id : listed) {
      kinds.insert(id[0]);
      latest = std::max(latest, watched_[id].revision);
    }
    if (listed.empty() && notes_ != nullptr)
      notes_->push_back(
          name_ +
          ": nothing is listed after the end of the watch: what changed since is not known");
    std::vector<Watched> gone;
    for (const auto& [id, watched] : watched_)
      if (kinds.contains(id[0]) && !listed.contains(id))
        gone.push_back({watched.object, watched.name, latest});
    for (const auto& watched : gone)
      if (auto removed = add_watched(watched, true); !removed) return removed;
    return {};
  }

  using Identity = std::array<std::string, 3>;  // kind with its API version, namespace, name
  static Identity identity(const yaml::Node& object) {
    const auto text = [&](std::string_view name) {
      const auto* found = object.find(name);
      return found != nullptr ? found->text : std::string();
    };
    return {text("apiVersion") + " " + text("kind"), metadata_text(object, "namespace"),
            metadata_text(object, "name")};
  }

  static int64_t revision_of(const yaml::Node& object) {
    const std::string version = metadata_text(object, "resourceVersion");
    int64_t revision = 0;
    std::from_chars(version.data(), version.data() + version.size(), revision);
    return revision;
  }

  Status add_document(const yaml::NodePtr& document, const std::string& name, bool deleted) {
    auto items = manifest_items(document, name);
    if (!items) return forward(items);
    for (const auto& item : *items) {
      const size_t before = events_.size();
      if (auto added = add(item, name, deleted); !added) return added;
      for (size_t i = before; i < events_.size(); ++i)
        if (auto* change = std::get_if<DatastoreEvent>(&events_[i].body))
          change->origin = fmt::format("{}:{}", name, item.node->place.line);
    }
    return {};
  }

  Status add(const ManifestItem& item, const std::string& name, bool deleted) {
    const bool calico = item.api_version == calico_api || item.api_version == calico_crd_api;
    if (calico && item.kind == "IPAMBlock") return add_block(item, name, deleted);
    if (has_no_bearing(item.api_version, item.kind)) {
      note(item, name, "left out: Felix does not read it");
      return {};
    }
    if (item.api_version == calico_api && !deleted) return add_calico(item, name);
    if (!is_known_resource(item.api_version, item.kind))
      return invalid(
          fmt::format("{}: {} '{}': {}", yaml::at(name, item.node->place), item.kind,
                      metadata_text(*item.node, "name"), why_unknown(item.api_version, item.kind)),
          "leave out what is neither Calico's nor read by Calico");
    return add_converted(item, name, deleted);
  }

  Status add_calico(const ManifestItem& item, const std::string& name) {
    auto stored = store_calico_resources({item}, name);
    if (!stored) return forward(stored);
    events_.insert(events_.end(),
                   std::make_move_iterator(stored->begin() + static_cast<long>(initial_)),
                   std::make_move_iterator(stored->end()));
    return {};
  }

  Status add_block(const ManifestItem& item, const std::string& name, bool deleted) {
    const auto* spec = item.node->find("spec");
    const auto key =
        spec != nullptr && spec->kind == yaml::Node::Kind::map ? block_key(*spec) : std::nullopt;
    if (!key)
      return invalid(
          fmt::format("{}: IPAMBlock without spec.cidr", yaml::at(name, item.node->place)));
    put(*key, deleted ? std::nullopt : std::optional(yaml::to_json(*spec)));
    return {};
  }

  Status add_converted(const ManifestItem& item, const std::string& name, bool deleted) {
    auto converted =
        convert_resource(yaml::to_json(*completed_object(item.kind, item.node)), deleted);
    if (!converted)
      return tl::unexpected<Error>(
          std::move(converted).error().with_context(yaml::at(name, item.node->place)));
    if (!converted->skipped.empty()) note(item, name, "left out: " + converted->skipped);
    for (const auto& error : converted->errors) note(item, name, error);
    for (auto& stored : converted->stored) put(stored.key, std::move(stored.value));
    return {};
  }

  void put(const std::string& key, std::optional<std::string> value) {
    events_.push_back({0, std::nullopt, DatastoreEvent{0, key, std::move(value)}});
  }

  void note(const ManifestItem& item, const std::string& name, const std::string& fact) {
    if (notes_ == nullptr) return;
    notes_->push_back(fmt::format("{}: {} '{}': {}", yaml::at(name, item.node->place), item.kind,
                                  metadata_text(*item.node, "name"), fact));
  }

  std::string name_;
  std::vector<std::string>* notes_;
  std::vector<Event> events_;
  size_t initial_ = 0;
  std::map<Identity, Watched> watched_;  // what watch events say there is
  bool relisting_ = false;               // after an ERROR, until something else than ADDED comes
  std::set<Identity> relisted_;
};

}  // namespace

Result<std::vector<Event>> import_kubectl_text(const std::string& text, const std::string& name,
                                               std::vector<std::string>* notes) {
  return KubectlImport(name, notes).run(text);
}

Result<std::vector<Event>> import_kubectl(const std::string& path,
                                          std::vector<std::string>* notes) {
  auto text = read_text(path, max_manifest_bytes);
  if (!text) return forward(text);
  return import_kubectl_text(*text, path == "-" ? "standard input" : path, notes);
}

}  // namespace felixsim
