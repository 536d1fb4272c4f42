// SPDX-License-Identifier: Apache-2.0
#include "model/calc/shared_ip_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "felixsim/check.h"

namespace felixsim::calc {
namespace {

using Sorted = std::vector<msg::IpSetMember>;

template <class Set>
msg::IpSetMembers sorted(const Set& set) {
  if (set.empty()) return {};
  Sorted list(set.begin(), set.end());
  std::sort(list.begin(), list.end());
  return msg::IpSetMembers(std::move(list));
}

// `base` without what went and with what came, of which it may have some already.
template <class Set>
msg::IpSetMembers merged(const msg::IpSetMembers& base, const Set& came, const Set& went) {
  if (came.empty() && went.empty()) return base;
  const auto fresh = sorted(came);
  if (base.empty()) return fresh;
  Sorted stayed, list;
  std::copy_if(base.begin(), base.end(), std::back_inserter(stayed),
               [&](const msg::IpSetMember& member) { return !went.contains(member); });
  std::set_union(stayed.begin(), stayed.end(), fresh.begin(), fresh.end(),
                 std::back_inserter(list));
  return msg::IpSetMembers(std::move(list));
}

// Changes to the base are folded into it when there are more than these: a copy of the base is paid
// for by as many changes.
bool worth_folding(size_t changes, size_t base) { return changes > 16 + base / 8; }

}  // namespace

IndexTraffic operator-(const IndexTraffic& a, const IndexTraffic& b) {
  return {a.items - b.items, a.profiles - b.profiles};
}

void count(IndexTraffic& traffic, const Key& key) {
  static const Symbol profile_kind("Profile");
  const auto* resource = std::get_if<ResourceKey>(&key);
  if (resource && resource->kind == profile_kind) ++traffic.profiles;
  if (std::holds_alternative<WorkloadEndpointKey>(key) ||
      std::holds_alternative<HostEndpointKey>(key) || std::holds_alternative<NetworkSetKey>(key))
    ++traffic.items;
}

SharedIpSets::SharedIpSets(bool suppress_overlaps)
    : index_({[this](Symbol id, const msg::IpSetMember& member) { on_added(id, member); },
              [this](Symbol id, const msg::IpSetMember& member) { on_removed(id, member); }},
             suppress_overlaps, [this](std::string why) {
               if (!panic_) panic_ = std::move(why);
             }) {}

void SharedIpSets::on_update(const Update& update) {
  count(taken_, update.key);
  index_.on_update(update);
}

Symbol SharedIpSets::use(const IpSetDefinition& set) {
  const Symbol id = index_.depends_on_path(set.id)
                        ? Symbol(fmt::format("{} copy {}", set.id.view(), ++copies_))
                        : set.id;
  if (sets_[id].uses++ == 0) index_.add_ip_set(id, set.selector, set.protocol, set.port_name);
  return id;
}

void SharedIpSets::release(Symbol id) {
  const auto entry = sets_.find(id);
  FELIXSIM_CHECK(entry != sets_.end());
  if (--entry->second.uses > 0) return;
  index_.remove_ip_set(id);
  sets_.erase(entry);
  sorted_ = false;  // the id may be among the changed ones
}

SharedIpSets::IpSet& SharedIpSets::touched(Symbol id) {
  IpSet& set = sets_.find(id)->second;
  if (std::exchange(set.all_is_added, false)) set.added.insert(set.all->begin(), set.all->end());
  if (set.added.empty() && set.removed.empty()) {
    changed_.push_back(id);
    sorted_ = false;
  }
  set.all.reset();
  set.change.reset();
  ++set.told;
  return set;
}

void SharedIpSets::on_added(Symbol id, const msg::IpSetMember& member) {
  IpSet& set = touched(id);
  ++set.size;
  set.removed_again.erase(member);
  if (set.removed.erase(member) == 0) set.added.insert(member);
}

void SharedIpSets::on_removed(Symbol id, const msg::IpSetMember& member) {
  IpSet& set = touched(id);
  if (set.size > 0) --set.size;
  if (set.added.erase(member) == 0 && !set.removed.insert(member).second)
    set.removed_again.insert(member);
}

// Whether the member was in the set when the last epoch ended.
bool SharedIpSets::in_epoch(const IpSet& set, const msg::IpSetMember& member) {
  return set.came.contains(member) ||
         (!set.went.contains(member) &&
          std::binary_search(set.base.begin(), set.base.end(), member));
}

// Puts what came and went into the base.
void SharedIpSets::fold(IpSet& set) {
  set.base = merged(set.base, set.came, set.went);
  set.came.clear();
  set.went.clear();
}

msg::IpSetMembers SharedIpSets::members(Symbol id) {
  IpSet& set = sets_.find(id)->second;
  if (set.all) return *set.all;
  const bool is_new = set.base.empty() && set.came.empty() && set.went.empty();
  if (!std::exchange(set.asked, true) && is_new) {
    // No node has the set yet: none will ask for a change, and two copies would be one too many.
    set.all = sorted(set.added);
    set.all_is_added = true;
    set.added = {};
    return *set.all;
  }
  fold(set);
  set.all = merged(set.base, set.added, set.removed);
  return *set.all;
}

SharedIpSets::Change SharedIpSets::change(Symbol id) {
  IpSet& set = sets_.find(id)->second;
  if (!set.change) set.change = Change{sorted(set.added), sorted(set.removed)};
  return *set.change;
}

SharedIpSets::Change SharedIpSets::change_after_members(Symbol id) {
  const IpSet& set = sets_.find(id)->second;
  if (set.removed.empty()) return {};
  Members never_there;
  for (const auto& member : set.removed)
    if (!in_epoch(set, member) || set.removed_again.contains(member)) never_there.insert(member);
  return {{}, sorted(never_there)};
}

const std::vector<Symbol>& SharedIpSets::changed() {
  if (sorted_) return changed_;
  std::sort(changed_.begin(), changed_.end());
  changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
  std::erase_if(changed_, [this](Symbol id) { return !sets_.contains(id); });
  sorted_ = true;
  return changed_;
}

void SharedIpSets::end_epoch() {
  for (const Symbol id : changed_) {
    const auto entry = sets_.find(id);
    if (entry == sets_.end()) continue;
    IpSet& set = entry->second;
    if (set.all && set.base.empty()) {
      set.base = *set.all;
    } else {
      for (const auto& member : set.added)
        if (set.went.erase(member) == 0 && !in_epoch(set, member)) set.came.insert(member);
      for (const auto& member : set.removed)
        if (set.came.erase(member) == 0 && in_epoch(set, member)) set.went.insert(member);
      if (worth_folding(set.came.size() + set.went.size(), set.base.size())) fold(set);
    }
    set.added = {};
    set.removed = {};
    set.removed_again = {};
    set.all_is_added = false;
    set.all.reset();
    set.change.reset();
  }
  changed_.clear();
  sorted_ = true;
}

IpSetUses::~IpSetUses() {
  for (const auto& [id, use] : uses_) ip_sets_->release(use.copy);
}

void IpSetUses::add(const IpSetDefinition& set) {
  FELIXSIM_CHECK(!uses_.contains(set.id));
  const Symbol copy = ip_sets_->use(set);
  uses_[set.id] = {copy, ip_sets_->members_told(copy) - ip_sets_->size(copy)};
  if (copy != set.id) own_copies_[copy] = set.id;
}

void IpSetUses::remove(Symbol id) {
  const auto entry = uses_.find(id);
  FELIXSIM_CHECK(entry != uses_.end());
  const Use use = entry->second;
  uses_.erase(entry);
  own_copies_.erase(use.copy);
  told_of_removed_ += told(use);
  ip_sets_->release(use.copy);
}

std::vector<Symbol> IpSetUses::changed() {
  std::vector<Symbol> ids;
  for (const Symbol copy : ip_sets_->changed()) {
    const auto own = own_copies_.find(copy);
    const Symbol id = own == own_copies_.end() ? copy : own->second;
    const auto use = uses_.find(id);
    if (use != uses_.end() && use->second.copy == copy) ids.push_back(id);
  }
  return ids;
}

uint64_t IpSetUses::members_told() const {
  uint64_t sum = told_of_removed_;
  for (const auto& [id, use] : uses_) sum += told(use);
  return sum;
}

}  // namespace felixsim::calc
