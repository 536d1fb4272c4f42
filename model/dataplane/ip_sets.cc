// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/ip_sets.h"

#include <fmt/format.h>

#include <charconv>

#include "felixsim/check.h"
#include "model/rules/names.h"

namespace felixsim {

namespace {

constexpr int max_attempts = 10;  // ipsets.go MaxRetryAttempt
constexpr char invalid_type[] = "?";

std::optional<uint8_t> protocol_number(std::string_view name) {
  if (name == "tcp") return uint8_t{6};
  if (name == "udp") return uint8_t{17};
  if (name == "sctp") return uint8_t{132};
  return std::nullopt;
}

// A member in the kernel's words; nothing for what Felix cannot have written.
std::optional<msg::IpSetMember> parse_member(std::string_view type, std::string_view text) {
  msg::IpSetMember member;
  if (type != "hash:ip,port") {
    auto cidr = Cidr::parse_cidr_or_ip(text);
    if (!cidr) return std::nullopt;
    member.cidr = *cidr;
    return member;
  }
  size_t comma = text.find(','), colon = text.rfind(':');
  if (comma == std::string_view::npos || colon == std::string_view::npos || colon < comma) {
    return std::nullopt;
  }
  auto ip = Ip::parse(text.substr(0, comma));
  auto protocol = protocol_number(text.substr(comma + 1, colon - comma - 1));
  std::string_view port = text.substr(colon + 1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), member.port);
  if (!ip || !protocol || error != std::errc{} || end != port.data() + port.size()) {
    return std::nullopt;
  }
  member.cidr = Cidr::host(*ip);
  member.protocol = *protocol;
  return member;
}

}  // namespace

std::string_view ip_set_type_name(msg::IpSetType type) {
  switch (type) {
    case msg::IpSetType::ip:
      return "hash:ip";
    case msg::IpSetType::ip_and_port:
      return "hash:ip,port";
    case msg::IpSetType::net:
      return "hash:net";
  }
  return "";
}

std::string ip_set_member_text(std::string_view set_type, const msg::IpSetMember& member) {
  if (set_type == "hash:net") return member.cidr.str();
  if (set_type == "hash:ip") return member.cidr.address.str();
  return msg::member_text(msg::IpSetType::ip_and_port, member);
}

IpSets::IpSets(IpFamily family, int64_t max_elements, rules::Dialect dialect)
    : family_(family), max_elements_(max_elements), dialect_(dialect) {}

std::string IpSets::name_of(std::string_view set_id) const {
  return rules::ip_set_name(set_id, family_, dialect_);
}

std::set<msg::IpSetMember> IpSets::filtered(msg::IpSetType type,
                                            const std::vector<msg::IpSetMember>& members) const {
  std::set<msg::IpSetMember> kept;
  for (const msg::IpSetMember& member : members) {
    if (member.cidr.address.family != family_) continue;
    if (type == msg::IpSetType::ip && member.cidr.length != member.cidr.address.max_prefix()) {
      kept.insert({Cidr::host(member.cidr.address), 0, 0});
    } else {
      kept.insert(kept.end(), member);
    }
  }
  return kept;
}

void IpSets::recheck(const std::string& name) {
  auto it = members_.find(name);
  if (it == members_.end() || it->second.in_sync()) {
    dirty_members_.erase(name);
  } else {
    dirty_members_.insert(name);
  }
}

void IpSets::add_or_replace(std::string_view set_id, msg::IpSetType type,
                            const std::vector<msg::IpSetMember>& members) {
  std::string name = name_of(set_id);
  sets_.set_desired(name, {std::string(ip_set_type_name(type)), max_elements_});
  types_[name] = type;
  members_[name].replace_desired(filtered(type, members));
  recheck(name);
}

void IpSets::add_members(std::string_view set_id, const std::vector<msg::IpSetMember>& members) {
  std::string name = name_of(set_id);
  auto type = types_.find(name);
  FELIXSIM_CHECK(type != types_.end());
  auto& tracker = members_[name];
  for (const auto& member : filtered(type->second, members)) tracker.add_desired(member);
  recheck(name);
}

void IpSets::remove_members(std::string_view set_id, const std::vector<msg::IpSetMember>& members) {
  std::string name = name_of(set_id);
  auto type = types_.find(name);
  FELIXSIM_CHECK(type != types_.end());
  auto& tracker = members_[name];
  for (const auto& member : filtered(type->second, members)) tracker.remove_desired(member);
  recheck(name);
}

void IpSets::remove(std::string_view set_id) {
  std::string name = name_of(set_id);
  sets_.remove_desired(name);
  types_.erase(name);
  dirty_members_.erase(name);
  if (!sets_.actual().contains(name)) {
    members_.erase(name);
  } else {
    members_[name].replace_desired({});
    dirty_members_.erase(name);
  }
}

// rule_defs.go AllHistoricIPSetNamePrefixes ("felix-", "cali") and LegacyV4IPSetNames.
bool IpSets::owns(std::string_view name) const {
  char family = family_ == IpFamily::v4 ? '4' : '6';
  for (std::string_view prefix : {"cali", "felix-"}) {
    if (name.starts_with(prefix) && name.size() > prefix.size() && name[prefix.size()] == family) {
      return true;
    }
  }
  if (family_ != IpFamily::v4) return false;
  return name.starts_with("felix-masq-ipam-pools") || name.starts_with("felix-all-ipam-pools");
}

