// SPDX-License-Identifier: Apache-2.0
// ip (link, addr, route, rule, neigh), bridge fdb and sysctl, as others on the host use them.
// Mirrors iproute2 6.1: the defaults that the tool adds, exit code 2 where the kernel refuses, 255
// or 1 where the tool does. Left out: most options of most objects; they are refused.
#include <cerrno>

#include "model/kernel/link_text.h"
#include "model/kernel/net_state.h"
#include "model/kernel/route_text.h"
#include "model/kernel/sysctl_text.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

KernelAnswer usage(std::string text) { return {255, std::move(text)}; }

KernelAnswer netlink(const KernelAnswer& answer) {
  return answer.rc == 0 ? answer : KernelAnswer{2, "RTNETLINK answers: " + answer.text};
}

KernelAnswer no_device(std::string_view name) {
  return {1, fmt::format("Cannot find device \"{}\"", name)};
}

struct Arguments {
  const CommandWords& words;
  size_t at = 0;
  bool done() const { return at >= words.size(); }
  std::string_view next() { return done() ? std::string_view{} : words[at++]; }
};

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

std::string join(const Arguments& arguments) {
  std::string out;
  for (size_t i = arguments.at; i < arguments.words.size(); ++i) {
    if (!out.empty()) out += ' ';
    out += arguments.words[i];
  }
  return out;
}

IpFamily family_of(IpFamily asked, std::string_view text) {
  return text.find(':') != std::string_view::npos ? IpFamily::v6 : asked;
}

// What IPv4 refuses of a route's words, whatever there is (fib_frontend.c rtm_to_fib_config,
// fib_semantics.c fib_create_info).
KernelAnswer bad_route(const Route& route, const Arguments& arguments) {
  if (!route.dst.address.is_v4()) return {};
  for (size_t i = arguments.at; i < std::min(arguments.at + 2, arguments.words.size()); ++i)
    if (const auto net = IpPrefix::parse(arguments.words[i]))
      if (net->address != net->network().address)
        return {2, "Error: Invalid prefix for given prefix length."};
  const bool goes_nowhere = route.type != Route::Type::unicast &&
                            route.type != Route::Type::local &&
                            route.type != Route::Type::broadcast;
  if (goes_nowhere && (route.gateway || !route.device.empty()))
    return {2, "Error: Gateway, device and multipath can not be specified for this route type."};
  return {};
}

bool is_there(const KernelCore& core, Route route) {
  if (!route.dst.address.is_v4() && route.metric == 0) route.metric = 1024;  // IP6_RT_PRIO_USER
  return find_route(core, route) != nullptr;
}

KernelAnswer run_route(KernelCore& core, IpFamily family, std::string_view verb,
                       Arguments arguments) {
  if (verb == "show" || verb == "list" || verb.empty())
    return {0, print_routes(core.state.routes, family)};
  auto route = parse_route(join(arguments), family_of(family, join(arguments)));
  if (!route) return {1, "Error: " + route.error().message};
  if (auto wrong = bad_route(*route, arguments); wrong.rc != 0) return wrong;
  const bool v4 = route->dst.address.is_v4();
  // iproute2 chooses the scope, and the table of local and broadcast routes.
  if (v4 && route->scope.empty() && !route->gateway && route->type == Route::Type::unicast)
    route->scope = "link";
  if (route->type == Route::Type::local || route->type == Route::Type::broadcast) {
    if (route->table == 254) route->table = 255;
    if (v4 && route->scope.empty())
      route->scope = route->type == Route::Type::local ? "host" : "link";
  }
  if (!route->device.empty() && !core.state.links.contains(route->device))
    return no_device(route->device);
  if (verb == "add" || verb == "a" || verb == "append" || verb == "prepend")
    return netlink(add_route(core, *route));
  if (verb == "change" && !is_there(core, *route))
    return netlink({ENOENT, "No such file or directory"});
  if (verb == "replace" || verb == "change") return netlink(apply_route(core, {false, *route}));
  if (verb == "del" || verb == "delete" || verb == "d") {
    // Without a metric, the first route of the destination goes.
    Route from;
    from.dst = route->dst;
    for (auto it = core.state.routes.lower_bound(from);
         it != core.state.routes.end() && it->dst == route->dst && route->metric == 0; ++it)
      if (it->table == route->table && (route->device.empty() || it->device == route->device) &&
          (!route->gateway || it->gateway == route->gateway))
        return netlink(apply_route(core, {true, *it}));
    return netlink(apply_route(core, {true, *route}));
  }
  if (verb == "flush") {
    erase_routes_if(core, [&](const Route& other) { return other.dst == route->dst; });
    return {};
  }
  return usage(fmt::format("Command \"{}\" is unknown, try \"ip route help\".", verb));
}

