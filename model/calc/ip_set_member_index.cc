// SPDX-License-Identifier: Apache-2.0
#include "model/calc/ip_set_member_index.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include "felixsim/check.h"
#include "model/calc/calc_hash.h"
#include "model/calc/member_contribution.h"
#include "model/calc/overlap_suppressor.h"
#include "model/datastore/v1_fields.h"
#include "model/selector/ip_set_ids.h"
#include "model/selector/match_index.h"

namespace felixsim::calc {
namespace {

using Item = LabelIndex::Item;
using Slot = LabelIndex::Slot;
using Slots = LabelIndex::Slots;
using Members = std::vector<msg::IpSetMember>;

// Keys of the three kinds as one.
struct ItemKey {
  enum class Kind : uint8_t { workload, host, network_set };
  Kind kind;
  Symbol host, orchestrator, workload, name;
  bool operator==(const ItemKey&) const = default;

  template <class H>
  friend H AbslHashValue(H h, const ItemKey& key) {
    return H::combine(std::move(h), key.kind, key.host, key.orchestrator, key.workload, key.name);
  }
};

struct Described {
  Labels labels;
  const std::vector<Symbol>* parents;
};
Described describe(const Value& value) {
  if (const auto* workload = std::get_if<WorkloadEndpoint>(&value))
    return {workload->labels, &workload->profile_ids};
  if (const auto* host = std::get_if<HostEndpoint>(&value))
    return {host->labels, &host->profile_ids};
  const auto* set = std::get_if<NetworkSet>(&value);
  FELIXSIM_CHECK(set);
  return {set->labels, &set->profile_ids};
}

Contribution contribution_of(const ValuePtr& value) {
  if (!value) return {};
  if (const auto* workload = std::get_if<WorkloadEndpoint>(value.get()))
    return calc::contribution_of(*workload);
  if (const auto* host = std::get_if<HostEndpoint>(value.get()))
    return calc::contribution_of(*host);
  return calc::contribution_of(std::get<NetworkSet>(*value));
}

// A contribution as long as its item lives: most pods have one address, and no named port. The
// values of remote endpoints themselves are not kept.
class KeptContribution {
 public:
  KeptContribution() = default;
  explicit KeptContribution(const Contribution& from) {
    if (from.nets.size() == 1 && from.ports.empty())
      only_ = from.nets[0];
    else if (!from.nets.empty() || !from.ports.empty())
      whole_ = std::make_unique<const Contribution>(from);
  }
  Contribution get() const {
    if (whole_) return *whole_;
    return only_ ? Contribution{{*only_}, {}} : Contribution();
  }

 private:
  std::optional<Cidr> only_;
  std::unique_ptr<const Contribution> whole_;
};

bool has_wide_net(const Contribution& contribution) {
  return std::any_of(contribution.nets.begin(), contribution.nets.end(),
                     [](const Cidr& net) { return net.length < net.address.max_prefix(); });
}

bool contains(const Slots& slots, Slot slot) {
  return std::binary_search(slots.begin(), slots.end(), slot);
}

std::vector<Symbol> repeated(const std::vector<Symbol>& symbols) {
  std::vector<Symbol> out;
  for (auto symbol = symbols.begin(); symbol != symbols.end(); ++symbol)
    if (std::find(symbols.begin(), symbol, *symbol) != symbol) out.push_back(*symbol);
  return out;
}

}  // namespace

class IpSetMemberIndex::Impl {
 public:
  Impl(MemberSink sink, bool suppress_overlaps, std::function<void(std::string)> on_panic)
      : sink_(std::move(sink)), suppress_(suppress_overlaps), on_panic_(std::move(on_panic)) {}

  void update_item(const ItemKey& key, const ValuePtr& value);
  void remove_item(const ItemKey& key);
  void update_parent(Symbol parent, const Labels& labels);
  void add_ip_set(Symbol id, const SelectorPtr& selector, std::optional<NamedPort> port);
  void remove_ip_set(Symbol id);
  bool depends_on_path(Symbol id) const;

 private:
  struct ItemState {
    KeptContribution kept;
    bool wide = false;     // has a net that is no single address
    bool pending = false;  // its class's matches have changed, but this item was not told yet
  };
  struct IpSet {
    Symbol id;
    std::optional<NamedPort> port;                // unset: members are nets
    std::unique_ptr<OverlapSuppressor> overlaps;  // from the first member that is no single address
    bool covered_went = false;
  };

