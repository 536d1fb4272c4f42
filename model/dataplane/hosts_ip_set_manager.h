// SPDX-License-Identifier: Apache-2.0
// The IP set of all hosts' addresses, kept with IPIP or where NAT-outgoing spares hosts. Mirrors
// felix/dataplane/linux/ipset_hosts_mgr.go of v3.32.1.
#pragma once

#include <map>
#include <vector>

#include "felixsim/messages.h"
#include "model/dataplane/ip_sets.h"

namespace felixsim {

class HostsIpSetManager {
 public:
  // `external_cidrs`: other sources that may send IPIP; IPv4 only.
  HostsIpSetManager(IpFamily family, IpSets& ip_sets, std::vector<Cidr> external_cidrs)
      : family_(family), ip_sets_(ip_sets), external_cidrs_(std::move(external_cidrs)) {}

  void on_host(const msg::HostMetadataV4V6Update& update);
  void on_host_removed(const msg::HostMetadataV4V6Remove& removed);
  // The same for Felix v3.28, which knows hosts by their host IPs.
  void on_host_ip(Symbol host, std::string_view address);  // empty: removed
  void complete();

 private:
  IpFamily family_;
  IpSets& ip_sets_;
  std::vector<Cidr> external_cidrs_;
  std::map<Symbol, Ip> hosts_;
  bool dirty_ = true;
};

}  // namespace felixsim
