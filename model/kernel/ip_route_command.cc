// SPDX-License-Identifier: Apache-2.0
// ip route. Mirrors iproute2 6.1 iproute.c (iproute_modify, iproute_list_flush_or_save): the scope,
// type and table that the tool chooses. Left out: get, save, restore, most options; they are
// refused.
#include "model/kernel/ip_tool.h"
#include "model/kernel/routes.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr int main_table = 254, local_table = 255;

std::optional<RouteVerb> verb_of(std::string_view verb) {
  if (names(verb, "add")) return RouteVerb::add;
  if (names(verb, "change") || verb == "chg") return RouteVerb::change;
  if (names(verb, "replace")) return RouteVerb::replace;
  if (names(verb, "prepend")) return RouteVerb::prepend;
  if (names(verb, "append")) return RouteVerb::append;
  return std::nullopt;
}

IpFamily family_of(std::optional<IpFamily> asked, std::string_view text) {
  if (asked) return *asked;
  return text.find(':') != std::string_view::npos ? IpFamily::v6 : IpFamily::v4;
}

KernelAnswer refused_words(const std::string& message) {
  if (message.find("addattr_l") != std::string::npos)  // its room, not the words
    return {message.starts_with("rta_") ? 255 : 1, message};
  const bool prefix = message.find(" is expected rather ") != std::string::npos;
  return {prefix ? 1 : 255, "Error: " + message};
}

// Of the words "10.0.0.1/24" and the like the kernel takes only those without host bits; IPv6 masks
// them.
bool has_host_bits(const Arguments& arguments) {
  for (size_t i = arguments.at; i < std::min(arguments.at + 2, arguments.words.size()); ++i)
    if (const auto net = IpPrefix::parse(arguments.words[i]))
      return net->address.is_v4() && net->address != net->network().address;
  return false;
}

// The first interface that is named and not there.
std::optional<KernelAnswer> missing_device(const KernelCore& core, const Route& route) {
  const auto is_missing = [&](const std::string& device) {
    return !device.empty() && !core.state.links.contains(device);
  };
  for (const auto& hop : route.next_hops)
    if (is_missing(hop.device))
      return usage(no_device(hop.device).text + "\nError: cannot parse nexthop");
  if (is_missing(route.device)) return no_device(route.device);
  return std::nullopt;
}

void choose_scope(Route& route) {
  const bool v4 = route.dst.address.is_v4();
  if (!v4) return;
  if (route.type == Route::Type::local) route.scope = "host";
  if (route.type == Route::Type::broadcast) route.scope = "link";
  if (route.type == Route::Type::unicast && !route.gateway && route.next_hops.empty())
    route.scope = "link";
}

// Deletes what the words select; without any, all of table main.
KernelAnswer flush(KernelCore& core, IpFamily family, const Arguments& arguments) {
  RouteWords named;
  const std::string words = joined(arguments);
  if (words.empty()) return {255, "\"ip route flush\" requires arguments."};
  if (words != "all") {
    auto read = parse_route_words(words, family);
    if (!read) return usage("Error: " + read.error().message);
    named = std::move(*read);
  }
  const Route& asked = named.route;
  erase_routes_if(core, [&](const Route& route) {
    return route.dst.address.family == family && route.table == asked.table &&
           (!named.names_destination || route.dst == asked.dst) &&
           (asked.device.empty() || route.device == asked.device) &&
           (!asked.gateway || route.gateway == asked.gateway) &&
           (!named.names_protocol || route.protocol == asked.protocol) &&
           (!named.names_type || route.type == asked.type) &&
           (!named.names_scope || route.scope == asked.scope);
  });
  return {};
}

}  // namespace

KernelAnswer run_ip_route(KernelCore& core, std::optional<IpFamily> asked, std::string_view verb,
                          const Arguments& arguments) {
  if (verb.empty() || names(verb, "show") || names(verb, "list"))
    return {0, print_routes(core.state.routes, asked.value_or(IpFamily::v4))};
  const std::string words = joined(arguments);
  const IpFamily family = family_of(asked, words);
  if (names(verb, "flush")) return flush(core, family, arguments);
  const auto put = verb_of(verb);
  const bool deletes = !put && names(verb, "delete");
  if (!put && !deletes)
    return usage(fmt::format("Command \"{}\" is unknown, try \"ip route help\".", verb));
  auto named = parse_route_words(words, family);
  if (!named) return refused_words(named.error().message);
  Route& route = named->route;
  if (auto missing = missing_device(core, route)) return *missing;
  if (route.type == Route::Type::local || route.type == Route::Type::broadcast)
    if (route.table == main_table) route.table = local_table;
  if (has_host_bits(arguments))
    return netlink({EINVAL, "Error: Invalid prefix for given prefix length."});
  if (deletes) return netlink(delete_route(core, *named));
  if (!named->names_scope) choose_scope(route);
  return netlink(put_route(core, *put, route));
}

}  // namespace felixsim