  const Slots& matches(Item item) const {
    return items_[item].pending ? *before_ : index_.matches(item);
  }
  bool holds(Item item, Slot slot, const msg::IpSetMember& member) const;
  template <class Accept>
  bool held_by(Slot slot, const msg::IpSetMember& member, const Accept& accept) const;
  bool is_shared(const Contribution& contribution, Item item) const;
  void tell_change(Item item, const Contribution& old, const Contribution& now, const Slots& before,
                   const Slots& after);
  void tell_set_change(Slot slot, Item item, const Members& added, const Members& removed,
                       bool shared);
  void tell_added(IpSet& set, const msg::IpSetMember& member);
  void tell_removed(IpSet& set, const msg::IpSetMember& member);
  void start_suppression(Slot slot, Item item, const Members& own_before);
  void check_parents(Item item, const std::vector<Symbol>& now);
  void own(Item item, const Contribution& old, const Contribution& now);

  MemberSink sink_;
  bool suppress_;
  std::function<void(std::string)> on_panic_;

  LabelIndex index_;
  KeyNumbers<ItemKey> item_numbers_;
  std::vector<ItemState> items_;
  absl::flat_hash_map<Cidr, absl::InlinedVector<Item, 2>> owners_;   // of each net
  absl::flat_hash_map<Item, std::vector<Symbol>> repeated_parents_;  // where there are any
  KeyNumbers<Symbol> set_numbers_;
  std::vector<IpSet> sets_;        // by slot
  const Slots* before_ = nullptr;  // of the pending items
};

// Calls that Felix makes end the process when a profile that is listed twice loses its last
// endpoint (named_port_index.go, DiscardEndpointID).
void IpSetMemberIndex::Impl::check_parents(Item item, const std::vector<Symbol>& now) {
  if (const auto entry = repeated_parents_.find(item); entry != repeated_parents_.end())
    for (const Symbol parent : entry->second)
      if (std::find(now.begin(), now.end(), parent) == now.end() &&
          index_.items_with_parent(parent) == 1)
        on_panic_("discard of unknown ID");
  repeated_parents_.erase(item);
  if (auto twice = repeated(now); !twice.empty()) repeated_parents_[item] = std::move(twice);
}

void IpSetMemberIndex::Impl::own(Item item, const Contribution& old, const Contribution& now) {
  for (const auto& net : old.nets) {
    const auto entry = owners_.find(net);
    if (entry == owners_.end()) continue;  // listed twice
    auto& owners = entry->second;
    owners.erase(std::remove(owners.begin(), owners.end(), item), owners.end());
    if (owners.empty()) owners_.erase(entry);
  }
  for (const auto& net : now.nets) {
    auto& owners = owners_[net];
    if (std::find(owners.begin(), owners.end(), item) == owners.end()) owners.push_back(item);
  }
}

void IpSetMemberIndex::Impl::update_item(const ItemKey& key, const ValuePtr& value) {
  const Item item = item_numbers_.get_or_add(key);
  if (item >= items_.size()) items_.resize(item + 1);
  const auto old = items_[item].kept.get(), now = contribution_of(value);
  if (std::any_of(now.nets.begin(), now.nets.end(), [](const Cidr& net) { return net.is_none(); }))
    return on_panic_(std::string(nil_pointer_panic));  // ip.CIDRFromIPNet of no address
  const auto described = describe(*value);
  check_parents(item, *described.parents);
  index_.update_item(item, described.labels, *described.parents,
                     [&](Item, const Slots& before, const Slots& after) {
                       tell_change(item, old, now, before, after);
                     });
  if (old.nets != now.nets) own(item, old, now);
  items_[item] = {KeptContribution(now), has_wide_net(now), false};
}

void IpSetMemberIndex::Impl::remove_item(const ItemKey& key) {
  const auto item = item_numbers_.find(key);
  if (!item) return;
  const auto old = items_[*item].kept.get();
  check_parents(*item, {});
  index_.remove_item(*item, [&](Item, const Slots& before, const Slots& after) {
    tell_change(*item, old, {}, before, after);
  });
  own(*item, old, {});
  items_[*item] = {};
  item_numbers_.release(key);
}

void IpSetMemberIndex::Impl::update_parent(Symbol parent, const Labels& labels) {
  index_.update_parent(
      parent, labels, [&](const LabelIndex::Items& items, const Slots& before, const Slots& after) {
        before_ = &before;
        for (const Item item : items) items_[item].pending = true;
        for (const Item item : items) {
          items_[item].pending = false;
          const auto contribution = items_[item].kept.get();
          tell_change(item, contribution, contribution, before, after);
        }
        before_ = nullptr;
      });
}

// Whether `item`, an owner of the member's net, puts the member into the set.
bool IpSetMemberIndex::Impl::holds(Item item, Slot slot, const msg::IpSetMember& member) const {
  if (!contains(matches(item), slot)) return false;
  const auto& port = sets_[slot].port;
  if (!port) return true;
  const auto members = port_members(items_[item].kept.get(), *port);
  return std::find(members.begin(), members.end(), member) != members.end();
}

// Whether an owner that `accept` likes puts the member into the set.
template <class Accept>
bool IpSetMemberIndex::Impl::held_by(Slot slot, const msg::IpSetMember& member,
                                     const Accept& accept) const {
  const auto entry = owners_.find(member.cidr);
  if (entry == owners_.end()) return false;
  return std::any_of(entry->second.begin(), entry->second.end(),
                     [&](Item owner) { return accept(owner) && holds(owner, slot, member); });
}

bool IpSetMemberIndex::Impl::is_shared(const Contribution& contribution, Item item) const {
  return std::any_of(contribution.nets.begin(), contribution.nets.end(), [&](const Cidr& net) {
    const auto entry = owners_.find(net);
    return entry != owners_.end() && (entry->second.size() > 1 || entry->second[0] != item);
  });
}

void IpSetMemberIndex::Impl::tell_change(Item item, const Contribution& old,
                                         const Contribution& now, const Slots& before,
                                         const Slots& after) {
  if (before.empty() && after.empty()) return;
  const auto nets = member_change(net_members(old), net_members(now));
  const bool shared = is_shared(old, item) || is_shared(now, item), wide = has_wide_net(now);
  Slots slots;
  std::set_union(before.begin(), before.end(), after.begin(), after.end(),
                 std::back_inserter(slots));
  static const Members none;
  for (const Slot slot : slots) {
    const bool was = contains(before, slot), is = contains(after, slot);
    MemberChange ports;
    const auto& port = sets_[slot].port;
    if (port) ports = member_change(port_members(old, *port), port_members(now, *port));
    const auto& change = port ? ports : nets;
    if (suppress_ && !port && is && wide && !sets_[slot].overlaps)
      start_suppression(slot, item, was ? change.all_before : none);
    const auto& added = !is ? none : was ? change.added : change.all_after;
    const auto& removed = !was ? none : is ? change.removed : change.all_before;
    tell_set_change(slot, item, added, removed, shared);
  }
}

// Additions first, so that what stays in the set is never missing from it.
void IpSetMemberIndex::Impl::tell_set_change(Slot slot, Item item, const Members& added,
                                             const Members& removed, bool shared) {
  const auto others_hold = [&](const msg::IpSetMember& member) {
    return shared && held_by(slot, member, [&](Item owner) { return owner != item; });
  };
  for (const auto& member : added)
    if (!others_hold(member)) tell_added(sets_[slot], member);
  for (const auto& member : removed)
    if (!others_hold(member)) tell_removed(sets_[slot], member);
}

void IpSetMemberIndex::Impl::tell_added(IpSet& set, const msg::IpSetMember& member) {
  if (!set.overlaps) return sink_.on_added(set.id, member);
  std::vector<Cidr> masked;
  if (set.overlaps->add(member.cidr, masked)) sink_.on_added(set.id, member);
  for (const auto& cidr : masked) sink_.on_removed(set.id, {cidr, 0, 0});
}

void IpSetMemberIndex::Impl::tell_removed(IpSet& set, const msg::IpSetMember& member) {
  if (!set.overlaps) return sink_.on_removed(set.id, member);
  set.covered_went = set.covered_went || set.overlaps->is_covered(member.cidr);
  const auto unmasked = set.overlaps->remove(member.cidr);
  sink_.on_removed(set.id, member);
  for (const auto& cidr : unmasked) sink_.on_added(set.id, {cidr, 0, 0});
}

// Until now all members were single addresses, which cannot overlap; collects them as they are
// before `item` changes, when it had put `own_before` into the set.
void IpSetMemberIndex::Impl::start_suppression(Slot slot, Item item, const Members& own_before) {
  auto overlaps = std::make_unique<OverlapSuppressor>();
  std::vector<Cidr> masked;
  const auto add = [&](const Cidr& net) {
    if (!overlaps->has(net)) overlaps->add(net, masked);
  };
  index_.visit_matches(slot, [&](const LabelIndex::Items& items) {
    for (const Item other : items)
      if (other != item && contains(matches(other), slot))
        for (const auto& net : items_[other].kept.get().nets) add(net);
  });
  for (const auto& member : own_before) add(member.cidr);
  sets_[slot].overlaps = std::move(overlaps);
}

void IpSetMemberIndex::Impl::add_ip_set(Symbol id, const SelectorPtr& selector,
                                        std::optional<NamedPort> port) {
  FELIXSIM_CHECK(!set_numbers_.find(id));
  const Slot slot = set_numbers_.get_or_add(id);
  if (slot >= sets_.size()) sets_.resize(slot + 1);
  auto& set = sets_[slot];
  set = {id, port, nullptr, false};
  LabelIndex::Items items;
  index_.add_selector(slot, selector, [&](const LabelIndex::Items& matched) {
    items.insert(items.end(), matched.begin(), matched.end());
  });
  const auto wide = [this](Item item) { return items_[item].wide; };
  if (suppress_ && !port && std::any_of(items.begin(), items.end(), wide))
    set.overlaps = std::make_unique<OverlapSuppressor>();
  for (const Item item : items) {
    const auto contribution = items_[item].kept.get();
    const auto members =
        each_once(port ? port_members(contribution, *port) : net_members(contribution));
    const bool shared = is_shared(contribution, item);
    for (const auto& member : members)
      // Of several holders, the one with the lowest number tells it.
      if (!shared || !held_by(slot, member, [&](Item owner) { return owner < item; }))
        tell_added(set, member);
  }
}

void IpSetMemberIndex::Impl::remove_ip_set(Symbol id) {
  const auto slot = set_numbers_.find(id);
  if (!slot) return;
  index_.remove_selector(*slot, [](const LabelIndex::Items&) {});
  sets_[*slot] = {};
  set_numbers_.release(id);
}

bool IpSetMemberIndex::Impl::depends_on_path(Symbol id) const {
  const auto slot = set_numbers_.find(id);
  return slot && sets_[*slot].covered_went;
}

IpSetMemberIndex::IpSetMemberIndex(MemberSink sink, bool suppress_overlaps,
                                   std::function<void(std::string)> on_panic)
    : impl_(std::make_unique<Impl>(std::move(sink), suppress_overlaps, std::move(on_panic))) {}
IpSetMemberIndex::IpSetMemberIndex(IpSetMemberIndex&&) noexcept = default;
IpSetMemberIndex::~IpSetMemberIndex() = default;

void IpSetMemberIndex::on_update(const Update& update) {
  const auto update_or_remove = [&](const ItemKey& key) {
    update.value ? impl_->update_item(key, update.value) : impl_->remove_item(key);
  };
  using Kind = ItemKey::Kind;
  if (const auto* workload = std::get_if<WorkloadEndpointKey>(&update.key)) {
    update_or_remove({Kind::workload, workload->host, workload->orchestrator, workload->workload,
                      workload->endpoint});
  } else if (const auto* host = std::get_if<HostEndpointKey>(&update.key)) {
    update_or_remove({Kind::host, host->host, {}, {}, host->endpoint});
  } else if (const auto* set = std::get_if<NetworkSetKey>(&update.key)) {
    update_or_remove({Kind::network_set, {}, {}, {}, set->name});
  } else if (const auto* resource = std::get_if<ResourceKey>(&update.key)) {
    static const Symbol profile_kind("Profile");
    if (resource->kind != profile_kind) return;
    const auto* profile = update.value ? std::get_if<Profile>(update.value.get()) : nullptr;
    impl_->update_parent(resource->name, profile ? profile->labels_to_apply : nullptr);
  }
}

void IpSetMemberIndex::add_ip_set(Symbol id, const SelectorPtr& selector, uint8_t protocol,
                                  Symbol named_port) {
  impl_->add_ip_set(id, selector,
                    protocol == named_port_protocol_none
                        ? std::nullopt
                        : std::optional(NamedPort{protocol, named_port}));
}

void IpSetMemberIndex::remove_ip_set(Symbol id) { impl_->remove_ip_set(id); }

bool IpSetMemberIndex::depends_on_path(Symbol id) const { return impl_->depends_on_path(id); }

}  // namespace felixsim::calc
