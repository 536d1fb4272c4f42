// SPDX-License-Identifier: Apache-2.0
#include "replay/scenario/cluster.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "felixsim/check.h"
#include "felixsim/near_name.h"
#include "model/hash/hash.h"

namespace felixsim::scenario {
namespace {

using nlohmann::json;

constexpr std::string_view encapsulations[] = {"none", "vxlan", "vxlan-cross-subnet", "ipip",
                                               "ipip-cross-subnet"};

// The address `ordinal` places after the start of `cidr`.
Ip address_at(const Cidr& cidr, size_t ordinal) {
  Ip ip = cidr.address;
  size_t index = ip.is_v4() ? 4 : 16;
  for (size_t carry = ordinal; carry != 0 && index > 0;) {
    carry += ip.bytes[--index];
    ip.bytes[index] = static_cast<uint8_t>(carry & 0xff);
    carry >>= 8;
  }
  return ip;
}

size_t ordinal_of(const Cidr& cidr, const Ip& ip) {
  size_t ordinal = 0;
  const size_t end = ip.is_v4() ? 4 : 16;
  for (size_t i = end - 4; i < end; ++i)
    ordinal = ordinal << 8 | static_cast<size_t>(ip.bytes[i] ^ cidr.address.bytes[i]);
  return ordinal;
}

size_t block_size(const Cidr& block) {
  return size_t{1} << (block.address.max_prefix() - block.length);
}

// The n-th block of a pool.
Cidr nth_block(const ClusterPool& pool, size_t n) {
  const Cidr first = Cidr::of(pool.cidr.address, pool.block_length);
  return Cidr::of(address_at(first, n * block_size(first)), pool.block_length);
}

std::string escape_dashes(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '-' ? std::string("--") : std::string(1, c);
  return result;
}

json allow_all() { return json::array({{{"action", "Allow"}}}); }

json resource(const char* kind, json metadata, json spec) {
  return {{"apiVersion", "projectcalico.org/v3"},
          {"kind", kind},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)}};
}

}  // namespace

ClusterOptions default_cluster() {
  ClusterOptions options;
  options.pools.push_back({*Cidr::parse("10.244.0.0/16"), 26});
  return options;
}

Result<ClusterOptions> read_cluster(const Reader& reader, const Node& node) {
  constexpr std::string_view keys[] = {"pool",          "pool6",        "block-size",
                                       "encapsulation", "nat-outgoing", "namespaces"};
  ClusterOptions options = default_cluster();
  if (node.kind == Node::Kind::null) return options;
  if (auto ok = reader.map(node, "cluster", keys); !ok) return forward(ok);
  for (const auto& [key, key_place, value] : node.members) {
    if (key == "pool" || key == "pool6") {
      const bool v6 = key == "pool6";
      const auto text = reader.text(*value, "cluster " + key);
      if (!text) return tl::unexpected(text.error());
      const auto cidr = Cidr::parse(*text);
      if (!cidr || cidr->address.is_v4() == v6 || cidr->length > (v6 ? 122 : 26))
        return reader.error(
            value->place, fmt::format("cluster {}: '{}' is no such network", key, *text),
            v6 ? "write one such as fd00:244::/64" : "write one such as 10.244.0.0/16");
      if (v6)
        options.pools.push_back({*cidr, 122});
      else
        options.pools[0].cidr = *cidr;
    } else if (key == "block-size") {
      const auto length = reader.integer(*value, "cluster block-size", 20, 32);
      if (!length) return tl::unexpected(length.error());
      options.pools[0].block_length = static_cast<int>(*length);
    } else if (key == "encapsulation") {
      auto word = reader.one_of(*value, "encapsulation", encapsulations);
      if (!word) return forward(word);
      options.encapsulation = *word;
    } else if (key == "nat-outgoing") {
      const auto nat = reader.boolean(*value, "cluster nat-outgoing");
      if (!nat) return tl::unexpected(nat.error());
      options.nat_outgoing = *nat;
    } else if (key == "namespaces") {
      if (auto ok = reader.any_map(*value, "cluster namespaces"); !ok) return forward(ok);
      for (const auto& [ns, ns_place, labels] : value->members) {
        auto& target = options.namespaces[ns];
        if (labels->kind == Node::Kind::null) continue;
        if (auto ok = reader.any_map(*labels, "labels of namespace " + ns); !ok) return forward(ok);
        for (const auto& [label, label_place, text] : labels->members) target[label] = text->text;
      }
    }
  }
  if (options.pools[0].cidr.length > options.pools[0].block_length)
    return reader.error(node.place, "cluster: blocks are larger than the pool",
                        "give a larger pool or a larger block-size");
  return options;
}

