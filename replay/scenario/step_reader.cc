// SPDX-License-Identifier: Apache-2.0
#include "replay/scenario/step_reader.h"

#include <sstream>

#include "felixsim/ip.h"
#include "felixsim/near_name.h"

namespace felixsim::scenario {
namespace {

constexpr std::string_view felix_words[] = {"stop", "start", "restart", "kill"};

Status check_addresses(const Reader& reader, const Node& node) {
  if (auto ok = reader.list(node, "workload ips"); !ok) return ok;
  for (const auto& item : node.items)
    if (!item->is_scalar() || !Ip::parse(item->text))
      return reader.error(item->place, fmt::format("workload: '{}' is no address", item->text),
                          "write one such as 10.244.0.2");
  return {};
}

Status check_workload(const Reader& reader, const Node& node, bool remove) {
  constexpr std::string_view keys[] = {"pod", "iface", "ips", "mac"};
  const std::string what = remove ? "remove-workload" : "workload";
  if (auto ok = reader.map(node, what, keys); !ok) return ok;
  for (const char* key : {"pod", "iface", "ips"}) {
    if (remove && std::string_view(key) != "pod") continue;
    const Node* value = node.find(key);
    if (value == nullptr)
      return reader.error(
          node.place, fmt::format("{} without '{}'", what, key),
          remove ? "write {pod: NAME}" : "write {pod: NAME, iface: caliX, ips: [...]}");
    if (std::string_view(key) == "ips") {
      if (auto ok = check_addresses(reader, *value); !ok) return ok;
    } else if (value->kind != Node::Kind::string || value->text.empty()) {
      return reader.error(value->place, fmt::format("{} {} is no text", what, key),
                          "write a text, in quotes if it looks like something else");
    }
  }
  return {};
}

Status check_facts(const Reader& reader, const Node& node) {
  constexpr std::string_view keys[] = {"interfaces", "routes", "sysctls", "kernel"};
  return reader.map(node, "facts", keys);
}

Status check_action(const Reader& reader, const Node& action) {
  constexpr std::string_view keys[] = {"workload", "remove-workload", "exec", "felix", "facts"};
  if (auto ok = reader.map(action, "host action", keys); !ok) return ok;
  if (action.members.size() != 1)
    return reader.error(action.place, "a host action has exactly one key",
                        "write one `- ` for each");
  const auto& [key, key_place, value] = action.members.front();
  if (key == "workload") return check_workload(reader, *value, false);
  if (key == "remove-workload") return check_workload(reader, *value, true);
  if (key == "facts") return check_facts(reader, *value);
  if (key == "felix") {
    if (auto ok = reader.one_of(*value, "felix action", felix_words); !ok) return forward(ok);
    return {};
  }
  if (value->kind == Node::Kind::string) return {};
  return reader.error(value->place, "exec is no text", "write a shell command");
}

std::optional<ProbeResult> result_named(std::string_view word) {
  if (word == "allowed") return ProbeResult::allowed;
  if (word == "blocked") return ProbeResult::blocked;
  if (word == "refused") return ProbeResult::refused;
  return std::nullopt;
}

constexpr std::string_view protocols[] = {"tcp", "udp", "icmp", "sctp"};
constexpr std::string_view results[] = {"allowed", "blocked", "refused"};

bool known_protocol(std::string_view word) {
  return std::find(std::begin(protocols), std::end(protocols), word) != std::end(protocols);
}

// "tcp/80", "icmp".
bool read_protocol(const std::string& word, Probe& probe) {
  const size_t slash = word.find('/');
  probe.protocol = word.substr(0, slash);
  if (!known_protocol(probe.protocol)) return false;
  if (slash == std::string::npos) return probe.protocol == "icmp";
  const std::string port = word.substr(slash + 1);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos)
    return false;
  probe.port = std::stoi(port);
  return probe.port <= 65535;
}

// "web -> db tcp/80 [v6] [allowed|blocked|refused]"
Result<Probe> read_probe_line(const Reader& reader, const Node& node) {
  Probe probe;
  probe.place = node.place;
  std::istringstream words(node.text);
  std::string arrow, protocol;
  words >> probe.from >> arrow >> probe.to >> protocol;
  bool ok = arrow == "->" && !probe.to.empty() && read_protocol(protocol, probe);
  for (std::string word; ok && words >> word;) {
    if (word == "v6")
      probe.v6 = true;
    else if (const auto result = result_named(word))
      probe.expected = result;
    else
      ok = false;
  }
  if (ok) return probe;
  return reader.error(node.place, fmt::format("cannot read the probe '{}'", node.text),
                      "write `FROM -> TO tcp/80 [v6] [allowed|blocked|refused]`");
}

Result<Probe> read_probe_map(const Reader& reader, const Node& node) {
  constexpr std::string_view keys[] = {"from", "to", "proto", "port", "v6", "expect"};
  if (auto ok = reader.map(node, "probe", keys); !ok) return forward(ok);
  Probe probe;
  probe.place = node.place;
  for (const auto& [key, target] : {std::pair<const char*, std::string*>{"from", &probe.from},
                                    {"to", &probe.to},
                                    {"proto", &probe.protocol}}) {
    const Node* value = node.find(key);
    if (value == nullptr)
      return reader.error(node.place, fmt::format("probe without '{}'", key), "add it");
    auto text = reader.text(*value, std::string("probe ") + key);
    if (!text) return forward(text);
    *target = *text;
  }
  if (!known_protocol(probe.protocol))
    return reader.error(node.find("proto")->place,
                        fmt::format("unknown protocol '{}'", probe.protocol),
                        use_one_of(probe.protocol, protocols));
  if (const Node* port = node.find("port"); port != nullptr && port->kind != Node::Kind::null) {
    const auto number = reader.integer(*port, "probe port", 0, 65535);
    if (!number) return tl::unexpected(number.error());
    probe.port = static_cast<int>(*number);
  }
  if (const Node* v6 = node.find("v6")) {
    const auto truth = reader.boolean(*v6, "probe v6");
    if (!truth) return tl::unexpected(truth.error());
    probe.v6 = *truth;
  }
  if (const Node* expect = node.find("expect")) {
    const auto word = reader.one_of(*expect, "probe result", results);
    if (!word) return tl::unexpected(word.error());
    probe.expected = result_named(*word);
  }
  return probe;
}

// What can be expected of: texts of `felixsim show`, of which some hold named objects.
constexpr std::string_view texts[] = {
    "iptables", "ip6tables", "nft",      "arp",     "ipsets",    "routes",    "routes6",
    "rules",    "neigh",     "fdb",      "links",   "addresses", "wireguard", "sysctls",
    "status",   "health",    "statuses", "reports", "config",    "marks",     "messages"};

class ExpectationReader {
 public:
  ExpectationReader(const Reader& reader, std::vector<Expectation>& out)
      : reader_(reader), out_(out) {}

