// SPDX-License-Identifier: Apache-2.0
// IP sets as sets of Felix's nftables table (felix/nftables/ipsets.go).
#include <fmt/format.h>

#include "model/dataplane/ip_sets.h"

namespace felixsim {

namespace {

constexpr size_t max_deletions = 500;  // an iteration

std::string_view protocol_name(uint8_t protocol) {
  return protocol == 6 ? "tcp" : protocol == 17 ? "udp" : "sctp";
}

// As an element of a set: "10.0.0.0/8" or "10.0.0.1 . tcp . 80".
std::string element_text(msg::IpSetType type, const msg::IpSetMember& member) {
  switch (type) {
    case msg::IpSetType::net:
      return member.cidr.str();
    case msg::IpSetType::ip:
      return member.cidr.address.str();
    case msg::IpSetType::ip_and_port:
      return fmt::format("{} . {} . {}", member.cidr.address.str(), protocol_name(member.protocol),
                         member.port);
  }
  return "";
}

std::optional<msg::IpSetMember> parse_element(msg::IpSetType type, std::string_view text) {
  msg::IpSetMember member;
  size_t dot = text.find(" . ");
  std::string_view address = text.substr(0, dot);
  auto cidr = Cidr::parse_cidr_or_ip(address);
  if (!cidr) return std::nullopt;
  member.cidr = *cidr;
  if (type != msg::IpSetType::ip_and_port) return member;
  if (dot == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(dot + 3);
  size_t second_dot = rest.find(" . ");
  if (second_dot == std::string_view::npos) return std::nullopt;
  std::string_view protocol = rest.substr(0, second_dot);
  member.protocol = protocol == "tcp" ? uint8_t{6} : protocol == "udp" ? uint8_t{17} : uint8_t{132};
  member.port = static_cast<uint16_t>(std::atoi(std::string(rest.substr(second_dot + 3)).c_str()));
  return member;
}

}  // namespace

std::string IpSets::nft_table() const {
  return family_ == IpFamily::v4 ? "ip calico" : "ip6 calico";
}

std::string IpSets::nft_declaration(const std::string& name) const {
  auto type = types_.find(name);
  if (type == types_.end()) return "";
  std::string_view address = family_ == IpFamily::v4 ? "ipv4_addr" : "ipv6_addr";
  switch (type->second) {
    case msg::IpSetType::net:
      return fmt::format("{{ type {} ; flags interval ; }}", address);
    case msg::IpSetType::ip:
      return fmt::format("{{ type {} ; }}", address);
    case msg::IpSetType::ip_and_port:
      return fmt::format("{{ type {} . inet_proto . inet_service ; }}", address);
  }
  return "";
}

void IpSets::resync_nft(const KernelState& kernel) {
  full_resync_needed_ = false;
  resync_needed_.clear();
  DeltaTracker<std::string, IpSetMetadata>::Map found;
  auto table = kernel.nft.find({family_ == IpFamily::v4 ? "ip" : "ip6", "calico"});
  nft_table_exists_ = table != kernel.nft.end();
  if (nft_table_exists_) {
    for (const auto& [name, set] : table->second.sets) {
      if (set.is_map) continue;
      // A set's type is not read back: Felix takes a set that it knows to be of the type it wants.
      auto wanted = sets_.desired().find(name);
      found[name] = wanted == sets_.desired().end() ? IpSetMetadata{} : wanted->second;
      if (wanted == sets_.desired().end()) continue;
      std::set<msg::IpSetMember> members;
      for (const auto& [element, value] : set.elements) {
        if (auto member = parse_element(types_.at(name), element)) members.insert(*member);
      }
      members_[name].replace_actual(std::move(members));
      recheck(name);
    }
  }
  for (auto it = members_.begin(); it != members_.end();) {
    bool gone = !found.contains(it->first);
    if (gone && !sets_.desired().contains(it->first)) {
      dirty_members_.erase(it->first);
      it = members_.erase(it);
      continue;
    }
    if (gone) it->second.replace_actual({});
    recheck(it->first);
    ++it;
  }
  sets_.replace_actual(std::move(found));
}

std::string IpSets::nft_input(const std::vector<std::string>& dirty) {
  std::string input;
  if (sets_.actual().empty()) input += fmt::format("add table {}\n", nft_table());
  for (const std::string& name : dirty) {
    bool exists = sets_.actual().contains(name);
    if (!exists) {
      input += fmt::format("add set {} {} {}\n", nft_table(), name, nft_declaration(name));
    }
    auto& members = members_[name];
    msg::IpSetType type = types_.at(name);
    for (const auto& member : members.pending_deletions()) {
      input += fmt::format("delete element {} {} {{ {} }}\n", nft_table(), name,
                           element_text(type, member));
    }
    for (const auto& member : members.pending_additions()) {
      input += fmt::format("add element {} {} {{ {} }}\n", nft_table(), name,
                           element_text(type, member));
    }
    members.applied();
    sets_.set_actual(name, IpSetMetadata(sets_.desired().at(name)));
  }
  return input;
}

bool IpSets::apply_nft_deletions(Backend& backend) {
  std::string input;
  std::vector<std::string> deleted;
  deletions_fail_ = false;
  for (const std::string& name : sets_.pending_deletions()) {
    if (deleted.size() >= max_deletions) break;
    input += fmt::format("delete set {} {}\n", nft_table(), name);
    deleted.push_back(name);
  }
  if (deleted.empty()) return false;
  deletions_fail_ = backend.apply(CommandOp{"nft -f -", input}).rc != 0;
  if (deletions_fail_) return true;
  for (const std::string& name : deleted) {
    sets_.remove_actual(name);
    members_.erase(name);
  }
  return !sets_.pending_deletions().empty();
}

}  // namespace felixsim
