// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/endpoint_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace felixsim {

namespace {

// url.PathEscape: a segment keeps unreserved characters and $&+=:@.
std::string path_escape(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                 std::string_view("-_.~$&+=:@").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// A string as encoding/json writes it.
void add_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '<' || c == '>' || c == '&') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void add_name(std::string& out, std::string_view name) {
  if (out.size() > 1) out += ',';
  out.append("\"").append(name).append("\":");
}

void add_field(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  add_name(out, name);
  add_json_string(out, text);
}

void add_nets(std::string& out, std::string_view name, const std::vector<Cidr>& nets) {
  if (nets.empty()) return;
  add_name(out, name);
  char before = '[';
  for (const Cidr& net : nets) {
    out += std::exchange(before, ',');
    add_json_string(out, net.str());
  }
  out += ']';
}

template <typename T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

std::string status_file_name(const msg::WorkloadEndpointId& id) {
  return path_escape(id.orchestrator.view()) + " " + path_escape(id.workload.view()) + " " +
         path_escape(id.endpoint.view());
}

std::string status_file_content(const msg::WorkloadEndpoint& endpoint) {
  constexpr size_t usual_length = 120;
  std::string out;
  out.reserve(usual_length);
  out += '{';
  add_field(out, "ifaceName", endpoint.name.view());
  add_field(out, "mac", endpoint.mac);
  add_nets(out, "ipv4Nets", endpoint.ipv4_nets);
  add_nets(out, "ipv6Nets", endpoint.ipv6_nets);
  if (endpoint.local_bgp_peer) add_field(out, "bgpPeerName", *endpoint.local_bgp_peer);
  out += '}';
  return out;
}

void EndpointStatusCombiner::update(IpFamily family, const EndpointId& id,
                                    const std::string& status,
                                    std::shared_ptr<const msg::WorkloadEndpoint> endpoint) {
  dirty_.push_back(id);
  Known& known = known_[id];
  known.statuses[family == IpFamily::v4 ? 0 : 1] = status;
  if (endpoint && !status.empty()) known.endpoint = std::move(endpoint);
}

std::string EndpointStatusCombiner::combined(const EndpointId& id) const {
  std::string result;
  for (const std::string& status : known_.at(id).statuses) {
    if (status.empty()) continue;
    if (status == "error") return status;
    if (status == "down" || result.empty()) result = status;
  }
  return result;
}

void EndpointStatusCombiner::resync_files(const KernelState& kernel) {
  for (const auto& [name, content] : kernel.files) dirty_files_.push_back(name);
  for (const auto& [name, content] : wanted_files_) dirty_files_.push_back(name);
  files_read_ = true;
}

std::vector<std::pair<EndpointId, std::string>> EndpointStatusCombiner::apply(Backend& backend,
                                                                              bool write_files,
                                                                              bool with_content) {
  std::vector<std::pair<EndpointId, std::string>> reports;
  sort_unique(dirty_);
  reports.reserve(dirty_.size());
  for (const EndpointId& id : dirty_) {
    std::string status = combined(id);
    reports.emplace_back(id, status);
    if (const auto* workload = std::get_if<msg::WorkloadEndpointId>(&id)) {
      std::string name = status_file_name(*workload);
      if (status == "up") {
        wanted_files_[name] = with_content ? status_file_content(*known_.at(id).endpoint) : "";
      } else if (status != "error") {
        wanted_files_.erase(name);
      }
      dirty_files_.push_back(std::move(name));
    }
    if (status.empty()) known_.erase(id);
  }
  dirty_.clear();
  if (!write_files) return reports;
  if (!files_read_) resync_files(backend.state());
  sort_unique(dirty_files_);
  for (const std::string& name : dirty_files_) {
    auto want = wanted_files_.find(name);
    auto have = backend.state().files.find(name);
    if (want == wanted_files_.end()) {
      if (have != backend.state().files.end()) backend.apply(FileOp{name, std::nullopt});
    } else if (have == backend.state().files.end() || have->second != want->second) {
      backend.apply(FileOp{name, want->second});
    }
  }
  dirty_files_.clear();
  return reports;
}

}  // namespace felixsim