  Status read(const Node& entry) {
    for (const auto& [key, key_place, value] : entry.members) {
      Status ok;
      if (key == "node") continue;
      if (key == "chains")
        ok = objects(*value, "iptables");
      else if (key == "chains6")
        ok = objects(*value, "ip6tables");
      else if (key == "nft-chains")
        ok = objects(*value, "nft");
      else if (key == "sets")
        ok = objects(*value, "ipsets");
      else if (key.rfind("no-", 0) == 0)
        ok = lines(*value, key.substr(3), Expectation::Kind::lacks);
      else if (value->kind == Node::Kind::map)
        ok = kinds(*value, key, "");
      else
        ok = lines(*value, key, Expectation::Kind::has);
      if (!ok) return ok;
    }
    return {};
  }

  std::string node;

 private:
  Status lines(const Node& value, const std::string& what, Expectation::Kind kind,
               const std::string& object = "") {
    auto list = reader_.texts(value, "expected " + what);
    if (!list) return forward(list);
    out_.push_back({node, what, object, kind, std::move(*list), value.place});
    return {};
  }

  // {has: [...], lacks: [...], exactly: [...]}
  Status kinds(const Node& value, const std::string& what, const std::string& object) {
    constexpr std::string_view keys[] = {"has", "lacks", "exactly"};
    if (auto ok = reader_.map(value, "expected " + what, keys); !ok) return ok;
    for (const auto& [key, key_place, list] : value.members) {
      const auto kind = key == "has"     ? Expectation::Kind::has
                        : key == "lacks" ? Expectation::Kind::lacks
                                         : Expectation::Kind::exactly;
      if (auto ok = lines(*list, what, kind, object); !ok) return ok;
    }
    return {};
  }

  // {NAME: [lines], NAME: {has: ...}, NAME: absent}
  Status objects(const Node& value, const std::string& what) {
    constexpr std::string_view words[] = {"absent", "present"};
    if (auto ok = reader_.any_map(value, "expected " + what); !ok) return ok;
    for (const auto& [name, name_place, wanted] : value.members) {
      Status ok;
      if (wanted->kind == Node::Kind::map) {
        ok = kinds(*wanted, what, name);
      } else if (wanted->is_scalar()) {
        auto word = reader_.one_of(*wanted, "expectation", words);
        if (!word) return forward(word);
        const auto kind =
            *word == "absent" ? Expectation::Kind::absent : Expectation::Kind::present;
        out_.push_back({node, what, name, kind, {}, name_place});
      } else {
        ok = lines(*wanted, what, Expectation::Kind::has, name);
      }
      if (!ok) return ok;
    }
    return {};
  }

  const Reader& reader_;
  std::vector<Expectation>& out_;
};

std::vector<std::string> expectation_keys() {
  std::vector<std::string> keys = {"node", "chains", "chains6", "nft-chains", "sets"};
  for (const auto text : texts) {
    keys.emplace_back(text);
    keys.push_back("no-" + std::string(text));
  }
  return keys;
}

}  // namespace

