// SPDX-License-Identifier: Apache-2.0
// ip rule. Mirrors iproute2 6.1 iprule.c (do_iprule, iprule_modify, iprule_list_flush_or_save).
// Left out: save, restore, and flushing a selection.
#include "model/kernel/ip_tool.h"
#include "model/kernel/kernel_error.h"
#include "model/kernel/routing_rules.h"

namespace felixsim {
namespace {

// Which of the two addresses is one of IPv6, in the kernel's word; empty: none.
std::string_view other_family_side(Arguments arguments) {
  while (!arguments.done()) {
    const auto word = arguments.next();
    if (word != "from" && word != "to") continue;
    const auto value = arguments.next();
    const auto net = Cidr::parse_cidr_or_ip(value);
    if (net && !net->address.is_v4()) return word == "from" ? "source" : "dst";
  }
  return {};
}

}  // namespace

KernelAnswer run_ip_rule(KernelCore& core, std::optional<IpFamily> asked, std::string_view verb,
                         const Arguments& arguments) {
  const IpFamily family = asked.value_or(IpFamily::v4);
  if (verb.empty() || names(verb, "list") || names(verb, "lst") || names(verb, "show"))
    return {0, print_rules(core.state.rules, family)};
  const bool adds = names(verb, "add");
  if (names(verb, "flush")) {
    if (!arguments.done()) return usage("ip rule flush of a selection is not modelled");
    flush_rules(core, family);
    return {};
  }
  if (!adds && !names(verb, "delete"))
    return usage(fmt::format("Command \"{}\" is unknown, try \"ip rule help\".", verb));
  if (arguments.done())
    return {1, fmt::format("\"ip rule {}\" requires arguments.", adds ? "add" : "del")};
  auto named = parse_rule_words(joined(arguments), family);
  if (!named) {
    // Without -4 the tool leaves it to the kernel.
    if (const auto side = other_family_side(arguments); !asked && !side.empty())
      return netlink(kernel_error(EINVAL, fmt::format("Invalid {} address", side)));
    const auto& message = named.error().message;
    return {message.find(" is expected rather ") != std::string::npos ? 1 : 255,
            (message.starts_with("Command ") ? "" : "Error: ") + message};
  }
  return netlink(adds ? add_rule(core, *named) : delete_rule(core, *named));
}

}  // namespace felixsim
