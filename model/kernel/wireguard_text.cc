// SPDX-License-Identifier: Apache-2.0
#include "model/kernel/wireguard_text.h"

#include <fmt/ranges.h>

#include "felixsim/wireguard_key.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr uint64_t max_port = 65535;

std::string keepalive_text(int seconds) {
  std::string out = "every";
  const auto add = [&](int count, const char* unit) {
    if (count > 0)
      out +=
          fmt::format("{} {} {}{}", out == "every" ? "" : ",", count, unit, count == 1 ? "" : "s");
  };
  add(seconds / 3600, "hour");
  add(seconds / 60 % 60, "minute");
  add(seconds % 60, "second");
  return out;
}

// "every 1 minute, 5 seconds"; unset: something else, or too long.
std::optional<int> parse_keepalive(std::string_view text) {
  if (take_word(text) != "every") return std::nullopt;
  uint64_t seconds = 0;
  while (!text.empty()) {
    const auto count = parse_number(take_word(text), max_port);
    const auto unit = take_word(text);
    if (!count) return std::nullopt;
    if (unit.starts_with("hour"))
      seconds += *count * 3600;
    else if (unit.starts_with("minute"))
      seconds += *count * 60;
    else if (unit.starts_with("second"))
      seconds += *count;
    else
      return std::nullopt;
  }
  if (seconds == 0 || seconds > max_port) return std::nullopt;
  return static_cast<int>(seconds);
}

bool parse_nets(std::string_view text, std::set<Cidr>& out) {
  if (text == "(none)") return true;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const auto net = Cidr::parse_cidr_or_ip(trim(text.substr(0, comma)));
    if (!net) return false;
    out.insert(*net);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return !out.empty();
}

bool take_device_field(WireguardLink& device, std::string_view name, std::string_view value) {
  if (name == "public key") {
    device.public_key = value;
    return is_wireguard_key(value);
  }
  if (name == "private key") return true;
  const auto number = parse_number(value, name == "fwmark" ? ~uint32_t{0} : max_port);
  if (name == "listening port")
    device.port = static_cast<uint16_t>(number.value_or(0));
  else if (name == "fwmark")
    device.mark = static_cast<uint32_t>(number.value_or(0));
  else
    return false;
  return number.has_value();
}

bool take_peer_field(WireguardPeer& peer, std::string_view name, std::string_view value) {
  if (name == "preshared key" || name == "latest handshake" || name == "transfer") return true;
  if (name == "allowed ips") return parse_nets(value, peer.allowed_ips);
  if (name == "persistent keepalive") {
    const auto seconds = parse_keepalive(value);
    peer.keepalive_seconds = seconds.value_or(0);
    return seconds.has_value();
  }
  if (name != "endpoint") return false;
  const auto endpoint = parse_wireguard_endpoint(value);
  if (!endpoint) return false;
  peer.endpoint = endpoint->first;
  peer.port = endpoint->second;
  return true;
}

// Line by line; `device` and `peer` are those that the lines before named.
class Reader {
 public:
  // False: the line says nothing that wg show prints, nor is a comment (`felixsim show` adds one).
  bool take(std::string_view line) {
    if (line.starts_with('#')) return true;
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos) return trim(line).empty();
    const auto name = trim(line.substr(0, colon)), value = trim(line.substr(colon + 2));
    if (name == "interface") {
      peer_ = nullptr;
      const auto [it, added] = devices.try_emplace(std::string(value));
      device_ = &it->second;
      return added && !value.empty();
    }
    if (!device_) return false;
    if (name == "peer") {
      const auto [it, added] = device_->peers.try_emplace(std::string(value));
      peer_ = &it->second;
      return added && is_wireguard_key(value);
    }
    return peer_ ? take_peer_field(*peer_, name, value) : take_device_field(*device_, name, value);
  }

  WireguardDevices devices;

 private:
  WireguardLink* device_ = nullptr;
  WireguardPeer* peer_ = nullptr;
};

void append_peer(std::string& out, const std::string& key, const WireguardPeer& peer) {
  out += fmt::format("\npeer: {}\n", key);
  if (peer.endpoint) out += fmt::format("  endpoint: {}\n", wireguard_endpoint_text(peer));
  std::vector<std::string> nets;
  for (const Cidr& net : peer.allowed_ips) nets.push_back(net.str());
  out += fmt::format("  allowed ips: {}\n",
                     nets.empty() ? "(none)" : fmt::format("{}", fmt::join(nets, ", ")));
  if (peer.keepalive_seconds != 0)
    out += fmt::format("  persistent keepalive: {}\n", keepalive_text(peer.keepalive_seconds));
}

void append_device(std::string& out, const std::string& name, const WireguardLink& device) {
  out += fmt::format("interface: {}\n", name);
  if (!device.public_key.empty())
    out += fmt::format("  public key: {}\n  private key: (hidden)\n", device.public_key);
  if (device.port != 0) out += fmt::format("  listening port: {}\n", device.port);
  if (device.mark != 0) out += fmt::format("  fwmark: {:#x}\n", device.mark);
  for (const auto& [key, peer] : device.peers) append_peer(out, key, peer);
}

}  // namespace

std::string wireguard_endpoint_text(const WireguardPeer& peer) {
  return peer.endpoint->is_v4() ? fmt::format("{}:{}", peer.endpoint->str(), peer.port)
                                : fmt::format("[{}]:{}", peer.endpoint->str(), peer.port);
}

std::optional<std::pair<Ip, uint16_t>> parse_wireguard_endpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto ip = Ip::parse(host);
  const auto port = parse_number(text.substr(colon + 1), max_port);
  if (!ip || !port) return std::nullopt;
  return std::pair{*ip, static_cast<uint16_t>(*port)};
}

WireguardDevices wireguard_devices(const std::map<std::string, Link>& links) {
  WireguardDevices devices;
  for (const auto& [name, link] : links)
    if (link.wireguard) devices.emplace(name, *link.wireguard);
  return devices;
}

std::string print_wireguard(const WireguardDevices& devices) {
  std::string out;
  for (const auto& [name, device] : devices) {
    if (!out.empty()) out += '\n';
    append_device(out, name, device);
  }
  return out;
}

Result<WireguardDevices> parse_wireguard(std::string_view text) {
  Reader reader;
  for (size_t number = 1; !text.empty(); ++number) {
    const auto line = take_line(text);
    if (!reader.take(line))
      return invalid(fmt::format("line {}: not a line of `wg show`, or one that is there twice: {}",
                                 number, line.substr(0, 80)));
  }
  return std::move(reader.devices);
}

}  // namespace felixsim