Cluster::Cluster(const Reader& reader, ClusterOptions options,
                 const std::vector<ScenarioNode>& nodes)
    : reader_(reader), options_(std::move(options)), nodes_(nodes) {}

void Cluster::apply(const std::string& text, Place place, StepParts& step) const {
  step.apply.push_back({DatastoreChange::Kind::apply, "", text, place});
}

Status Cluster::begin(StepParts& step) {
  const bool vxlan = options_.encapsulation.rfind("vxlan", 0) == 0;
  const bool ipip = options_.encapsulation.rfind("ipip", 0) == 0;
  const char* mode =
      options_.encapsulation.find("cross-subnet") != std::string::npos ? "CrossSubnet" : "Always";
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const ScenarioNode& node = nodes_[i];
    json spec = {{"bgp", {{"ipv4Address", node.ip}}}};
    if (!node.ip6.empty() && options_.pools.size() > 1) spec["bgp"]["ipv6Address"] = node.ip6;
    for (const ClusterPool& pool : options_.pools) {
      const bool v4 = pool.cidr.address.is_v4();
      if (!(vxlan || (ipip && v4))) continue;
      const auto block = block_of_node(pool, i, node.place);
      if (!block) return tl::unexpected(block.error());
      const char* type = ipip ? "ipipTunnelAddress"
                         : v4 ? "vxlanTunnelAddress"
                              : "vxlanV6TunnelAddress";
      if (auto ok = allocate(block->address, {node.name, "", "", type}, node.place); !ok) return ok;
      if (ipip)
        spec["bgp"]["ipv4IPIPTunnelAddr"] = block->address.str();
      else
        spec[v4 ? "ipv4VXLANTunnelAddr" : "ipv6VXLANTunnelAddr"] = block->address.str();
    }
    apply(resource("Node", {{"name", node.name}}, spec).dump(), node.place, step);
  }
  for (const ClusterPool& pool : options_.pools) {
    const bool v4 = pool.cidr.address.is_v4();
    const json spec = {{"cidr", pool.cidr.str()},
                       {"blockSize", pool.block_length},
                       {"ipipMode", ipip && v4 ? mode : "Never"},
                       {"vxlanMode", vxlan ? mode : "Never"},
                       {"natOutgoing", options_.nat_outgoing && v4}};
    apply(resource("IPPool", {{"name", v4 ? "default-ipv4-ippool" : "default-ipv6-ippool"}}, spec)
              .dump(),
          {}, step);
  }
  need_profile("default", step);
  for (const auto& [ns, labels] : options_.namespaces) need_profile(ns, step);
  return {};
}

void Cluster::need_profile(const std::string& ns, StepParts& step) {
  if (!profiles_.insert(ns).second) return;
  json labels = {{"pcns.projectcalico.org/name", ns}};
  if (const auto known = options_.namespaces.find(ns); known != options_.namespaces.end())
    for (const auto& [key, value] : known->second) labels["pcns." + key] = value;
  apply(resource("Profile", {{"name", "kns." + ns}},
                 {{"ingress", allow_all()}, {"egress", allow_all()}, {"labelsToApply", labels}})
            .dump(),
        {}, step);
}

