// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/element_sets.h"

namespace felixsim::reach {
namespace {

HeaderMatch port_match(int protocol, int port, bool source) {
  HeaderMatch match;
  match.protocol = protocol;
  (source ? match.source_ports : match.destination_ports) = {{port, port}};
  return match;
}

bool is_host(const Cidr& net) { return net.length == net.address.max_prefix(); }

}  // namespace

void ElementSets::put(ElementSet& set, size_t element, Verdict verdict, size_t update) {
  if (verdict_of(set.members, element) == verdict) return;
  set.members.set(element, verdict);
  touch(set, update);
}

Renewed::Renewed(std::vector<size_t> elements_renewed, const AddressSpace& addresses)
    : elements(std::move(elements_renewed)), hull(addresses.hull_of(elements)) {
  for (const size_t element : elements) {
    const size_t word = element / Bits::word_bits;
    if (words.empty() || words.back().first != word) words.emplace_back(word, 0);
    words.back().second |= uint64_t{1} << element % Bits::word_bits;
  }
}

void ElementSets::take_out(ElementSet& set, const Renewed& elements, size_t update) {
  uint64_t *yes = set.members.yes.data(), *may = set.members.may.data();
  for (const auto& [word, members] : elements.words) {
    if ((may[word] & members) == 0) continue;
    yes[word] &= ~members;
    may[word] &= ~members;
    touch(set, update);
  }
}

void ElementSets::touch(ElementSet& set, size_t update) {
  if (std::exchange(set.touched, update) != update) touched_.push_back(&set);
}

void ElementSets::touch(PortSet& set, size_t update) {
  if (std::exchange(set.touched, update) != update) touched_.push_back(&set);
}

const std::vector<msg::IpSetMember>& ElementSets::members_of(Symbol id) const {
  static const std::vector<msg::IpSetMember> none;
  const auto it = state_.ip_sets().find(id);
  return it == state_.ip_sets().end() ? none : it->second.members;
}

// Elements of endpoints of which the input does not tell whether the selector matches.
template <class Each>
void ElementSets::for_each_untold(const Selector& selector, Each each) const {
  for (const size_t i : addresses_.endpoints()) {
    const auto& name = endpoints_[static_cast<size_t>(addresses_.elements()[i].endpoint)].name;
    if (unknown_.concerns(name) && unknown_.matches(selector, name) == Verdict::unknown)
      each(i, name);
  }
}

void ElementSets::add_untold(Symbol id, Tri& set) const {
  const auto* definition = unknown_.definition(id);
  if (!definition || !definition->selector) return;
  for_each_untold(*definition->selector,
                  [&](size_t element, const EndpointName&) { set.set(element, Verdict::unknown); });
}

void ElementSets::add_untold_ports(Symbol id, bool source, PortSet& set) {
  const auto* definition = unknown_.definition(id);
  if (!definition || !definition->selector) return;
  for_each_untold(*definition->selector, [&](size_t element, const EndpointName& name) {
    for (const auto& port : state_.endpoints().at(name).workload().ports) {
      if (port.name != definition->port_name) continue;
      const auto match = port_match(protocol_number(port.protocol), port.port, source);
      auto [entry, fresh] = set.members.try_emplace(headers_.add(match));
      if (fresh) entry->second = Tri::none(addresses_.size());
      entry->second.set(element, Verdict::unknown);
    }
  });
}

void ElementSets::fill(Symbol id, IpSetElements& set) const {
  set.members = Tri::none(addresses_.size());
  for (const auto& member : members_of(id)) {
    if (member.cidr.address.family != addresses_.family()) continue;
    addresses_.mark(member.cidr, set.members);
    set.hosts_only = set.hosts_only && is_host(member.cidr);
  }
  add_untold(id, set.members);
}

void ElementSets::fill(Symbol id, bool source, PortSet& set) {
  set.members.clear();
  for (const auto& member : members_of(id)) {
    if (member.cidr.address.family != addresses_.family()) continue;
    const auto match = port_match(member.protocol, member.port, source);
    auto [entry, fresh] = set.members.try_emplace(headers_.add(match));
    if (fresh) entry->second = Tri::none(addresses_.size());
    addresses_.mark(member.cidr, entry->second);
  }
  add_untold_ports(id, source, set);
}

void ElementSets::fill(Combined& set) const {
  const auto marked = [&](const std::vector<Cidr>& nets) {
    Tri out = Tri::none(addresses_.size());
    for (const Cidr& net : nets)
      if (net.address.family == addresses_.family()) addresses_.mark(net, out);
    return out;
  };
  set.members = Tri{addresses_.live(), addresses_.live()};
  if (!set.nets.empty()) set.members &= marked(set.nets);
  for (const auto& one : set.sets) set.members &= one->members;
  if (!set.not_nets.empty()) set.members -= marked(set.not_nets);
  for (const auto& one : set.not_sets) set.members -= one->members;
}

ElementSetPtr ElementSets::ip_set(Symbol id) {
  auto& known = ip_sets_[id];
  if (!known) {
    known = std::make_shared<IpSetElements>();
    fill(id, *known);
  }
  return known;
}

PortSetPtr ElementSets::ports(Symbol id, bool source) {
  auto& known = port_sets_[{id, source}];
  if (!known) {
    known = std::make_shared<PortSet>();
    fill(id, source, *known);
  }
  return known;
}

ElementSetPtr ElementSets::on_host(Symbol host) {
  auto& known = on_host_[host];
  if (!known) {
    known = std::make_shared<ElementSet>();
    known->members = Tri::none(addresses_.size());
    for (const size_t element : addresses_.endpoints())
      known->members.set(element, on_host(host, element));
  }
  return known;
}

Verdict ElementSets::on_host(Symbol host, size_t number) const {
  const Element& element = addresses_.elements()[number];
  if (element.vacant || element.endpoint < 0) return Verdict::no;
  return endpoints_[static_cast<size_t>(element.endpoint)].name.host == host ? Verdict::yes
                                                                             : Verdict::no;
}

ElementSetPtr ElementSets::addresses_of(const msg::RuleMatchSide& side) {
  if (side.net.empty() && side.not_net.empty() && side.not_ip_set_ids.empty()) {
    if (side.ip_set_ids.empty()) return nullptr;
    if (side.ip_set_ids.size() == 1) return ip_set(side.ip_set_ids[0]);
  }
  auto set = std::make_shared<Combined>();
  set->nets = side.net;
  set->not_nets = side.not_net;
  for (const Symbol id : side.ip_set_ids) set->sets.push_back(ip_set(id));
  for (const Symbol id : side.not_ip_set_ids) set->not_sets.push_back(ip_set(id));
  fill(*set);
  combined_.push_back(set);
  return set;
}

// Untold members are not looked for: what the input does not tell never changes.
Verdict ElementSets::verdict(const std::vector<msg::IpSetMember>& members, const IpSetElements& set,
                             size_t number) const {
  const Element& element = addresses_.elements()[number];
  if (element.vacant) return Verdict::no;
  if (element.first == element.last) {
    const Cidr host = Cidr::host(ip_of(element.first, addresses_.family()));
    const auto it = std::lower_bound(
        members.begin(), members.end(), host,
        [](const msg::IpSetMember& member, const Cidr& cidr) { return member.cidr < cidr; });
    if (it != members.end() && it->cidr == host) return Verdict::yes;
  }
  if (set.hosts_only) return Verdict::no;
  for (const auto& member : members)
    if (member.cidr.address.family == addresses_.family() &&
        addresses_.inside(member.cidr, number) == Verdict::yes)
      return Verdict::yes;
  return Verdict::no;
}

Verdict ElementSets::verdict(const Combined& set, size_t element) const {
  if (addresses_.elements()[element].vacant) return Verdict::no;
  const auto in_any = [&](const std::vector<Cidr>& nets) {
    Verdict any = Verdict::no;
    for (const Cidr& net : nets) {
      if (any == Verdict::yes) break;
      if (net.address.family == addresses_.family())
        any = either(any, addresses_.inside(net, element));
    }
    return any;
  };
  Verdict out = set.nets.empty() ? Verdict::yes : in_any(set.nets);
  if (out == Verdict::no) return out;
  for (const auto& one : set.sets) out = both(out, verdict_of(one->members, element));
  if (!set.not_nets.empty()) out = both(out, negated(in_any(set.not_nets)));
  for (const auto& one : set.not_sets) out = both(out, negated(verdict_of(one->members, element)));
  return out;
}

// Members of sets that hold single addresses only are looked for between the first and the last
// address that came.
void ElementSets::renew(const std::vector<msg::IpSetMember>& members, const SetUpdate& update,
                        const HostSpan& span, IpSetElements& set) {
  const auto below = [](const msg::IpSetMember& member, const Cidr& cidr) {
    return member.cidr < cidr;
  };
  bool any = !set.hosts_only;
  if (!any && span.first) {
    const auto it = std::lower_bound(members.begin(), members.end(), *span.first, below);
    any = it != members.end() && !(*span.last < it->cidr);
  }
  if (!any) return take_out(set, update.renewed, update.number);
  for (const size_t element : update.renewed.elements)
    put(set, element, verdict(members, set, element), update.number);
}

ElementSets::HostSpan ElementSets::span_of(const Renewed& renewed) const {
  HostSpan span;
  for (const size_t number : renewed.elements) {
    const Element& element = addresses_.elements()[number];
    if (element.vacant || element.first != element.last) continue;
    const Cidr host = Cidr::host(ip_of(element.first, addresses_.family()));
    if (!span.first || host < *span.first) span.first = host;
    if (!span.last || *span.last < host) span.last = host;
  }
  return span;
}

void ElementSets::update_ip_sets(const SetUpdate& update, Bits& dirty) {
  if (!update.renewed.elements.empty()) {
    const HostSpan span = span_of(update.renewed);
    auto known = state_.ip_sets().begin();  // both are in order, and rules name nearly all
    for (auto& [id, set] : ip_sets_) {
      set->members.resize(addresses_.size());
      if (known != state_.ip_sets().end() && known->first != id)
        known = state_.ip_sets().lower_bound(id);
      static const std::vector<msg::IpSetMember> none;
      const bool is_known = known != state_.ip_sets().end() && known->first == id;
      renew(is_known ? (known++)->second.members : none, update, span, *set);
    }
  }
  for (const auto& [id, change] : update.changes.ip_sets) {
    const auto set = ip_sets_.find(id);
    if (set == ip_sets_.end()) continue;
    Tri concerned = Tri::none(addresses_.size());
    for (const auto& moved : change)
      for (const auto* members : {&moved.went, &moved.came})
        for (const auto& member : *members) {
          if (member.cidr.address.family != addresses_.family()) continue;
          addresses_.mark(member.cidr, concerned);
          set->second->hosts_only = set->second->hosts_only && is_host(member.cidr);
        }
    const auto& members = members_of(id);
    for (const size_t i : listed(concerned.yes))
      put(*set->second, i, verdict(members, *set->second, i), update.number);
    dirty |= concerned.yes;
  }
}

// Made anew where anything changed: named ports are few.
void ElementSets::update_port_sets(const SetUpdate& update, Bits& dirty) {
  for (auto& [key, set] : port_sets_) {
    for (auto& [condition, members] : set->members) members.resize(addresses_.size());
    bool changed = update.changes.ip_sets.contains(key.first);
    for (const size_t element : update.renewed.elements) {
      for (const auto& member : members_of(key.first))
        changed = changed || (member.cidr.address.family == addresses_.family() &&
                              addresses_.inside(member.cidr, element) == Verdict::yes);
      for (const auto& [condition, members] : set->members)
        changed = changed || members.may.test(element);
      if (changed) break;
    }
    if (!changed) continue;
    for (const auto& [condition, members] : set->members) dirty |= members.may;
    fill(key.first, key.second, *set);
    for (const auto& [condition, members] : set->members) dirty |= members.may;
    touch(*set, update.number);
  }
}

void ElementSets::update_combined(const SetUpdate& update, const Bits& dirty) {
  const Renewed all(listed(dirty), addresses_);
  for (const auto& set : combined_) {
    set->members.resize(addresses_.size());
    bool touched = false;
    for (const auto* sets : {&set->sets, &set->not_sets})
      for (const auto& one : *sets) touched = touched || one->touched == update.number;
    const Renewed& concerned = touched ? all : update.renewed;
    const bool far = !set->nets.empty() &&
                     std::none_of(set->nets.begin(), set->nets.end(), [&](const Cidr& net) {
                       return addresses_.meets(net, concerned.hull);
                     });
    if (far) {
      take_out(*set, concerned, update.number);
      continue;
    }
    for (const size_t element : concerned.elements)
      put(*set, element, verdict(*set, element), update.number);
  }
}

void ElementSets::update(const SetUpdate& update, Bits& dirty) {
  touched_.clear();
  // Sets that no rule names any more.
  const auto unused = [](const auto& entry) { return entry.second.use_count() == 1; };
  std::erase_if(combined_, [](const auto& set) { return set.use_count() == 1; });
  std::erase_if(ip_sets_, unused);
  std::erase_if(port_sets_, unused);
  std::erase_if(on_host_, unused);
  for (const size_t element : update.renewed.elements) dirty.set(element);
  for (auto& [host, set] : on_host_) {
    set->members.resize(addresses_.size());
    for (const size_t element : update.renewed.elements)
      put(*set, element, on_host(host, element), update.number);
  }
  update_ip_sets(update, dirty);
  update_port_sets(update, dirty);
  update_combined(update, dirty);
}

void ElementSets::look_at(const ElementColumn& elements) {
  const auto look = [&](ElementSet& set) {
    set.column = {elements.read(set.members.yes), elements.read(set.members.may)};
  };
  for (auto& [id, set] : ip_sets_) look(*set);
  for (auto& [host, set] : on_host_) look(*set);
  for (const auto& set : combined_) look(*set);
}

}  // namespace felixsim::reach
