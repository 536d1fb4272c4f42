// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/verify/captured_host.h"

#include <nlohmann/json.hpp>

#include "model/kernel/link_text.h"
#include "model/kernel/sysctl_text.h"
#include "model/kernel/words.h"
#include "sim/analysis/verify/node_capture.h"

namespace felixsim {
namespace {

using nlohmann::ordered_json;

enum class HostPart : uint8_t { none, links, addresses, abilities, environment, felix_cfg, about };

HostPart host_part(const std::string& file_name) {
  const std::string words = captured_file_words(file_name);
  const auto has = [&](std::string_view word) { return words.find(word) != std::string::npos; };
  if (has("ip link") || words == "links") return HostPart::links;
  if (has("ip addr") || words == "addresses") return HostPart::addresses;
  if (has("kernel abilities")) return HostPart::abilities;
  if (has("felix environment")) return HostPart::environment;
  if (has("felix cfg")) return HostPart::felix_cfg;
  return words == "manifest" ? HostPart::about : HostPart::none;
}

bool is_tunnel(const std::string& name) { return is_calico_tunnel(name) || name == "tunl0"; }

// Line by line: what one line holds that cannot be read does not spoil the others.
std::map<std::string, Link> read_links(std::string_view text, size_t& unread) {
  std::map<std::string, Link> links;
  while (!text.empty()) {
    auto one = parse_links(take_line(text));
    if (!one) {
      ++unread;
      continue;
    }
    links.merge(*one);
  }
  return links;
}

void read_addresses(std::string_view text, std::map<std::string, Link>& links, size_t& unread) {
  while (!text.empty())
    if (!parse_addresses(take_line(text), links)) ++unread;
}

// Names of interfaces may hold any bytes.
std::string dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json interface_facts(const Link& link) {
  ordered_json facts{{"name", link.name}, {"up", link.admin_up}};
  const bool loopback = link.kind == "loopback";
  if (!loopback) facts["kind"] = link.kind.empty() ? "device" : link.kind;
  if (!loopback && link.mac != Mac{}) facts["mac"] = link.mac.str();
  if (!loopback && link.mtu_bytes >= 68 && link.mtu_bytes <= 65535) facts["mtu"] = link.mtu_bytes;
  ordered_json addresses = ordered_json::array();
  for (const auto& address : link.addresses)
    if (address.scope != "link") addresses.push_back(address.prefix.str());
  facts["addresses"] = std::move(addresses);
  return facts;
}

// "ipip no" lines; "unknown" counts as there.
ordered_json lacking(std::string_view text, const std::map<std::string, Link>& links) {
  std::set<std::string> lacks;
  while (!text.empty()) {
    auto line = take_line(text);
    const std::string name(take_word(line));
    if (take_word(line) == "no") lacks.insert(name);
  }
  for (const auto& [name, link] : links) lacks.erase(link.kind);
  return ordered_json(lacks);
}

// What Felix and the kernel's new interfaces start from.
ordered_json base_sysctls(std::string_view text) {
  ordered_json out = ordered_json::object();
  const auto all = parse_sysctls(text);
  if (!all) return out;
  for (const auto& [name, value] : *all) {
    const bool of_family = name.starts_with("net.ipv4.conf.") || name.starts_with("net.ipv6.conf.");
    if (of_family && (name.find(".conf.all.") != std::string::npos ||
                      name.find(".conf.default.") != std::string::npos))
      out[name] = value;
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> read_environment(std::string_view text) {
  std::map<std::string, std::string> variables;
  while (!text.empty()) {
    const auto line = take_line(text);
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos && line.starts_with("FELIX_"))
      variables[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  }
  return {variables.begin(), variables.end()};
}

// The texts of a capture by what they tell; of two files of one part the last counts.
std::map<HostPart, std::string> host_texts(const std::map<std::string, std::string>& files,
                                           CapturedHost& host) {
  std::map<HostPart, std::string> texts;
  for (const auto& [name, text] : files) {
    const HostPart part = host_part(name);
    if (part == HostPart::none) continue;
    texts[part] = text;
    host.used.push_back(name);
  }
  return texts;
}

}  // namespace

bool is_host_file(const std::string& file_name) { return host_part(file_name) != HostPart::none; }

std::optional<CapturedHost> read_captured_host(const std::map<std::string, std::string>& files) {
  CapturedHost host;
  auto texts = host_texts(files, host);
  size_t unread = 0;
  auto links = read_links(texts[HostPart::links], unread);
  if (links.empty()) return std::nullopt;
  read_addresses(texts[HostPart::addresses], links, unread);
  ordered_json interfaces = ordered_json::array();
  for (const auto& [name, link] : links) {
    auto facts = interface_facts(link);
    host.interfaces[name] = dump(facts);
    if (!is_tunnel(name) && !name.starts_with("cali")) interfaces.push_back(std::move(facts));
  }
  ordered_json sysctls = ordered_json::object();
  for (const auto& [name, text] : files)
    if (captured_part(name) == "sysctls") sysctls.update(base_sysctls(text));
  const ordered_json facts{{"facts",
                            {{"kernel", {{"lacks", lacking(texts[HostPart::abilities], links)}}},
                             {"sysctls", std::move(sysctls)},
                             {"interfaces", std::move(interfaces)}}}};
  host.facts = dump(facts);
  host.environment = read_environment(texts[HostPart::environment]);
  if (const auto cfg = texts.find(HostPart::felix_cfg); cfg != texts.end())
    host.felix_cfg = cfg->second;
  if (unread > 0)
    host.notes.push_back(
        fmt::format("{} lines of interfaces and addresses are not understood", unread));
  if (texts[HostPart::abilities].empty()) host.notes.push_back("a kernel that lacks nothing");
  if (texts[HostPart::environment].empty())
    host.notes.push_back("Felix runs without environment variables");
  return host;
}

}  // namespace felixsim
