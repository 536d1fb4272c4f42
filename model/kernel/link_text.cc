// SPDX-License-Identifier: Apache-2.0
// See link_text.h. Mirrors iproute2 6.1 ipaddress.c, ipneigh.c, iplink_vxlan.c and bridge fdb.c.
#include "model/kernel/link_text.h"

#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr std::string_view address_tail = "\\       valid_lft forever preferred_lft forever\n";

// Kinds without an operational state of their own.
bool has_no_state(const Link& link) {
  return link.kind != "veth" && !link.kind.empty() && link.kind != "dummy";
}

std::string link_flags(const Link& link) {
  std::string flags = link.kind == "loopback"    ? "LOOPBACK"
                      : link.kind == "ipip"      ? "NOARP"
                      : link.kind == "wireguard" ? "POINTOPOINT,NOARP"
                                                 : "BROADCAST,MULTICAST";
  if (!link.admin_up) return flags;
  if (!link.carrier) return "NO-CARRIER," + flags + ",UP";
  return flags + ",UP,LOWER_UP";
}

std::string link_line(const Link& link) {
  std::string out = link.name;
  if (!link.peer.empty()) out += "@" + link.peer;
  const std::string_view state = !link.admin_up || !link.carrier ? "DOWN"
                                 : has_no_state(link)            ? "UNKNOWN"
                                                                 : "UP";
  const bool loopback = link.kind == "loopback";
  out += fmt::format(": <{}> mtu {} qdisc {} state {} mode DEFAULT group default \\    link/",
                     link_flags(link), link.mtu_bytes,
                     link.admin_up || loopback ? "noqueue" : "noop", state);
  if (link.kind == "wireguard") return out + "none   \\    wireguard addrgenmode none \n";
  out += fmt::format("{} {} brd {}", loopback ? "loopback" : "ether", link.mac.str(),
                     loopback ? Mac{}.str() : "ff:ff:ff:ff:ff:ff");
  if (link.kind.empty() || loopback) return out + "  addrgenmode eui64 \n";
  out += fmt::format("  \\    {} ", link.kind);
  if (link.vxlan) {
    out += fmt::format("id {} ", link.vxlan->vni);
    if (link.vxlan->local) out += "local " + link.vxlan->local->str() + " ";
    if (!link.vxlan->device.empty()) out += "dev " + link.vxlan->device + " ";
    out += fmt::format("srcport 0 0 dstport {} {}", link.vxlan->port,
                       link.vxlan->learning ? "" : "nolearning ");
    out += "ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx ";
  }
  return out + "addrgenmode eui64 \n";
}

// The words behind the first '\' of kind or of nothing.
Status take_link_words(std::string_view rest, Link& link) {
  const auto number = [](std::string_view text) {
    return static_cast<int>(parse_number(text, 0x7fffffff).value_or(0));
  };
  bool after_link = false;
  for (auto word = take_word(rest); !word.empty(); word = take_word(rest)) {
    if (word == "mtu") {
      link.mtu_bytes = number(take_word(rest));
    } else if (word == "link/none") {
      after_link = true;
    } else if (word.starts_with("link/")) {
      const auto mac = Mac::parse(take_word(rest));
      if (!mac) return invalid("an interface's MAC cannot be read");
      link.mac = *mac;
      if (word == "link/loopback") link.kind = "loopback";
      after_link = true;
    } else if (word == "\\" && after_link && link.kind.empty()) {
      link.kind = take_word(rest);
      if (link.kind == "vxlan") link.vxlan.emplace();
      if (link.kind == "wireguard") link.wireguard.emplace();
    } else if (link.vxlan) {
      if (word == "id") link.vxlan->vni = number(take_word(rest));
      if (word == "local") link.vxlan->local = Ip::parse(take_word(rest));
      if (word == "dev") link.vxlan->device = take_word(rest);
      if (word == "dstport") link.vxlan->port = number(take_word(rest));
      if (word == "nolearning") link.vxlan->learning = false;
    }
  }
  return {};
}

Result<Link> parse_link(std::string_view line) {
  std::string_view rest = line;
  auto name = take_word(rest);
  Link link;
  if (name.ends_with(':') && parse_number(name.substr(0, name.size() - 1), 0x7fffffff)) {
    link.index = static_cast<int>(*parse_number(name.substr(0, name.size() - 1), 0x7fffffff));
    name = take_word(rest);
  }
  const auto flags = take_word(rest);
  if (!name.ends_with(':') || name.size() < 2 || !flags.starts_with('<') || !flags.ends_with('>'))
    return invalid(fmt::format("an interface needs a name and flags: {}", line));
  name.remove_suffix(1);
  const size_t at = name.find('@');
  link.name = name.substr(0, at);
  if (at != std::string_view::npos) link.peer = name.substr(at + 1);
  std::string_view list = flags.substr(1, flags.size() - 2);
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const auto flag = list.substr(0, comma);
    if (flag == "UP") link.admin_up = true;
    if (flag == "NO-CARRIER") link.carrier = false;
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  if (auto ok = take_link_words(rest, link); !ok) return forward(ok);
  return link;
}

// Behind another of the same subnet.
bool is_secondary(const Link& link, const Address& address) {
  for (const auto& other : link.addresses) {
    if (other.prefix == address.prefix) return false;
    if (other.prefix.length == address.prefix.length &&
        other.prefix.network() == address.prefix.network())
      return true;
  }
  return false;
}