KernelAnswer run_rule(KernelCore& core, IpFamily family, std::string_view verb,
                      Arguments arguments) {
  if (verb == "show" || verb == "list" || verb.empty())
    return {0, print_rules(core.state.rules, family)};
  if (arguments.done()) return {1, fmt::format("\"ip rule {}\" requires arguments.", verb)};
  auto rule = parse_rule(join(arguments), family);
  if (!rule) return usage(rule.error().message);
  if (verb == "add" || verb == "a") {
    if (rule->priority == 0) {
      // The kernel puts it before the first rule but the local one.
      rule->priority = 32765;
      for (const auto& other : core.state.rules)
        if (other.family == family && other.priority != 0) {
          rule->priority = other.priority - 1;
          break;
        }
    }
    return netlink(apply_rule(core, {false, *rule}));
  }
  if (verb == "del" || verb == "delete" || verb == "d") {
    for (auto other : core.state.rules) {
      const uint32_t priority = other.priority;
      if (rule->priority == 0) other.priority = 0;
      if (other != *rule) continue;
      rule->priority = priority;
      break;
    }
    return netlink(apply_rule(core, {true, *rule}));
  }
  return usage(fmt::format("Command \"{}\" is unknown, try \"ip rule help\".", verb));
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
  if (there && (verb == "add" || verb == "a")) return netlink({EEXIST, "File exists"});
  if (!there && verb == "change") return netlink({ENOENT, "No such file or directory"});
  if (!op.remove && verb != "add" && verb != "a" && verb != "replace" && verb != "change")
    return usage(fmt::format("Command \"{}\" is unknown, try \"ip neighbour help\".", verb));
  return netlink(apply_neighbour(core, op));
}

// "route", "r", "ro" ... all name the object.
bool names(std::string_view word, std::string_view object) {
  return !word.empty() && object.substr(0, word.size()) == word;
}

}  // namespace

KernelAnswer run_ip(KernelCore& core, const CommandWords& words) {
  IpFamily family = IpFamily::v4;
  size_t at = 1;
  for (; at < words.size() && words[at].starts_with('-'); ++at) {
    if (words[at] == "-6") family = IpFamily::v6;
    if (words[at] == "-n" || words[at] == "-netns" || words[at] == "-b" || words[at] == "-batch")
      return usage(fmt::format("ip: option {} is not modelled", words[at]));
  }
  if (at >= words.size()) return usage("Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }");
  const auto object = words[at++];
  const auto verb = at < words.size() ? words[at++] : std::string_view{};
  const Arguments arguments{words, at};
  if (names(object, "link")) return run_link(core, verb, arguments);
  if (names(object, "address")) return run_addr(core, verb, arguments);
  if (names(object, "route")) return run_route(core, family, verb, arguments);
  if (names(object, "rule")) return run_rule(core, family, verb, arguments);
  if (names(object, "neighbour") || names(object, "neighbor"))
    return run_neigh(core, verb, arguments);
  return usage(fmt::format("Object \"{}\" is unknown, try \"ip help\".", object));
}

KernelAnswer run_bridge(KernelCore& core, const CommandWords& words) {
  const auto word = [&](size_t i) { return i < words.size() ? words[i] : std::string_view{}; };
  if (word(1) != "fdb") return usage("bridge: only fdb is modelled");
  const auto verb = word(2);
  if (verb == "show" || verb.empty()) return {0, print_fdb(core.state.fdb)};
  FdbOp op;
  const auto mac = Mac::parse(word(3));
  std::optional<Ip> destination;
  for (size_t i = 4; i < words.size(); ++i) {
    if (words[i] == "dev")
      op.entry.device = word(++i);
    else if (words[i] == "dst")
      destination = Ip::parse(word(++i));
  }
  op.remove = verb == "del" || verb == "delete";
  if (!mac || (!destination && !op.remove)) return usage("Device, address and dst are required");
  op.entry.mac = *mac;
  op.entry.destination = destination.value_or(Ip{});
  if (!core.state.links.contains(op.entry.device)) return no_device(op.entry.device);
  if (verb == "add")
    for (const auto& other : core.state.fdb)
      if (other.device == op.entry.device && other.mac == op.entry.mac)
        return netlink({EEXIST, "File exists"});
  return netlink(apply_fdb(core, op));
}

KernelAnswer run_sysctl(KernelCore& core, const CommandWords& words) {
  std::string out;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "-a") return {0, print_sysctls(core.state.sysctls)};
    if (words[i].starts_with('-')) continue;
    const size_t equals = words[i].find('=');
    // A slash in an interface's name stands for a dot and the other way round.
    std::string name(trim(words[i].substr(0, equals)));
    const size_t separator = name.find_first_of("./");
    if (separator != std::string::npos && name[separator] == '/')
      for (char& c : name) c = c == '/' ? '.' : c == '.' ? '/' : c;
    if (equals == std::string_view::npos) {
      const auto found = core.state.sysctls.find(name);
      if (found == core.state.sysctls.end())
        return {255, fmt::format("sysctl: cannot stat {}: No such file or directory", name)};
      out += name + " = " + found->second + "\n";
      continue;
    }
    const auto answer = apply_sysctl(core, {name, std::string(trim(words[i].substr(equals + 1)))});
    if (answer.rc != 0) return {255, fmt::format("sysctl: cannot stat {}: {}", name, answer.text)};
  }
  return {0, out};
}

}  // namespace felixsim
