// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_kernel.h"

#include <algorithm>
#include <sstream>

namespace felixsim::testing {

namespace {

std::string word(std::istringstream& in) {
  std::string text;
  in >> text;
  return text;
}

std::string rest(std::istringstream& in) {
  std::string text;
  std::getline(in >> std::ws, text);
  return text;
}

}  // namespace

void FakeKernel::add_link(const std::string& name, const std::string& address) {
  Link link;
  link.index = next_index_++;
  link.name = name;
  link.admin_up = true;
  if (!address.empty()) link.addresses.push_back({*IpPrefix::parse(address), "global", false});
  kernel.links[name] = link;
}

void FakeKernel::remove_link(const std::string& name) {
  kernel.links.erase(name);
  std::erase_if(kernel.routes, [&](const Route& route) { return route.device == name; });
}

std::vector<std::string> FakeKernel::inputs(const std::string& command) const {
  std::vector<std::string> found;
  for (const KernelOp& op : ops) {
    const auto* run = std::get_if<CommandOp>(&op);
    if (run && run->command.starts_with(command)) found.push_back(run->input);
  }
  return found;
}

void FakeKernel::restore_iptables(const CommandOp& op) {
  IpFamily family = op.command.starts_with("ip6") ? IpFamily::v6 : IpFamily::v4;
  IptBackend backend =
      op.command.find("legacy") != std::string::npos ? IptBackend::legacy : IptBackend::nft;
  IptTable* table = nullptr;
  std::istringstream lines(op.input);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    std::string verb = word(in);
    if (verb[0] == '*') {
      table = &kernel.iptables[{family, backend}][verb.substr(1)];
    } else if (verb[0] == ':') {
      (*table)[verb.substr(1)].rules.clear();
    } else if (verb == "--delete-chain") {
      table->erase(word(in));
    } else if (verb != "COMMIT") {
      auto& rules = (*table)[word(in)].rules;
      std::string rule = rest(in);
      if (verb == "-A") rules.push_back(rule);
      if (verb == "-I") rules.insert(rules.begin(), rule);
      if (verb == "-D") rules.erase(std::find(rules.begin(), rules.end(), rule));
    }
  }
}

void FakeKernel::restore_ipsets(const std::string& input) {
  std::istringstream lines(input);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    std::string verb = word(in), name = word(in);
    if (verb == "create") {
      IpSet set;
      set.name = name;
      set.type = word(in);
      word(in), set.family = word(in), word(in), in >> set.max_elements;
      kernel.ipsets[name] = set;
    } else if (verb == "add") {
      kernel.ipsets.at(name).members.insert(word(in));
    } else if (verb == "del") {
      kernel.ipsets.at(name).members.erase(word(in));
    } else if (verb == "swap") {
      std::string other = word(in);
      std::swap(kernel.ipsets.at(name), kernel.ipsets.at(other));
    }
  }
}

void FakeKernel::load_nft(const std::string& input) {
  std::istringstream lines(input);
  uint64_t handle = 1;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    std::string verb = word(in), kind = word(in), family = word(in), name = word(in);
    if (verb == "delete" && kind == "table") {
      kernel.nft.erase({family, name});
      continue;
    }
    NftTable& table = kernel.nft[{family, name}];
    std::string object = word(in), text = rest(in);
    if (kind == "chain" && verb == "add") table.chains[object];
    if (kind == "chain" && verb == "flush") table.chains[object].rules.clear();
    if (kind == "chain" && verb == "delete") table.chains.erase(object);
    if (kind == "map") table.sets[object].is_map = true;
    if (kind == "rule" && verb == "add") {
      size_t at = text.find(" comment \"");
      table.chains[object].rules.push_back(
          {handle++, text.substr(0, at), text.substr(at + 10, text.size() - at - 11)});
    }
    if (kind == "element") {
      std::istringstream element(text.substr(1));
      std::string key = word(element);
      word(element);
      std::string verdict = rest(element);
      if (verb == "delete") {
        table.sets[object].elements.erase(key);
      } else {
        table.sets[object].elements[key] = verdict.substr(0, verdict.find(" }"));
      }
    }
  }
}

KernelAnswer FakeKernel::apply(const KernelOp& op) {
  ops.push_back(op);
  if (refuses && refuses(op)) return {1, "refused"};
  if (const auto* run = std::get_if<CommandOp>(&op)) {
    if (run->command == "ipset restore") restore_ipsets(run->input);
    if (run->command.starts_with("ipset destroy ")) kernel.ipsets.erase(run->command.substr(14));
    if (run->command.find("tables-") != std::string::npos) restore_iptables(*run);
    if (run->command == "nft -f -") load_nft(run->input);
  } else if (const auto* route = std::get_if<RouteOp>(&op)) {
    std::erase_if(kernel.routes, [&](const Route& have) {
      return have.dst == route->route.dst && have.metric == route->route.metric;
    });
    if (!route->remove) kernel.routes.insert(route->route);
  } else if (const auto* added = std::get_if<LinkAddOp>(&op)) {
    Link link = added->link;
    link.index = next_index_++;
    kernel.links[link.name] = link;
  } else if (const auto* removed = std::get_if<LinkRemoveOp>(&op)) {
    remove_link(removed->name);
  } else if (const auto* set = std::get_if<LinkSetOp>(&op)) {
    Link& link = kernel.links.at(set->name);
    if (set->admin_up) link.admin_up = *set->admin_up;
    if (set->mtu_bytes) link.mtu_bytes = *set->mtu_bytes;
  } else if (const auto* address = std::get_if<AddressOp>(&op)) {
    auto& addresses = kernel.links.at(address->device).addresses;
    std::erase(addresses, address->address);
    if (!address->remove) addresses.push_back(address->address);
  } else if (const auto* sysctl = std::get_if<SysctlOp>(&op)) {
    kernel.sysctls[sysctl->name] = sysctl->value;
  } else if (const auto* file = std::get_if<FileOp>(&op)) {
    kernel.files.erase(file->name);
    if (file->content) kernel.files[file->name] = *file->content;
  } else if (const auto* neighbour = std::get_if<NeighbourOp>(&op)) {
    kernel.neighbours.erase(neighbour->neighbour);
    if (!neighbour->remove) kernel.neighbours.insert(neighbour->neighbour);
  } else if (const auto* fdb = std::get_if<FdbOp>(&op)) {
    kernel.fdb.erase(fdb->entry);
    if (!fdb->remove) kernel.fdb.insert(fdb->entry);
  }
  return {};
}

}  // namespace felixsim::testing