Status check_node(const Reader& reader, const std::string& name, Place place,
                  const std::vector<ScenarioNode>& nodes) {
  std::vector<std::string_view> names;
  for (const ScenarioNode& node : nodes) {
    if (node.name == name) return {};
    names.push_back(node.name);
  }
  return reader.error(place, fmt::format("unknown node '{}'", name), use_one_of(name, names));
}

Status read_actions(const Reader& reader, const Node& list, const std::string& node,
                    std::vector<HostAction>& out) {
  if (auto ok = reader.list(list, "host actions of " + node); !ok) return ok;
  for (const auto& action : list.items) {
    if (auto ok = check_action(reader, *action); !ok) return ok;
    out.push_back({node, yaml::to_json(*action), action->place});
  }
  return {};
}

Status read_host_actions(const Reader& reader, const Node& node,
                         const std::vector<ScenarioNode>& nodes, std::vector<HostAction>& out) {
  if (node.kind == Node::Kind::null) return {};
  if (auto ok = reader.any_map(node, "host actions"); !ok) return ok;
  for (const auto& [name, name_place, actions] : node.members) {
    if (auto ok = check_node(reader, name, name_place, nodes); !ok) return ok;
    if (auto ok = read_actions(reader, *actions, name, out); !ok) return ok;
  }
  return {};
}

Status read_probes(const Reader& reader, const Node& list, std::vector<Probe>& out) {
  if (auto ok = reader.list(list, "probes"); !ok) return ok;
  for (const auto& item : list.items) {
    auto probe = item->is_scalar() ? read_probe_line(reader, *item) : read_probe_map(reader, *item);
    if (!probe) return forward(probe);
    out.push_back(std::move(*probe));
  }
  return {};
}

namespace {

// "web -> db tcp/5432: allow", "client -> db tcp/5432 v6: deny by default/db-only-web".
Result<Probe> read_packet_expectation(const Reader& reader, const Node& node) {
  constexpr std::string_view usage =
      "write `FROM -> TO tcp/80 [v6]: allow|deny|refused [by POLICY]`";
  const size_t colon = node.text.rfind(": ");
  if (colon == std::string::npos)
    return reader.error(node.place, fmt::format("cannot read the expectation '{}'", node.text),
                        std::string(usage));
  Node line = node;
  line.text = node.text.substr(0, colon);
  auto probe = read_probe_line(reader, line);
  if (!probe) return probe;
  std::istringstream words(node.text.substr(colon + 2));
  std::string verdict, by;
  words >> verdict >> by;
  if (verdict == "allow" || verdict == "allowed") {
    probe->expected = ProbeResult::allowed;
  } else if (verdict == "deny" || verdict == "denied") {
    probe->expected = ProbeResult::blocked;
    probe->any_denial = true;
  } else if (const auto result = result_named(verdict)) {
    probe->expected = result;
  } else {
    return reader.error(node.place, fmt::format("unknown verdict '{}'", verdict),
                        std::string(usage));
  }
  for (std::string word; words >> word;) probe->by += (probe->by.empty() ? "" : " ") + word;
  if (!by.empty() && (by != "by" || probe->by.empty()))
    return reader.error(node.place, fmt::format("cannot read '{}' behind the verdict", by),
                        std::string(usage));
  return probe;
}

}  // namespace

Status read_expectations(const Reader& reader, const Node& node,
                         const std::vector<ScenarioNode>& nodes, std::vector<Expectation>& out,
                         std::vector<Probe>& probes) {
  const std::vector<std::string> keys = expectation_keys();
  const std::vector<std::string_view> known(keys.begin(), keys.end());
  std::vector<const Node*> entries;
  if (node.kind == Node::Kind::map)
    entries.push_back(&node);
  else if (auto ok = reader.list(node, "expect"); !ok)
    return ok;
  for (const auto& item : node.items) entries.push_back(item.get());
  for (const Node* entry : entries) {
    if (entry->is_scalar()) {
      auto packet = read_packet_expectation(reader, *entry);
      if (!packet) return forward(packet);
      probes.push_back(std::move(*packet));
      continue;
    }
    if (auto ok = reader.map(*entry, "expect", known); !ok) return ok;
    std::vector<std::string> names;
    if (const Node* name = entry->find("node")) {
      auto text = reader.text(*name, "expect node");
      if (!text) return forward(text);
      if (auto ok = check_node(reader, *text, name->place, nodes); !ok) return ok;
      names.push_back(*text);
    } else {
      for (const ScenarioNode& every : nodes) names.push_back(every.name);
    }
    ExpectationReader read(reader, out);
    for (const std::string& name : names) {
      read.node = name;
      if (auto ok = read.read(*entry); !ok) return ok;
    }
  }
  return {};
}

}  // namespace felixsim::scenario