void IpSets::resync_set(const std::string& name, const IpSet& set) {
  bool known_type = set.type == "hash:ip" || set.type == "hash:net" || set.type == "hash:ip,port";
  sets_.set_actual(name, {known_type ? set.type : invalid_type, set.max_elements});
  std::set<msg::IpSetMember> actual;
  for (const std::string& text : set.members) {
    if (auto member = parse_member(set.type, text)) actual.insert(*member);
  }
  members_[name].replace_actual(std::move(actual));
  recheck(name);
}

void IpSets::resync(const KernelState& kernel) {
  if (nft()) {
    resync_nft(kernel);
    return;
  }
  if (full_resync_needed_) {
    undeletable_.clear();
    resync_needed_.clear();
    for (const auto& [name, metadata] : sets_.actual()) resync_needed_.insert(name);
    for (const auto& [name, metadata] : sets_.desired()) resync_needed_.insert(name);
    for (const auto& [name, set] : kernel.ipsets) {
      if (owns(name)) resync_needed_.insert(name);
    }
  }
  for (const std::string& name : resync_needed_) {
    auto set = kernel.ipsets.find(name);
    if (set != kernel.ipsets.end()) {
      resync_set(name, set->second);
      continue;
    }
    sets_.remove_actual(name);
    if (sets_.desired().contains(name)) {
      members_[name].replace_actual({});
    } else {
      members_.erase(name);
    }
    recheck(name);
  }
  resync_needed_.clear();
  full_resync_needed_ = false;
}

// ipsets.go nextFreeTempIPSetName: a number is not taken again while Felix runs, which shows in
// the sets that a Felix leaves behind that died over them.
std::string IpSets::free_temporary_name() {
  while (true) {
    std::string name = fmt::format("cali{}t{}", family_ == IpFamily::v4 ? 4 : 6, next_temporary_++);
    if (!sets_.actual().contains(name)) return name;
  }
}

void IpSets::write_updates(const std::string& name, std::string& out) {
  const IpSetMetadata& want = sets_.desired().at(name);
  auto have = sets_.actual().find(name);
  bool exists = have != sets_.actual().end();
  bool swap = exists && have->second != want;
  auto& members = members_[name];
  std::string target = name;
  if (swap) {
    target = free_temporary_name();
    members.replace_actual({});
  }
  if (!exists || swap) {
    out += fmt::format("create {} {} family {} maxelem {}\n", target, want.type,
                       family_ == IpFamily::v4 ? "inet" : "inet6", want.max_elements);
  }
  for (const auto& member : members.pending_deletions()) {
    out += fmt::format("del {} {} --exist\n", target, ip_set_member_text(want.type, member));
  }
  for (const auto& member : members.pending_additions()) {
    out += fmt::format("add {} {}\n", target, ip_set_member_text(want.type, member));
  }
  if (swap) {
    out += fmt::format("swap {} {}\n", name, target);
    sets_.set_actual(target, have->second);
  }
  sets_.set_actual(name, IpSetMetadata(want));
  members.applied();
}

std::string IpSets::restore_input(const std::vector<std::string>& dirty) {
  std::string input;
  for (const std::string& name : dirty) write_updates(name, input);
  input += "COMMIT\n";
  return input;
}

// Room for new sets, even if a failure keeps the loop from reaching the deletions.
void IpSets::delete_one_temporary(Backend& backend) {
  std::string prefix = family_ == IpFamily::v4 ? "cali4t" : "cali6t";
  std::set<std::string> pending = sets_.pending_deletions();
  for (const std::string& name : pending) {
    if (!name.starts_with(prefix) || undeletable_.contains(name)) continue;
    if (backend.apply(CommandOp{"ipset destroy " + name, ""}).rc != 0) continue;
    sets_.remove_actual(name);
    members_.erase(name);
    return;
  }
}

std::optional<std::string> IpSets::apply_updates(Backend& backend) {
  std::string refusal;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    if (full_resync_needed_ || !resync_needed_.empty()) resync(backend.state());
    if (!nft()) delete_one_temporary(backend);
    std::set<std::string> wanted = sets_.pending_updates();
    for (const std::string& name : dirty_members_) {
      if (sets_.desired().contains(name)) wanted.insert(name);
    }
    if (wanted.empty()) return std::nullopt;
    std::vector<std::string> dirty(wanted.begin(), wanted.end());
    KernelAnswer answer = backend.apply(nft() ? CommandOp{"nft -f -", nft_input(dirty)}
                                              : CommandOp{"ipset restore", restore_input(dirty)});
    if (answer.rc == 0) {
      for (const std::string& name : dirty) dirty_members_.erase(name);
      return std::nullopt;
    }
    refusal = answer.text;
    resync_needed_.insert(dirty.begin(), dirty.end());
    if (attempt >= max_attempts / 2) full_resync_needed_ = true;
  }
  return "Failed to update IP sets after multiple retries: " + refusal;
}

bool IpSets::apply_deletions(Backend& backend) {
  if (nft()) return apply_nft_deletions(backend);
  bool deleted = false;
  std::set<std::string> pending = sets_.pending_deletions();
  for (const std::string& name : pending) {
    if (undeletable_.contains(name)) continue;
    if (deleted) return true;  // slow in a real kernel, so one an iteration
    if (backend.apply(CommandOp{"ipset destroy " + name, ""}).rc != 0) {
      undeletable_.insert(name);
      continue;
    }
    sets_.remove_actual(name);
    members_.erase(name);
    deleted = true;
  }
  return false;
}

}  // namespace felixsim