void append_addresses(std::string& out, const Link& link, bool v4) {
  for (const auto& address : link.addresses) {
    if (address.prefix.address.is_v4() != v4) continue;
    out += fmt::format("{}    inet{} {} scope {} ", link.name, v4 ? "" : "6", address.prefix.str(),
                       address.scope);
    if (v4 && is_secondary(link, address)) out += "secondary ";
    if (v4)
      out += link.name;
    else if (address.nodad)
      out += "nodad ";
    out += address_tail;
  }
}

std::vector<const Link*> by_index(const std::map<std::string, Link>& links) {
  std::vector<const Link*> ordered;
  for (const auto& [name, link] : links) ordered.push_back(&link);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Link* a, const Link* b) { return a->index < b->index; });
  return ordered;
}

}  // namespace

std::string print_links(const std::map<std::string, Link>& links) {
  std::string out;
  for (const auto* link : by_index(links)) out += link_line(*link);
  return out;
}

std::string print_addresses(const std::map<std::string, Link>& links) {
  std::string out;
  for (const auto* link : by_index(links)) {
    append_addresses(out, *link, true);
    append_addresses(out, *link, false);
  }
  return out;
}

Result<std::map<std::string, Link>> parse_links(std::string_view text) {
  std::map<std::string, Link> links;
  for (int index = 1; !text.empty(); ++index) {
    const auto line = take_line(text);
    if (trim(line).empty()) continue;
    auto link = parse_link(line);
    if (!link) return forward(link);
    if (link->index == 0) link->index = index;
    const std::string name = link->name;
    links[name] = std::move(*link);
  }
  return links;
}

Status parse_addresses(std::string_view text, std::map<std::string, Link>& links) {
  while (!text.empty()) {
    const auto line = take_line(text);
    std::string_view rest = line.substr(0, line.find('\\'));
    auto name = take_word(rest);
    if (name.empty()) continue;
    if (name.ends_with(':')) name = take_word(rest);
    const auto family = take_word(rest);
    const auto prefix = IpPrefix::parse(take_word(rest));
    const auto link = links.find(std::string(name));
    if ((family != "inet" && family != "inet6") || !prefix)
      return invalid(fmt::format("an address cannot be read: {}", line));
    if (link == links.end()) return invalid(fmt::format("an address of no interface: {}", line));
    Address address{*prefix};
    for (auto word = take_word(rest); !word.empty(); word = take_word(rest)) {
      if (word == "scope") address.scope = take_word(rest);
      if (word == "nodad") address.nodad = true;
    }
    link->second.addresses.push_back(address);
  }
  return {};
}

std::string print_neighbours(const std::set<Neighbour>& neighbours) {
  std::string out;
  for (const auto& one : neighbours)
    out += fmt::format("{} dev {} {}\n", one.address.str(), one.device,
                       one.proxy          ? "proxy "
                       : one.mac == Mac{} ? one.state + " "
                                          : fmt::format("lladdr {} {} ", one.mac.str(), one.state));
  return out;
}

Result<std::set<Neighbour>> parse_neighbours(std::string_view text) {
  std::set<Neighbour> neighbours;
  while (!text.empty()) {
    const auto line = take_line(text);
    std::string_view rest = line;
    auto word = take_word(rest);
    if (word.empty()) continue;
    const auto address = Ip::parse(word);
    if (!address) return invalid(fmt::format("a neighbour cannot be read: {}", line));
    Neighbour one;
    one.address = *address;
    while (!(word = take_word(rest)).empty()) {
      if (word == "dev") {
        one.device = take_word(rest);
      } else if (word == "lladdr") {
        const auto mac = Mac::parse(take_word(rest));
        if (!mac) return invalid(fmt::format("a neighbour cannot be read: {}", line));
        one.mac = *mac;
      } else if (word == "proxy") {
        one.proxy = true;
      } else if (word != "router" && word != "extern_learn" && word != "managed") {
        one.state = word;
      }
    }
    if (one.device.empty()) return invalid(fmt::format("a neighbour without a device: {}", line));
    if (one.proxy) one = {one.device, one.address, {}, Neighbour{}.state, true};
    neighbours.insert(one);
  }
  return neighbours;
}

std::string print_fdb(const std::set<FdbEntry>& fdb) {
  std::string out;
  for (const auto& entry : fdb) {
    out += fmt::format("{} dev {} ", entry.mac.str(), entry.device);
    if (entry.destination) out += "dst " + entry.destination->str() + " ";
    out += entry.by_bridge ? "master " + entry.device + " permanent\n" : "self permanent\n";
  }
  return out;
}

Result<std::set<FdbEntry>> parse_fdb(std::string_view text) {
  std::set<FdbEntry> fdb;
  while (!text.empty()) {
    const auto line = take_line(text);
    std::string_view rest = line;
    auto word = take_word(rest);
    if (word.empty()) continue;
    const auto mac = Mac::parse(word);
    if (!mac) return invalid(fmt::format("a forwarding entry cannot be read: {}", line));
    FdbEntry entry;
    entry.mac = *mac;
    std::string_view master;
    while (!(word = take_word(rest)).empty()) {
      if (word == "dev") entry.device = take_word(rest);
      if (word == "dst") entry.destination = Ip::parse(take_word(rest));
      if (word == "master") master = take_word(rest);
    }
    if (entry.device.empty())
      return invalid(fmt::format("a forwarding entry without a device: {}", line));
    entry.by_bridge = master == entry.device;
    if (!master.empty() && !entry.by_bridge) continue;  // of a bridge's port
    fdb.insert(entry);
  }
  return fdb;
}

}  // namespace felixsim
