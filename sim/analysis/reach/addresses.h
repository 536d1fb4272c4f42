// SPDX-License-Identifier: Apache-2.0
// The address space of one IP version, cut into elements: an address of an endpoint, or a range of
// the world outside that no net named by a rule or set divides.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "felixsim/ip.h"
#include "sim/analysis/reach/bits.h"

namespace felixsim::reach {

__extension__ using Number = unsigned __int128;  // an address, as a number
Number number_of(const Ip& ip);
Ip ip_of(Number number, IpFamily family);

struct Element {
  Number first = 0, last = 0;
  int endpoint = -1;     // an index that the caller chose; -1: the world
  bool unknown = false;  // the endpoint has no address yet; this one only stands for it
};

class AddressSpace {
 public:
  explicit AddressSpace(IpFamily family) : family_(family) {}

  void add_endpoint(int endpoint, const Ip& address, bool unknown);
  // A net that something names. Adding the first one ends the adding of endpoints.
  void add_net(const Cidr& net);
  // A piece of the world begins here.
  void add_cut(Number start) { starts_.push_back(start); }
  void build();
  const std::vector<Number>& cuts() const { return starts_; }

  // Endpoints' addresses first, then the world; both in order of addresses.
  const std::vector<Element>& elements() const { return elements_; }
  size_t size() const { return elements_.size(); }
  size_t endpoints() const { return endpoints_; }
  IpFamily family() const { return family_; }

  // Adds the elements inside `net`. Of an endpoint without address one cannot tell.
  void mark(const Cidr& net, Tri& out) const;

  std::optional<size_t> element_of(const Ip& ip) const;

  // "198.18.0.0/16", "10.0.0.1-10.0.0.4": ranges that touch become one.
  std::vector<std::string> range_texts(const std::vector<size_t>& elements) const;

 private:
  void sort_endpoints();

  IpFamily family_;
  std::vector<Element> elements_;
  std::vector<Number> starts_;  // of pieces of the world
  std::vector<size_t> unknown_;
  size_t endpoints_ = 0;
  bool sorted_ = false;
};

}  // namespace felixsim::reach