Result<size_t> Cluster::node_index(const std::string& name, Place place) const {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].name == name) return i;
    names.push_back(nodes_[i].name);
  }
  return reader_.error(place, fmt::format("unknown node '{}'", name), use_one_of(name, names));
}

const ClusterPool* Cluster::pool_of(const Ip& ip) const {
  for (const ClusterPool& pool : options_.pools)
    if (pool.cidr.contains(ip)) return &pool;
  return nullptr;
}

Result<Cidr> Cluster::block_of_node(const ClusterPool& pool, size_t node, Place place) const {
  const int bits = pool.block_length - pool.cidr.length;
  if (bits < 31 && node >= (size_t{1} << bits))
    return reader_.error(place, "the pool has fewer blocks than there are nodes",
                         "give a larger `cluster: {pool: ...}`");
  return nth_block(pool, node);
}

Status Cluster::allocate(const Ip& ip, Owner owner, Place place) {
  const ClusterPool* pool = pool_of(ip);
  if (pool == nullptr) return {};  // an address outside of the pools has no block
  const Cidr cidr = Cidr::of(ip, pool->block_length);
  const auto [found, fresh] = blocks_.try_emplace(cidr);
  Block& block = found->second;
  if (fresh) {
    block.node = owner.node;
    for (size_t i = 0; i < nodes_.size(); ++i)
      if (nth_block(*pool, i) == cidr) block.node = nodes_[i].name;
  }
  if (!block.owners.emplace(ordinal_of(cidr, ip), std::move(owner)).second)
    return reader_.error(place, fmt::format("address {} is taken", ip.str()),
                         "give another address, or none");
  block.changed = true;
  return {};
}

// The node's own block, leaving the first two addresses for tunnels.
Result<Ip> Cluster::free_address(const ClusterPool& pool, const std::string& node, Place place) {
  const auto index = node_index(node, place);
  if (!index) return tl::unexpected(index.error());
  const auto cidr = block_of_node(pool, *index, place);
  if (!cidr) return tl::unexpected(cidr.error());
  const auto block = blocks_.find(*cidr);
  for (size_t ordinal = std::min<size_t>(2, block_size(*cidr) - 1); ordinal < block_size(*cidr);
       ++ordinal)
    if (block == blocks_.end() || !block->second.owners.contains(ordinal))
      return address_at(*cidr, ordinal);
  return reader_.error(place, fmt::format("node '{}' has no free address in {}", node, cidr->str()),
                       "write the pod's address");
}

std::string Cluster::interface_for(const Pod& pod) const {
  const std::string plain = "cali" + pod.name;
  if (plain.size() <= 15 && !interfaces_.contains({pod.node, plain})) return plain;
  // As the CNI plugin names interfaces of Kubernetes pods.
  return "cali" + hex(sha1({pod.ns, ".", pod.name})).substr(0, 11);
}

Status Cluster::parse_attribute(Pod& pod, const std::string& word, Place place) const {
  const size_t equals = word.find('='), colon = word.find(':');
  if (colon != std::string::npos && (equals == std::string::npos || colon < equals)) {
    const std::string key = word.substr(0, colon), value = word.substr(colon + 1);
    if (key == "iface" && !value.empty() && value.size() <= 15) {
      pod.interface = value;
      return {};
    }
    if (key == "profiles") {
      std::istringstream names(value);
      for (std::string name; std::getline(names, name, ',');) pod.profiles.push_back(name);
      return {};
    }
    const size_t slash = value.find('/');
    const std::string number = slash == std::string::npos ? "" : value.substr(slash + 1);
    const bool digits = !number.empty() && number.size() <= 5 &&
                        number.find_first_not_of("0123456789") == std::string::npos;
    if (key == "port" && equals != std::string::npos && digits) {
      const size_t split = value.find('=');
      pod.ports.emplace_back(value.substr(0, split), value.substr(split + 1));
      return {};
    }
  } else if (equals != std::string::npos && equals > 0) {
    pod.labels[word.substr(0, equals)] = word.substr(equals + 1);
    return {};
  }
  return reader_.error(place, fmt::format("pod '{}': cannot read '{}'", pod.name, word),
                       "write label=value, iface:NAME, profiles:A,B or port:NAME=tcp/8080");
}

