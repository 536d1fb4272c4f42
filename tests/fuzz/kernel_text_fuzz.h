// SPDX-License-Identifier: Apache-2.0
// One fuzz input for the simulated kernel: its first byte chooses the reader or front-end, the rest
// is the text. Shared by the libFuzzer target and by a plain test.
#pragma once

#include <string_view>

#include "felixsim/check.h"
#include "model/kernel/host_action.h"
#include "model/kernel/ipset_text.h"
#include "model/kernel/iptables_text.h"
#include "model/kernel/link_text.h"
#include "model/kernel/nft_text.h"
#include "model/kernel/route_text.h"
#include "model/kernel/simulated_kernel.h"
#include "model/kernel/sysctl_text.h"
#include "model/kernel/wireguard_text.h"

namespace felixsim {

// What is read prints, reads back to the same, and prints the same again.
template <class Parse, class Print>
void check_inverse(std::string_view text, Parse parse, Print print) {
  const auto value = parse(text);
  if (!value) return;
  const std::string printed = print(*value);
  const auto again = parse(std::string_view(printed));
  FELIXSIM_CHECK(again.has_value());
  FELIXSIM_CHECK(*again == *value);
  FELIXSIM_CHECK(print(*again) == printed);
}

inline void fuzz_readers(std::string_view text) {
  check_inverse(text, parse_iptables_save, print_iptables_save);
  check_inverse(text, parse_ipset_save, print_ipset_save);
  check_inverse(text, parse_nft_ruleset, print_nft_ruleset);
  check_inverse(text, parse_neighbours, print_neighbours);
  check_inverse(text, parse_fdb, print_fdb);
  check_inverse(text, parse_sysctls, print_sysctls);
  check_inverse(text, parse_wireguard, print_wireguard);
  for (const auto family : {IpFamily::v4, IpFamily::v6}) {
    check_inverse(
        text, [&](std::string_view in) { return parse_routes(in, family); },
        [&](const auto& routes) { return print_routes(routes, family); });
    check_inverse(
        text, [&](std::string_view in) { return parse_rules(in, family); },
        [&](const auto& rules) { return print_rules(rules, family); });
    for (const auto backend : {IptBackend::nft, IptBackend::legacy})
      if (const auto rule = parse_ipt_rule(text, {family, backend}))
        FELIXSIM_CHECK(!rule->text.empty() || rule->target.empty());
  }
  if (auto links = parse_links(text)) {  // prints only what a Link holds: no inverse of any text
    (void)print_links(*links);
    (void)parse_addresses(text, *links);
    (void)print_addresses(*links);
  }
  (void)parse_nft_rule(text, "ip");
}

inline SimulatedKernel fuzz_kernel() {
  SimulatedKernel kernel;
  (void)kernel.apply(CommandOp{"ipset restore", "create s hash:net\nadd s 10.0.0.0/8\n"});
  (void)kernel.apply(CommandOp{"iptables-restore --noflush",
                               "*filter\n:c - -\n-A c -m set --match-set s src -j DROP\nCOMMIT\n"});
  (void)kernel.apply(CommandOp{
      "nft -f -",
      "add table ip t\nadd chain ip t c\nadd set ip t s { type ipv4_addr ; flags interval ; "
      "}\nadd map ip t m { type ifname : verdict ; }\n"});
  return kernel;
}

inline void fuzz_kernel_text(std::string_view input) {
  if (input.empty()) return;
  const char kind = input[0];
  const std::string text(input.substr(1));
  SimulatedKernel kernel = fuzz_kernel();
  switch (kind) {
    case 'i': {
      const auto before = kernel.state().iptables;
      if (kernel.apply(CommandOp{"iptables-restore --noflush", "*filter\n" + text}).rc != 0)
        FELIXSIM_CHECK(kernel.state().iptables.size() == before.size());
      return;
    }
    case '6':
      (void)kernel.apply(CommandOp{"ip6tables-legacy-restore", text});
      return;
    case 's':
      (void)kernel.apply(CommandOp{"ipset restore", text});
      return;
    case 'n': {
      const auto before = kernel.state().nft.at({"ip", "t"});
      if (kernel.apply(CommandOp{"nft -f -", text}).rc != 0) {
        const auto& after = kernel.state().nft.at({"ip", "t"});
        FELIXSIM_CHECK(after.chains == before.chains && after.sets == before.sets);
      }
      return;
    }
    case 'e':
      (void)kernel.exec(text);
      return;
    case 'h':
      (void)apply_host_action(kernel, text);
      return;
    default:
      fuzz_readers(text);
  }
}

}  // namespace felixsim
