// SPDX-License-Identifier: Apache-2.0
#include "sim/report/kernel_texts.h"

#include <nlohmann/json.hpp>

#include "felixsim/check.h"
#include "model/kernel/ipset_text.h"
#include "model/kernel/iptables_text.h"
#include "model/kernel/link_text.h"
#include "model/kernel/nft_text.h"
#include "model/kernel/route_text.h"
#include "model/kernel/sysctl_text.h"
#include "model/kernel/wireguard_text.h"

namespace felixsim {
namespace {

std::string iptables_text(const KernelState& state, IpFamily family) {
  const auto tables_of = [&](IptBackend backend) {
    const auto it = state.iptables.find({family, backend});
    return it == state.iptables.end() ? std::string() : print_iptables_save(it->second);
  };
  const std::string nft = tables_of(IptBackend::nft);
  const std::string legacy = tables_of(IptBackend::legacy);
  if (nft.empty() || legacy.empty()) return nft + legacy;
  return nft + "# iptables-legacy tables\n" + legacy;
}

// The ARP table is part of the ruleset, and of interest by itself where Felix uses iptables.
std::string arp_text(const KernelState& state) {
  std::string text;
  for (const auto& [id, table] : state.nft)
    if (id.first == "arp") text += print_nft_table(table);
  return text;
}

// `ip neigh`, which shows both families, and `ip -6 neigh` after it, as recordings have them.
std::string neighbours_text(const KernelState& state) {
  std::set<Neighbour> v6;
  for (const auto& neighbour : state.neighbours)
    if (!neighbour.address.is_v4()) v6.insert(neighbour);
  return print_neighbours(state.neighbours) + print_neighbours(v6);
}

std::string status_text(const KernelState& state) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const auto& [name, content] : state.files)
    files.push_back({{"file", name}, {"content", content}});
  return files.dump(1) + "\n";
}

std::string rules_text(const KernelState& state) {
  return print_rules(state.rules, IpFamily::v4) + "\n" + print_rules(state.rules, IpFamily::v6);
}

// `wg show`, and the settings that go with it, which are the default where there is no line.
std::string wireguard_text(const KernelState& state) {
  std::string text = print_wireguard(wireguard_devices(state.links));
  if (text.empty()) return text;
  for (const auto& [name, value] : state.sysctls)
    if (name.starts_with("/sys/class/net/") || name == "net.ipv4.conf.all.src_valid_mark")
      text += fmt::format("# {} = {}\n", name, value);
  return text;
}

struct Printer {
  KernelPart part;
  std::string (*print)(const KernelState&);
};

const std::vector<Printer>& printers() {
  static const std::vector<Printer> all{
      {{"iptables", "iptables-save.txt"},
       [](const KernelState& s) { return iptables_text(s, IpFamily::v4); }},
      {{"ip6tables", "ip6tables-save.txt"},
       [](const KernelState& s) { return iptables_text(s, IpFamily::v6); }},
      {{"nft", "nft.txt"}, [](const KernelState& s) { return print_nft_ruleset(s.nft); }},
      {{"arp", "arp.txt"}, arp_text},
      {{"ipsets", "ipset-save.txt"},
       [](const KernelState& s) { return print_ipset_save(s.ipsets); }},
      {{"routes", "ip-route.txt"},
       [](const KernelState& s) { return print_routes(s.routes, IpFamily::v4); }},
      {{"routes6", "ip6-route.txt"},
       [](const KernelState& s) { return print_routes(s.routes, IpFamily::v6); }},
      {{"rules", "ip-rule.txt"}, rules_text},
      {{"neigh", "neigh.txt"}, neighbours_text},
      {{"fdb", "fdb.txt"}, [](const KernelState& s) { return print_fdb(s.fdb); }},
      {{"links", "link.txt"}, [](const KernelState& s) { return print_links(s.links); }},
      {{"addresses", "addr.txt"}, [](const KernelState& s) { return print_addresses(s.links); }},
      {{"wireguard", "wg.txt"}, wireguard_text},
      {{"sysctls", "sysctl.txt"},
       [](const KernelState& s) { return print_interface_sysctls(s.sysctls); }},
      {{"status", "endpoint-status.json"}, status_text},
  };
  return all;
}

}  // namespace

const std::vector<KernelPart>& kernel_parts() {
  static const std::vector<KernelPart> parts = [] {
    std::vector<KernelPart> list;
    for (const auto& printer : printers()) list.push_back(printer.part);
    return list;
  }();
  return parts;
}

std::string kernel_text(const KernelState& state, std::string_view part) {
  for (const auto& printer : printers())
    if (printer.part.name == part) return printer.print(state);
  FELIXSIM_CHECK(false && "kernel_text of an unknown part");
  return {};
}

}  // namespace felixsim