// [NS/]NAME [IP[,IP]] on NODE [label=value | iface:X | profiles:A,B | port:NAME=tcp/8080]...
Result<Cluster::Pod> Cluster::parse_pod(const std::string& line, Place place) const {
  const std::string form = "write `[NAMESPACE/]NAME [ADDRESS] on NODE [label=value ...]`";
  std::istringstream words(line);
  Pod pod;
  std::string word;
  words >> pod.name;
  const size_t slash = pod.name.find('/');
  pod.ns = slash == std::string::npos ? "default" : pod.name.substr(0, slash);
  if (slash != std::string::npos) pod.name.erase(0, slash + 1);
  if (pod.name.empty() || pod.ns.empty()) return reader_.error(place, "pod without a name", form);
  while (words >> word && word != "on") {
    std::istringstream parts(word);
    for (std::string part; std::getline(parts, part, ',');) {
      const auto ip = Ip::parse(part);
      if (!ip)
        return reader_.error(place, fmt::format("pod '{}': '{}' is no address", pod.name, part),
                             form);
      pod.addresses.push_back(*ip);
    }
  }
  if (word != "on" || !(words >> pod.node))
    return reader_.error(place, fmt::format("pod '{}' is on no node", pod.name), form);
  if (const auto index = node_index(pod.node, place); !index) return tl::unexpected(index.error());
  while (words >> word)
    if (auto ok = parse_attribute(pod, word, place); !ok) return forward(ok);
  return pod;
}

Status Cluster::choose_addresses(Pod& pod, Place place) {
  if (pod.addresses.empty())
    for (const ClusterPool& pool : options_.pools) {
      const auto ip = free_address(pool, pod.node, place);
      if (!ip) return tl::unexpected(ip.error());
      pod.addresses.push_back(*ip);
    }
  for (const Ip& ip : pod.addresses)
    if (auto ok = allocate(ip, {pod.node, pod.ns, pod.name, ""}, place); !ok) return ok;
  return {};
}

namespace {

json port_json(const std::pair<std::string, std::string>& port) {
  const size_t slash = port.second.find('/');
  std::string protocol = port.second.substr(0, slash);
  for (char& c : protocol)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c & ~0x20);
  return {{"name", port.first},
          {"protocol", protocol},
          {"port", std::stoi(port.second.substr(slash + 1))}};
}

}  // namespace

Status Cluster::add_pod(const std::string& line, Place place, StepParts& step) {
  auto parsed = parse_pod(line, place);
  if (!parsed) return forward(parsed);
  Pod pod = std::move(*parsed);
  if (pods_.contains(pod.full_name()))
    return reader_.error(place, fmt::format("pod '{}' is there already", pod.full_name()),
                         "remove it first with `remove-pods:`, or choose another name");
  if (auto ok = choose_addresses(pod, place); !ok) return ok;
  if (pod.interface.empty()) pod.interface = interface_for(pod);
  if (!interfaces_.insert({pod.node, pod.interface}).second)
    return reader_.error(place,
                         fmt::format("interface '{}' is taken on '{}'", pod.interface, pod.node),
                         "give another one with iface:NAME");
  if (pod.profiles.empty()) {
    need_profile(pod.ns, step);
    pod.profiles = {"kns." + pod.ns};
  }
  json networks = json::array(), ips = json::array(), ports = json::array();
  for (const Ip& ip : pod.addresses) {
    networks.push_back(Cidr::host(ip).str());
    ips.push_back(ip.str());
  }
  for (const auto& port : pod.ports) ports.push_back(port_json(port));
  json spec = {
      {"node", pod.node},       {"orchestrator", "k8s"},          {"pod", pod.name},
      {"endpoint", "eth0"},     {"containerID", "c-" + pod.name}, {"interfaceName", pod.interface},
      {"ipNetworks", networks}, {"profiles", pod.profiles}};
  if (!ports.empty()) spec["ports"] = ports;
  const std::string name =
      fmt::format("{}-k8s-{}-eth0", escape_dashes(pod.node), escape_dashes(pod.name));
  apply(resource("WorkloadEndpoint",
                 {{"name", name}, {"namespace", pod.ns}, {"labels", pod.labels}}, spec)
            .dump(),
        place, step);
  const json action = {
      {"workload", {{"pod", pod.full_name()}, {"iface", pod.interface}, {"ips", ips}}}};
  step.host.push_back({pod.node, action.dump(), place});
  pods_.emplace(pod.full_name(), std::move(pod));
  return {};
}

