// SPDX-License-Identifier: Apache-2.0
// Rows and their hashes. Changing a byte of what is hashed or stored here is a new schema version.
#include "replay/log/log_row.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <simdjson.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "felixsim/check.h"
#include "model/hash/hash.h"
#include "replay/log/event_log.h"

namespace felixsim {
namespace {

using Json = nlohmann::json;

std::optional<ProcessEvent::Kind> process_kind(std::string_view name) {
  for (const auto kind : {ProcessEvent::Kind::start, ProcessEvent::Kind::stop,
                          ProcessEvent::Kind::kill, ProcessEvent::Kind::restart})
    if (kind_name(kind) == name) return kind;
  return std::nullopt;
}

Status check_environment(const ProcessEvent& event) {
  for (size_t i = 1; i < event.environment.size(); ++i)
    if (event.environment[i - 1].first >= event.environment[i].first)
      return invalid(fmt::format("the environment of node '{}' is not sorted, or names '{}' twice",
                                 event.node, event.environment[i].first));
  return {};
}

bool all_utf8(const ProcessEvent& event) {
  const auto good = [](const std::string& text) {
    return simdjson::validate_utf8(text.data(), text.size());
  };
  for (const auto& [name, value] : event.environment)
    if (!good(name) || !good(value)) return false;
  return !event.felix_cfg || good(*event.felix_cfg);
}

std::string start_body(const ProcessEvent& event) {
  Json body = Json::object();
  body["env"] = Json::object();
  for (const auto& [name, value] : event.environment) body["env"][name] = value;
  if (event.felix_cfg) body["felix_cfg"] = *event.felix_cfg;
  return body.dump();
}

Result<ProcessEvent> parse_start(const LogRow& row) {
  ProcessEvent event{std::string(row.name), ProcessEvent::Kind::start, {}, {}};
  const auto bad = [&] {
    return fail(
        ErrorCode::corrupt,
        fmt::format("event {}: the body of a start is not {{env, felix_cfg}}", row.sequence));
  };
  if (!row.body) return bad();
  const Json body = Json::parse(row.body->begin(), row.body->end(), nullptr, false);
  if (!body.is_object() || !body.contains("env") || !body["env"].is_object()) return bad();
  for (const auto& [name, value] : body["env"].items()) {
    if (!value.is_string()) return bad();
    event.environment.emplace_back(name, value.get<std::string>());
  }
  if (body.contains("felix_cfg")) {
    if (!body["felix_cfg"].is_string()) return bad();
    event.felix_cfg = body["felix_cfg"].get<std::string>();
  }
  return event;
}

Status fill(LogRow& row, const DatastoreEvent& event, std::string&) {
  if (event.revision < 0)
    return invalid(fmt::format("key '{}': negative revision {}", event.key, event.revision));
  row.revision = event.revision;
  row.kind = event.value ? "put" : "delete";
  row.name = event.key;
  if (event.value) row.body = *event.value;
  return {};
}

Status fill(LogRow& row, const HostEvent& event, std::string&) {
  row.kind = "host";
  row.name = event.node;
  row.body = event.action;
  return {};
}

Status fill(LogRow& row, const ProcessEvent& event, std::string& scratch) {
  row.kind = kind_name(event.kind);
  row.name = event.node;
  if (event.kind != ProcessEvent::Kind::start) return {};
  if (auto sorted = check_environment(event); !sorted) return sorted;
  if (!all_utf8(event))
    return invalid(
        fmt::format("the environment or felix.cfg of node '{}' is not UTF-8", event.node));
  scratch = start_body(event);
  row.body = scratch;
  return {};
}

Status fill(LogRow& row, const StepEvent& event, std::string& scratch) {
  if (event.number < 0)
    return invalid(fmt::format("step '{}': negative number {}", event.name, event.number));
  row.kind = "step";
  row.name = event.name;
  scratch = std::to_string(event.number);
  row.body = scratch;
  return {};
}

// Long names are cut: an error is a line, not a dump.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 80)) out += c >= ' ' && c <= '~' ? c : '?';
  return text.size() > 80 ? out + "..." : out;
}

}  // namespace

