// SPDX-License-Identifier: Apache-2.0
// IP sets and nets as sets of elements of the address space, shared by the rules that name them,
// and kept as the cluster changes.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "sim/analysis/reach/addresses.h"
#include "sim/analysis/reach/element_column.h"
#include "sim/analysis/reach/headers.h"
#include "sim/analysis/reach/state.h"
#include "sim/analysis/reach/unknown_labels.h"

namespace felixsim::reach {

// Membership of 64 elements that are looked at again.
struct Column {
  uint64_t yes = 0, may = 0;
};

struct ElementSet {
  Tri members;
  Column column;
  size_t touched = 0;  // the last update that changed members
};
using ElementSetPtr = std::shared_ptr<const ElementSet>;

// Members of an IP set that have ports, by condition on the header.
struct PortSet {
  std::map<size_t, Tri> members;  // number of the condition -> elements
  size_t touched = 0;             // the last update that changed members, or conditions
};
using PortSetPtr = std::shared_ptr<const PortSet>;

// Elements that are looked at again; as words of sets, and where they are.
struct Renewed {
  Renewed(std::vector<size_t> elements_renewed, const AddressSpace& addresses);
  std::vector<size_t> elements;  // ascending
  std::vector<std::pair<size_t, uint64_t>> words;
  AddressSpace::Hull hull;
};

// What changed for sets: in the state, and of the address space.
struct SetUpdate {
  size_t number = 0;  // counts updates
  const Changes& changes;
  const Renewed& renewed;  // elements that are not what they were
};

// All of one IP version. Sets are made when first asked for; the state must outlive them.
class ElementSets {
 public:
  // `endpoints` are those that the address space numbers.
  ElementSets(const ClusterState& state, const UnknownLabels& unknown,
              const std::vector<EndpointInfo>& endpoints, const AddressSpace& addresses,
              HeaderSpace& headers)
      : state_(state),
        unknown_(unknown),
        endpoints_(endpoints),
        addresses_(addresses),
        headers_(headers) {}

  // The addresses of one side of a rule; null: any.
  ElementSetPtr addresses_of(const msg::RuleMatchSide& side);
  PortSetPtr ports(Symbol ip_set, bool source);
  ElementSetPtr on_host(Symbol host);  // its endpoints

  // Brings all sets up to date; adds the elements whose membership in any may have changed.
  void update(const SetUpdate& update, Bits& dirty);
  // The sets that the last update touched, each an ElementSet or PortSet.
  const std::vector<const void*>& touched() const { return touched_; }
  // Fills every set's column with the membership of these elements.
  void look_at(const ElementColumn& elements);

 private:
  // What nets and sets together say: in one of the nets, in all sets, in none of the others.
  struct Combined : ElementSet {
    std::vector<Cidr> nets, not_nets;
    std::vector<ElementSetPtr> sets, not_sets;
  };
  struct IpSetElements : ElementSet {
    bool hosts_only = true;  // no member is wider than an address
  };

  ElementSetPtr ip_set(Symbol id);
  const std::vector<msg::IpSetMember>& members_of(Symbol id) const;
  void fill(Symbol id, IpSetElements& set) const;
  void fill(Symbol id, bool source, PortSet& set);
  void fill(Combined& set) const;
  Verdict verdict(const std::vector<msg::IpSetMember>& members, const IpSetElements& set,
                  size_t element) const;
  Verdict verdict(const Combined& set, size_t element) const;
  Verdict on_host(Symbol host, size_t element) const;
  struct HostSpan {  // from the first single address to the last; none: there are none
    std::optional<Cidr> first, last;
  };
  HostSpan span_of(const Renewed& renewed) const;
  void renew(const std::vector<msg::IpSetMember>& members, const SetUpdate& update,
             const HostSpan& span, IpSetElements& set);
  void touch(ElementSet& set, size_t update);
  void touch(PortSet& set, size_t update);
  void update_ip_sets(const SetUpdate& update, Bits& dirty);
  void update_port_sets(const SetUpdate& update, Bits& dirty);
  void update_combined(const SetUpdate& update, const Bits& dirty);
  void add_untold(Symbol id, Tri& set) const;
  void add_untold_ports(Symbol id, bool source, PortSet& set);
  void put(ElementSet& set, size_t element, Verdict verdict, size_t update);
  void take_out(ElementSet& set, const Renewed& elements, size_t update);
  template <class Each>
  void for_each_untold(const Selector& selector, Each each) const;

  const ClusterState& state_;
  const UnknownLabels& unknown_;
  const std::vector<EndpointInfo>& endpoints_;
  const AddressSpace& addresses_;
  HeaderSpace& headers_;
  std::map<Symbol, std::shared_ptr<IpSetElements>> ip_sets_;
  std::map<std::pair<Symbol, bool>, std::shared_ptr<PortSet>> port_sets_;
  std::map<Symbol, std::shared_ptr<ElementSet>> on_host_;
  std::vector<std::shared_ptr<Combined>> combined_;
  std::vector<const void*> touched_;
};

}  // namespace felixsim::reach
