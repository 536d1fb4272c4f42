// SPDX-License-Identifier: Apache-2.0
// ip: which object a command is for; link, addr and neigh. Mirrors iproute2 6.1: the defaults that
// the tool adds, exit code 2 where the kernel refuses, 255 or 1 where the tool does. Left out: most
// options of most objects; they are refused.
#include "model/kernel/ip_tool.h"
#include "model/kernel/kernel_error.h"
#include "model/kernel/link_text.h"
#include "model/kernel/net_state.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

std::optional<int> number_of(std::string_view text) {
  const auto number = parse_number(text, 0x7fffffff);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

constexpr int wireguard_mtu_bytes = 1420;  // drivers/net/wireguard/device.c wg_setup

KernelAnswer link_add(KernelCore& core, Arguments arguments) {
  LinkAddOp op;
  bool has_mtu = false;
  while (!arguments.done()) {
    const auto word = arguments.next();
    if (word == "name") {
      op.link.name = arguments.next();
    } else if (word == "type") {
      op.link.kind = arguments.next();
      if (op.link.kind == "vxlan") op.link.vxlan.emplace();
      if (op.link.kind == "wireguard" && !has_mtu) op.link.mtu_bytes = wireguard_mtu_bytes;
    } else if (word == "address") {
      const auto mac = Mac::parse(arguments.next());
      if (!mac) return usage("\"address\" value is invalid");
      op.link.mac = *mac;
    } else if (word == "mtu") {
      const auto mtu = number_of(arguments.next());
      if (!mtu) return usage("Invalid \"mtu\" value");
      op.link.mtu_bytes = *mtu;
      has_mtu = true;
    } else if (op.link.vxlan && (word == "id" || word == "dstport")) {
      const auto number = number_of(arguments.next());
      if (!number) return usage(fmt::format("Invalid \"{}\" value", word));
      (word == "id" ? op.link.vxlan->vni : op.link.vxlan->port) = *number;
    } else if (op.link.vxlan && word == "local") {
      op.link.vxlan->local = Ip::parse(arguments.next());
    } else if (op.link.vxlan && word == "dev") {
      op.link.vxlan->device = arguments.next();
    } else if (op.link.vxlan && word == "nolearning") {
      op.link.vxlan->learning = false;
    } else if (op.link.kind == "veth" && word == "peer") {
      arguments.at = arguments.words.size();  // the other end is in another place
    } else if (op.link.name.empty()) {
      op.link.name = word;
    } else {
      return usage(
          fmt::format("ip: either \"{}\" is a garbage, or felixsim does not model it", word));
    }
  }
  if (op.link.kind.empty()) return usage("Not enough information: \"type\" argument is required");
  if (op.link.name.empty() || op.link.name.size() > 15)
    return {1, fmt::format("Error: argument \"{}\" is wrong: \"name\" not a valid ifname",
                           op.link.name)};
  const auto answer = apply_link_add(core, op);
  if (answer.rc == EOPNOTSUPP) return {2, "Error: Unknown device type."};
  return netlink(answer);
}

KernelAnswer link_set(KernelCore& core, Arguments arguments) {
  LinkSetOp op;
  while (!arguments.done()) {
    const auto word = arguments.next();
    if (word == "up" || word == "down") {
      op.admin_up = word == "up";
    } else if (word == "mtu") {
      op.mtu_bytes = number_of(arguments.next());
      if (!op.mtu_bytes) return usage("Invalid \"mtu\" value");
    } else if (word == "address") {
      op.mac = Mac::parse(arguments.next());
      if (!op.mac) return usage("\"address\" value is invalid");
    } else if (word == "name") {
      op.new_name = arguments.next();
    } else if (word == "dev") {
      op.name = arguments.next();
    } else if (op.name.empty()) {
      op.name = word;
    } else {
      return usage(
          fmt::format("Error: either \"dev\" is duplicate, or \"{}\" is a garbage.", word));
    }
  }
  if (!core.state.links.contains(op.name)) return no_device(op.name);
  return netlink(apply_link_set(core, op));
}

KernelAnswer run_link(KernelCore& core, std::string_view verb, Arguments arguments) {
  if (verb == "add" || verb == "a") return link_add(core, arguments);
  if (verb == "set" || verb == "s") return link_set(core, arguments);
  if (verb == "del" || verb == "delete" || verb == "d") {
    auto name = arguments.next();
    if (name == "dev" || name == "name") name = arguments.next();
    if (!core.state.links.contains(std::string(name))) return no_device(name);
    return netlink(apply_link_remove(core, {std::string(name)}));
  }
  if (verb == "show" || verb == "list" || verb.empty()) return {0, print_links(core.state.links)};
  return usage(fmt::format("Command \"{}\" is unknown, try \"ip link help\".", verb));
}

KernelAnswer run_addr(KernelCore& core, std::string_view verb, Arguments arguments) {
  if (verb == "show" || verb == "list" || verb.empty())
    return {0, print_addresses(core.state.links)};
  AddressOp op;
  std::optional<IpPrefix> prefix;
  while (!arguments.done()) {
    const auto word = arguments.next();
    if (word == "dev") {
      op.device = arguments.next();
    } else if (word == "scope") {
      op.address.scope = arguments.next();
    } else if (word == "nodad") {
      op.address.nodad = true;
    } else if (word == "brd" || word == "broadcast" || word == "label") {
      arguments.next();
    } else {
      prefix = IpPrefix::parse(word);
      if (!prefix)
        if (const auto ip = Ip::parse(word))
          prefix = IpPrefix{*ip, static_cast<uint8_t>(ip->max_prefix())};
      if (!prefix && verb != "flush")
        return {1, fmt::format("Error: any valid prefix is expected rather than \"{}\".", word)};
      if (!prefix) op.device = word;
    }
  }
  const auto link = core.state.links.find(op.device);
  if (link == core.state.links.end()) return no_device(op.device);
  if (verb == "flush") {
    const auto addresses = link->second.addresses;
    for (const auto& address : addresses) remove_address(core, link->second, address);
    return {};
  }
  if (!prefix) return usage("an address is required");
  op.address.prefix = *prefix;
  op.remove = verb == "del" || verb == "delete" || verb == "d";
  if (!op.remove && verb != "add" && verb != "a" && verb != "replace" && verb != "change")
    return usage(fmt::format("Command \"{}\" is unknown, try \"ip address help\".", verb));
  const auto answer = apply_address(core, op);
  if (answer.rc == EEXIST && verb == "replace") return {};
  return netlink(answer);
}

KernelAnswer run_neigh(KernelCore& core, std::string_view verb, Arguments arguments) {
  if (verb == "show" || verb == "list" || verb.empty())
    return {0, print_neighbours(core.state.neighbours)};
  NeighbourOp op;
  std::optional<Ip> address;
  bool has_mac = false;
  while (!arguments.done()) {
    const auto word = arguments.next();
    if (word == "dev") {
      op.neighbour.device = arguments.next();
    } else if (word == "lladdr") {
      const auto mac = Mac::parse(arguments.next());
      if (!mac) return usage("\"lladdr\" value is invalid");
      op.neighbour.mac = *mac;
      has_mac = true;
    } else if (word == "nud") {
      const auto state = arguments.next();
      op.neighbour.state.clear();
      for (const char c : state)
        op.neighbour.state += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    } else if (word == "proxy") {
      op.neighbour.proxy = true;
      address = Ip::parse(arguments.next());
    } else {
      address = Ip::parse(word);
    }
  }
  if (!address) return usage("Device and destination are required arguments.");
  if (!core.state.links.contains(op.neighbour.device)) return no_device(op.neighbour.device);
  op.neighbour.address = *address;
  op.remove = verb == "del" || verb == "delete" || verb == "d";
  const bool there = std::any_of(
      core.state.neighbours.begin(), core.state.neighbours.end(), [&](const Neighbour& other) {
        return other.device == op.neighbour.device && other.address == *address &&
               other.proxy == op.neighbour.proxy;
      });
  if (!op.remove && !has_mac && !op.neighbour.proxy && !there)
    return {2, "Error: No link layer address given."};
  if (there && (verb == "add" || verb == "a")) return netlink(kernel_error(EEXIST));
  if (!there && verb == "change") return netlink(kernel_error(ENOENT));
  if (!op.remove && verb != "add" && verb != "a" && verb != "replace" && verb != "change")
    return usage(fmt::format("Command \"{}\" is unknown, try \"ip neighbour help\".", verb));
  return netlink(apply_neighbour(core, op));
}

}  // namespace

KernelAnswer run_ip(KernelCore& core, const CommandWords& words) {
  std::optional<IpFamily> family;
  size_t at = 1;
  for (; at < words.size() && words[at].starts_with('-'); ++at) {
    if (words[at] == "-6") family = IpFamily::v6;
    if (words[at] == "-4") family = IpFamily::v4;
    if (words[at] == "-n" || words[at] == "-netns" || words[at] == "-b" || words[at] == "-batch")
      return usage(fmt::format("ip: option {} is not modelled", words[at]));
  }
  if (at >= words.size()) return usage("Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }");
  const auto object = words[at++];
  const auto verb = at < words.size() ? words[at++] : std::string_view{};
  const Arguments arguments{words, at};
  if (names(object, "link")) return run_link(core, verb, arguments);
  if (names(object, "address")) return run_addr(core, verb, arguments);
  if (names(object, "route")) return run_ip_route(core, family, verb, arguments);
  if (names(object, "rule")) return run_ip_rule(core, family, verb, arguments);
  if (names(object, "neighbour") || names(object, "neighbor"))
    return run_neigh(core, verb, arguments);
  return usage(fmt::format("Object \"{}\" is unknown, try \"ip help\".", object));
}

}  // namespace felixsim
