// SPDX-License-Identifier: Apache-2.0
// The address space of one IP version, cut into elements: an address of an endpoint, or a range of
// the world outside that no net named by a rule or set divides. Elements keep their numbers when
// others come and go; numbers of those that went are used again.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "felixsim/ip.h"
#include "model/calc/calc_hash.h"
#include "sim/analysis/reach/bits.h"

namespace felixsim::reach {

__extension__ using Number = unsigned __int128;  // an address, as a number
Number number_of(const Ip& ip);
Ip ip_of(Number number, IpFamily family);

struct Element {
  Number first = 0, last = 0;
  int endpoint = -1;     // an index that the caller chose; -1: the world
  bool unknown = false;  // the endpoint has no address yet; this one only stands for it
  bool vacant = false;   // a number that nothing has
};

class AddressSpace {
 public:
  explicit AddressSpace(IpFamily family);

  // Changes; build() makes them good.
  size_t add_endpoint(int endpoint, const Ip& address, bool unknown);  // its element
  void remove_endpoint(size_t element);
  void renumber_endpoint(size_t element, int endpoint) { elements_[element].endpoint = endpoint; }
  // One thing more, or less, names this net. An endpoint's own address divides nothing.
  void add_net(const Cidr& net) { count_net(net, 1); }
  void remove_net(const Cidr& net) { count_net(net, -1); }
  // Where addresses that are not known may be; of none of this IP version: anywhere, but for
  // link-local ones, of which Calico makes no pool (libcalico-go/lib/clientv3/ippool.go).
  void set_pools(const std::vector<Cidr>& pools);
  // A piece of the world begins here, whatever is named.
  void add_cut(Number start) { count_start(start, 1); }
  // Cuts anew where something changed. The elements that are not what they were, ascending.
  std::vector<size_t> build();

  const std::vector<Element>& elements() const { return elements_; }
  size_t size() const { return elements_.size(); }  // a multiple of 64: some are vacant
  const Bits& live() const { return live_; }        // those that are not vacant
  // In order of addresses; of one address, in that of endpoints.
  const std::vector<size_t>& endpoints() const { return endpoints_; }
  const std::vector<size_t>& world() const { return world_; }
  // By endpoint and address, then the world.
  std::vector<size_t> in_order() const;
  std::vector<Number> cuts() const;
  IpFamily family() const { return family_; }

  // Adds the elements inside `net`. Of an endpoint without address one cannot tell, unless all
  // pools are inside, or all outside.
  void mark(const Cidr& net, Tri& out) const;
  // The same for one element.
  Verdict inside(const Cidr& net, size_t element) const;
  // From the first address of elements to the last: a net that does not meet it has none of them.
  // One whose address is not known may be anywhere.
  struct Hull {
    Number first = ~Number{0}, last = 0;
  };
  Hull hull_of(const std::vector<size_t>& elements) const;
  bool meets(const Cidr& net, const Hull& hull) const;

  std::optional<size_t> element_of(const Ip& ip) const;

  // "198.18.0.0/16", "10.0.0.1-10.0.0.4": ranges that touch become one.
  std::vector<std::string> range_texts(const std::vector<size_t>& elements) const;

 private:
  struct HostUse {
    uint32_t nets = 0, endpoints = 0;
    bool cuts() const { return nets > 0 && endpoints == 0; }
  };
  struct Range {
    Number first, last;
  };
  Range range_of(const Cidr& net) const;
  Verdict untold_inside(const Cidr& net) const;  // an address that is not known
  std::string range_text(const Range& range) const;
  void count_net(const Cidr& net, int by);
  void count_host(const Ip& ip, int nets, int endpoints);
  void count_range(const Range& range, int by);
  void count_start(Number start, int by);
  size_t take(const Element& element);
  void vacate(size_t element);
  void sort_endpoints();
  void cut_world();
  std::vector<Range> pieces() const;
  template <class Each>
  void for_each_inside(const std::vector<size_t>& sorted, const Range& range, Each each) const;

  IpFamily family_;
  std::vector<Element> elements_;
  Bits live_;
  std::vector<size_t> vacant_;  // numbers to use again
  std::vector<size_t> endpoints_, world_;
  size_t sorted_ = 0;  // so many of endpoints_ are in order
  std::vector<size_t> unknown_;
  std::vector<Range> pools_;
  std::map<Number, uint32_t> starts_;  // of pieces of the world -> how many want them
  absl::flat_hash_map<Ip, HostUse> hosts_;
  std::vector<size_t> changed_;
  bool endpoints_changed_ = true, starts_changed_ = true;
};

}  // namespace felixsim::reach