Result<LogRow> row_of(const Event& event, int64_t sequence, std::string& scratch) {
  LogRow row;
  row.sequence = sequence;
  row.time = event.time;
  if (event.time && *event.time < 0)
    return invalid(fmt::format("negative time {} ns", *event.time));
  auto filled = std::visit([&](const auto& body) { return fill(row, body, scratch); }, event.body);
  if (!filled) return forward(filled);
  const auto utf8 = [](std::string_view text) {
    return simdjson::validate_utf8(text.data(), text.size());
  };
  if (!utf8(row.name) || (row.body && !utf8(*row.body)))
    return invalid(fmt::format("{} '{}': the text is not UTF-8", row.kind, quoted(row.name)),
                   "capture only keys under /calico: their values are text");
  return row;
}

Result<Event> event_of(const LogRow& row) {
  Event event;
  event.sequence = row.sequence;
  event.time = row.time;
  const std::string name(row.name);
  if (row.kind == "put" && row.body) {
    event.body = DatastoreEvent{row.revision, name, std::string(*row.body)};
  } else if (row.kind == "delete") {
    event.body = DatastoreEvent{row.revision, name, std::nullopt};
  } else if (row.kind == "host" && row.body) {
    event.body = HostEvent{name, std::string(*row.body)};
  } else if (row.kind == "start") {
    auto start = parse_start(row);
    if (!start) return forward(start);
    event.body = *std::move(start);
  } else if (const auto kind = process_kind(row.kind)) {
    event.body = ProcessEvent{name, *kind, {}, {}};
  } else if (row.kind == "step" && row.body) {
    StepEvent step{0, name};
    const auto [end, error] =
        std::from_chars(row.body->data(), row.body->data() + row.body->size(), step.number);
    if (error != std::errc() || end != row.body->data() + row.body->size())
      return fail(ErrorCode::corrupt,
                  fmt::format("event {}: the step's number is not a number", row.sequence));
    event.body = step;
  } else {
    return fail(ErrorCode::corrupt, fmt::format("event {}: kind '{}' is unknown or has no body",
                                                row.sequence, quoted(row.kind)));
  }
  return event;
}

std::string_view as_bytes(const LogHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

Result<LogHash> hash_from_bytes(std::string_view bytes) {
  LogHash hash;
  if (bytes.size() != hash.size())
    return fail(ErrorCode::corrupt, fmt::format("a hash of {} bytes, not 32", bytes.size()));
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

std::string to_hex(const LogHash& hash) { return hex(hash); }

LogHasher::LogHasher() : context_(EVP_MD_CTX_new()) {
  FELIXSIM_CHECK(context_ != nullptr);
  // Fetched once: looking an algorithm up costs more than hashing a row.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  FELIXSIM_CHECK(EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), algorithm, nullptr) == 1);
}
LogHasher::~LogHasher() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

LogHash LogHasher::genesis() {
  LogHasher hasher;
  return hasher.digest(fmt::format("felixsim event log {}\n", event_log_schema_version), {}, {},
                       {});
}

LogHash LogHasher::chain(const LogHash& previous, const LogRow& row) {
  fmt::memory_buffer head;
  const auto word = [&](std::string_view text, char end) {
    head.append(text.data(), text.data() + text.size());
    head.push_back(end);
  };
  const auto number = [&](auto value, char end) {
    const fmt::format_int digits(value);
    word({digits.data(), digits.size()}, end);
  };
  number(row.sequence, ' ');
  number(row.revision, ' ');
  row.time ? number(*row.time, ' ') : word("-", ' ');
  word(row.kind, ' ');
  number(row.name.size(), ' ');
  row.body ? number(row.body->size(), '\n') : word("-", '\n');
  return digest(as_bytes(previous), {head.data(), head.size()}, row.name,
                row.body.value_or(std::string_view()));
}

LogHash LogHasher::seal(const LogHash& event_hash, std::string_view snapshot) {
  return digest(as_bytes(event_hash), snapshot, {}, {});
}

LogHash LogHasher::digest(std::string_view a, std::string_view b, std::string_view c,
                          std::string_view d) {
  auto* context = static_cast<EVP_MD_CTX*>(context_);
  FELIXSIM_CHECK(EVP_DigestInit_ex(context, nullptr, nullptr) == 1);
  for (const auto part : {a, b, c, d})
    FELIXSIM_CHECK(EVP_DigestUpdate(context, part.data(), part.size()) == 1);
  LogHash hash;
  FELIXSIM_CHECK(EVP_DigestFinal_ex(context, hash.data(), nullptr) == 1);
  return hash;
}

}  // namespace felixsim
