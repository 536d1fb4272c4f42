// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/reach_input.h"

#include <charconv>

#include "model/datastore/key_text.h"
#include "sim/analysis/reach/explain.h"
#include "sim/cli/command.h"
#include "sim/engine/datastore_view.h"

namespace felixsim::cli {

namespace {

// "NetworkPolicy shop/db" or "profile kns.shop" for the keys of policies and profiles.
std::string source_name(const std::string& key) {
  const ParsedKey parsed = parse_key(key);
  if (parsed.kind != ParsedKey::Kind::felix) return {};
  if (const auto* policy = std::get_if<PolicyKey>(&parsed.key)) return reach::policy_text(*policy);
  const auto* resource = std::get_if<ResourceKey>(&parsed.key);
  if (!resource) return {};
  if (resource->kind.view() == "Profile") return "profile " + resource->name.str();
  if (resource->kind.view().find("Policy") == std::string_view::npos) return {};
  return reach::policy_text({resource->kind, resource->ns, resource->name});
}

std::string origin_of(const DatastoreEvent& change) {
  if (!change.origin.empty()) return change.origin;
  return change.revision > 0 ? fmt::format("revision {}", change.revision) : "";
}

// "x.yaml:3: NetworkPolicy shop/db": where what a key stands for was written; else the key alone.
std::string named_by_origin(const std::string& key,
                            const std::map<std::string, std::string>& places,
                            const std::map<std::string, std::string>& origins) {
  const std::string name = source_name(key);
  const std::string& known = name.empty() ? key : name;
  if (const auto place = places.find(key); place != places.end())
    return place->second + ": " + known;
  const auto origin = origins.find(name);
  return origin != origins.end() ? origin->second + ": " + known : known;
}

}  // namespace

Result<ManifestsOrInput> open_manifests_or_input(const std::string& path) {
  const auto files = manifest_files(path);
  if (!files) return tl::unexpected(files.error());
  if (!files->empty()) {
    auto manifests = read_cluster_manifests(*files);
    auto input = Input::of_events(path, std::move(manifests.events));
    return ManifestsOrInput{std::move(input), std::move(manifests)};
  }
  auto input = Input::open(path);
  if (!input) return forward(input);
  return ManifestsOrInput{std::move(*input), {}};
}

reach::MatrixOptions what_is_untold(const ClusterManifests& manifests) {
  reach::MatrixOptions options;
  for (const auto& pod : manifests.without_address) options.without_address.insert(Symbol(pod));
  for (const auto& ns : manifests.unknown_namespaces) options.unknown_namespaces.insert(Symbol(ns));
  options.pools = manifests.pools;
  return options;
}

Result<ReachCluster> read_reach_cluster(const std::string& path, const Moment& moment) {
  auto opened = open_manifests_or_input(path);
  if (!opened) return forward(opened);
  const auto events = opened->input.events_until(moment, {});
  if (!events) return tl::unexpected(events.error());
  ReachCluster cluster;
  cluster.unusable = std::move(opened->manifests.unusable);
  cluster.options = what_is_untold(opened->manifests);
  DatastoreView datastore;
  std::map<std::string, std::string> places;  // by key, in manifests
  for (const auto& event : *events)
    if (const auto* change = std::get_if<DatastoreEvent>(&event.body)) {
      datastore.put(*change);
      if (!change->origin.empty()) places[change->key] = change->origin;
      if (std::string name = source_name(change->key); !name.empty())
        cluster.origins[std::move(name)] = origin_of(*change);
    }
  cluster.state = std::make_unique<reach::ClusterState>();
  std::vector<reach::Refused> refused;
  cluster.state->update(datastore.flush(), &refused);
  for (const auto& warning : datastore.warnings()) refused.push_back({warning.key, warning.fact});
  for (const auto& [key, fact] : refused)
    cluster.unusable.push_back(named_by_origin(key, places, cluster.origins) + ": " + fact);
  for (const auto& name : cluster.state->untold_host_endpoints())
    cluster.unusable.push_back(
        fmt::format("HostEndpoint '{}': which forwarded packets meet its policy is not told: "
                    "verdicts that hang on it are unknown",
                    name));
  return cluster;
}

int finish_answer(const std::vector<std::string>& unusable, int answer) {
  for (const auto& reason : unusable) print_note("not used: {}", reason);
  if (unusable.empty()) return answer;
  print_note("the answer is incomplete: {} {} could not be used", unusable.size(),
             unusable.size() == 1 ? "object" : "objects");
  return exit_error;
}

Result<reach::Header> parse_header(const std::string& text) {
  reach::Header header;
  const size_t slash = text.find('/');
  const int protocol = reach::protocol_number(felixsim::Protocol{Symbol(text.substr(0, slash)), 0});
  int port = 0;
  bool ok = protocol >= 0 && (slash != std::string::npos) == reach::has_ports(protocol);
  if (slash != std::string::npos) {
    const char *first = text.data() + slash + 1, *last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, port);
    ok = ok && error == std::errc{} && end == last && port > 0 && port <= 65535;
  }
  if (!ok)
    return invalid(fmt::format("--port: cannot read '{}'", text),
                   "write tcp/80, udp/53, sctp/3868 or icmp");
  header.protocol = protocol;
  header.destination_port = static_cast<uint16_t>(port);
  return header;
}

reach::HeaderMatch match_of(const reach::Header& header) {
  reach::HeaderMatch match;
  match.protocol = header.protocol;
  if (reach::has_ports(header.protocol))
    match.destination_ports = {{header.destination_port, header.destination_port}};
  return match;
}

}  // namespace felixsim::cli
