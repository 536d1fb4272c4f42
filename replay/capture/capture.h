// SPDX-License-Identifier: Apache-2.0
// Importers: text that others wrote -> Events. All are strict: what they do not understand is an
// Error that names file:line:column, the fact and the fix. A file `-` is standard input.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/event_source.h"
#include "felixsim/result.h"

namespace felixsim {

using EventSourcePtr = std::unique_ptr<EventSource>;

// Named limits; crossing one is an Error that names it.
inline constexpr size_t max_capture_record_bytes = 64 << 20;  // one line or one JSON document
inline constexpr int max_capture_nesting = 128;               // far deeper than any resource

// `{rev, type, key, value, t?}` a line, as the events.jsonl of a recording; also the lines of
// `felixsim log L export` (host, process and step events). Streams: memory is one line.
Result<EventSourcePtr> stream_jsonl(const std::string& path);
EventSourcePtr stream_jsonl_text(std::string text, const std::string& name);

// The inverse: one event as a line, without the newline; stream_jsonl reads it back equal.
std::string event_to_jsonl(const Event& event);

// `etcdctl watch -w json`: concatenated watch responses, keys and values in base64. Streams.
Result<EventSourcePtr> stream_etcd_watch(const std::string& path);
EventSourcePtr stream_etcd_watch_text(std::string text, const std::string& name);

// A recorded case's folder (scenario.yaml, events.jsonl, recording.json) merged into one order.
Result<std::vector<Event>> import_recording(const std::string& folder);

// Manifests as `calicoctl get -o yaml|json` prints them and people write them: resources, several
// documents, Lists. Every resource is a put, stored as calicoctl stores it; before them comes what
// every datastore holds from the start. Neither revisions nor times.
Result<std::vector<Event>> import_calicoctl(const std::string& path);
Result<std::vector<Event>> import_calicoctl_text(const std::string& text, const std::string& name);

// The same for kubectl: Kubernetes' objects become what Calico makes of them. Also concatenated
// JSON objects and `kubectl get -w -o json --output-watch-events`, with resource versions as
// revisions. `notes` tells what Calico does not know or could not convert, a line each.
Result<std::vector<Event>> import_kubectl(const std::string& path,
                                          std::vector<std::string>* notes = nullptr);
Result<std::vector<Event>> import_kubectl_text(const std::string& text, const std::string& name,
                                               std::vector<std::string>* notes = nullptr);

// `--from FORMAT`: etcd-watch, jsonl, recording, calicoctl, kubectl. An unknown format is an Error.
Result<EventSourcePtr> open_capture(const std::string& format, const std::string& path,
                                    std::vector<std::string>* notes = nullptr);
std::vector<std::string> capture_formats();

}  // namespace felixsim