Status Cluster::remove_pod(const std::string& name, Place place, StepParts& step) {
  const auto found = pods_.find(name);
  if (found == pods_.end()) {
    std::vector<std::string_view> names;
    for (const auto& [known, pod] : pods_) names.push_back(known);
    return reader_.error(place, fmt::format("no pod '{}' to remove", name),
                         use_one_of(name, names));
  }
  const Pod pod = std::move(found->second);
  pods_.erase(found);
  interfaces_.erase({pod.node, pod.interface});
  for (const Ip& ip : pod.addresses)
    if (const ClusterPool* pool = pool_of(ip)) {
      const Cidr cidr = Cidr::of(ip, pool->block_length);
      Block& block = blocks_.at(cidr);
      block.owners.erase(ordinal_of(cidr, ip));
      block.changed = true;
    }
  const std::string endpoint =
      fmt::format("{}-k8s-{}-eth0", escape_dashes(pod.node), escape_dashes(pod.name));
  step.remove.push_back(
      {DatastoreChange::Kind::remove, "",
       resource("WorkloadEndpoint", {{"name", endpoint}, {"namespace", pod.ns}}, json::object())
           .dump(),
       place});
  step.host.push_back({pod.node, json({{"remove-workload", {{"pod", name}}}}).dump(), place});
  return {};
}

std::string Cluster::block_json(const Cidr& cidr, const Block& block) const {
  json allocations = json::array(), unallocated = json::array(), attributes = json::array();
  for (size_t ordinal = 0; ordinal < block_size(cidr); ++ordinal) {
    const auto owned = block.owners.find(ordinal);
    if (owned == block.owners.end()) {
      allocations.push_back(nullptr);
      unallocated.push_back(ordinal);
      continue;
    }
    const Owner& owner = owned->second;
    allocations.push_back(attributes.size());
    json secondary = {{"node", owner.node}};
    if (!owner.tunnel.empty()) secondary["type"] = owner.tunnel;
    if (!owner.pod.empty()) {
      secondary["namespace"] = owner.ns;
      secondary["pod"] = owner.pod;
    }
    attributes.push_back(
        {{"handle_id", "h-" + address_at(cidr, ordinal).str()}, {"secondary", secondary}});
  }
  return json({{"cidr", cidr.str()},
               {"affinity", "host:" + block.node},
               {"allocations", allocations},
               {"unallocated", unallocated},
               {"attributes", attributes},
               {"deleted", false},
               {"sequenceNumber", block.sequence},
               {"sequenceNumberForAllocation", json::object()}})
      .dump();
}

void Cluster::finish(StepParts& step) {
  for (auto& [cidr, block] : blocks_) {
    if (!block.changed) continue;
    block.changed = false;
    ++block.sequence;
    std::string name = cidr.str();
    name.replace(name.find('/'), 1, "-");
    step.put.push_back({DatastoreChange::Kind::put,
                        fmt::format("/calico/ipam/v2/assignment/ipv{}/block/{}",
                                    cidr.address.is_v4() ? 4 : 6, name),
                        block_json(cidr, block),
                        {}});
  }
}

}  // namespace felixsim::scenario
