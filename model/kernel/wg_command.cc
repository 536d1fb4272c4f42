// SPDX-License-Identifier: Apache-2.0
// wg show and wg set, as others on the host use them. Mirrors wireguard-tools 1.0 show.c, set.c and
// config.c. Left out: keys from files (a private key is nothing that felixsim knows), the other
// subcommands.
#include "felixsim/wireguard_key.h"
#include "model/kernel/kernel_core.h"
#include "model/kernel/wireguard_text.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

KernelAnswer refuse(std::string text) { return {1, std::move(text)}; }

bool parse_allowed_ips(std::string_view text, std::vector<Cidr>& out) {
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const auto net = Cidr::parse_cidr_or_ip(text.substr(0, comma));
    if (!net) return false;
    out.push_back(*net);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return true;
}

// One option and its value, if it has one, of a peer. Empty: taken.
std::string take_peer_option(WireguardPeerChange& peer, std::string_view option,
                             std::string_view value) {
  if (option == "endpoint") {
    peer.endpoint = parse_wireguard_endpoint(value);
    if (!peer.endpoint) return fmt::format("Unable to parse endpoint: `{}'", value);
  } else if (option == "allowed-ips") {
    peer.replace_allowed_ips = true;
    if (!parse_allowed_ips(value, peer.allowed_ips))
      return fmt::format("Unable to parse IP address: `{}'", value);
  } else if (option == "persistent-keepalive") {
    const auto seconds = value == "off" ? std::optional<uint64_t>(0) : parse_number(value, 65535);
    if (!seconds)
      return fmt::format("The persistent keepalive interval is neither 0/off nor 1-65535: `{}'",
                         value);
    peer.keepalive_seconds = static_cast<int>(*seconds);
  } else {
    return fmt::format("Invalid argument: {}", option);
  }
  return {};
}

std::string take_device_option(WireguardOp& op, std::string_view option, std::string_view value) {
  if (option == "listen-port") {
    const auto port = parse_number(value, 65535);
    if (!port) return fmt::format("Unable to parse port: `{}'", value);
    op.port = static_cast<uint16_t>(*port);
  } else if (option == "fwmark") {
    const auto mark =
        value == "off" ? std::optional<uint64_t>(0) : parse_number(value, ~uint32_t{0});
    if (!mark) return fmt::format("Fwmark is neither 0/off nor 0-0xffffffff: `{}'", value);
    op.mark = static_cast<uint32_t>(*mark);
  } else if (option == "private-key") {
    return "wg: private-key is not modelled: the file that it names is not known";
  } else {
    return fmt::format("Invalid argument: {}", option);
  }
  return {};
}

KernelAnswer set_device(KernelCore& core, const CommandWords& words) {
  if (words.size() < 3) return refuse("Usage: wg set <interface> [...]");
  WireguardOp op;
  op.device = words[2];
  for (size_t i = 3; i < words.size();) {
    const auto option = words[i++];
    if (option == "remove" && !op.peers.empty()) {
      op.peers.back().remove = true;
      continue;
    }
    if (i == words.size()) return refuse(fmt::format("Invalid argument: {}", option));
    const auto value = words[i++];
    std::string wrong;
    if (option == "peer") {
      if (!is_wireguard_key(value))
        return refuse(fmt::format("Key is not the correct length or format: `{}'", value));
      op.peers.emplace_back().public_key = value;
    } else if (op.peers.empty()) {
      wrong = take_device_option(op, option, value);
    } else {
      wrong = take_peer_option(op.peers.back(), option, value);
    }
    if (!wrong.empty()) return refuse(std::move(wrong));
  }
  const auto answer = apply_wireguard(core, op);
  if (answer.rc == 0) return {};
  return refuse(fmt::format("Unable to modify interface: {}", answer.text));
}

}  // namespace

KernelAnswer run_wg(KernelCore& core, const CommandWords& words) {
  const auto word = [&](size_t i) { return i < words.size() ? words[i] : std::string_view{}; };
  if (word(1) == "set") return set_device(core, words);
  if (word(1) != "show" && !word(1).empty())
    return refuse(fmt::format("wg: {} is not modelled, only show and set", word(1)));
  if (word(2).empty() || word(2) == "all")
    return {0, print_wireguard(wireguard_devices(core.state.links))};
  const auto link = core.state.links.find(std::string(word(2)));
  if (link == core.state.links.end()) return refuse("Unable to access interface: No such device");
  if (!link->second.wireguard) return refuse("Unable to access interface: Operation not supported");
  return {0, print_wireguard({{link->first, *link->second.wireguard}})};
}

}  // namespace felixsim
