// SPDX-License-Identifier: Apache-2.0
// Takes the messages one by one, as the dataplane does, and complains where one cannot be applied:
// a policy before its IP sets, an endpoint before its policies, a removal of what is still used.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "felixsim/messages.h"
#include "tests/conformance/folded_state.h"

namespace felixsim::calc {

class MockDataplane {
 public:
  void apply(const std::vector<msg::Message>& messages);
  const std::vector<std::string>& problems() const { return problems_; }
  const conform::FoldedState& state() const { return state_; }

 private:
  void take(const msg::IpSetUpdate& m) { ip_sets_.insert(m.id); }
  void take(const msg::IpSetDeltaUpdate& m);
  void take(const msg::IpSetRemove& m);
  void take(const msg::ActivePolicyUpdate& m);
  void take(const msg::ActivePolicyRemove& m);
  void take(const msg::ActiveProfileUpdate& m);
  void take(const msg::ActiveProfileRemove& m);
  void take(const msg::WorkloadEndpointUpdate& m);
  void take(const msg::WorkloadEndpointRemove& m);
  void take(const msg::HostEndpointUpdate& m);
  void take(const msg::HostEndpointRemove& m);
  template <class T>
  void take(const T&) {}

  using User = std::string;
  void uses_ip_sets(const User& user, const std::vector<msg::Rule>& inbound,
                    const std::vector<msg::Rule>& outbound);
  void uses_policies(const User& user, const std::vector<std::vector<msg::TierInfo>>& tiers,
                     const std::vector<Symbol>& profiles);
  void expect(bool holds, const std::string& problem);

  std::set<Symbol> ip_sets_, profiles_;
  std::set<PolicyKey> policies_;
  std::map<User, std::set<Symbol>> ip_sets_of_, profiles_of_;
  std::map<User, std::set<PolicyKey>> policies_of_;
  std::vector<std::string> problems_;
  conform::FoldedState state_;
};

}  // namespace felixsim::calc
