// SPDX-License-Identifier: Apache-2.0
#include "model/rules/rules_config.h"

#include "model/config/config.h"

using namespace felixsim;
using namespace felixsim::rules;

namespace {

Result<RulesConfig> derive(const StringMap& raw, bool ipvs = false,
                           Dialect dialect = Dialect::iptables) {
  Config config;
  REQUIRE(config.set_source(ConfigSource::environment, raw).has_value());
  msg::Encapsulation encapsulation;
  encapsulation.vxlan_enabled = true;
  return derive_rules_config(config, encapsulation, ipvs, dialect);
}

}  // namespace

TEST_CASE("an unconfigured Felix has the documented defaults") {
  const auto c = derive({}).value();
  CHECK(c.workload_interface_prefixes == std::vector<std::string>{"cali"});
  CHECK(c.endpoint_to_host == Verdict::drop);
  CHECK(c.filter_allow == Verdict::accept);
  CHECK(c.filter_deny == Verdict::drop);
  CHECK(c.blocked_cidrs == Verdict::drop);
  CHECK(c.failsafe_inbound.size() == 9);
  CHECK(c.failsafe_inbound[0] == ProtoPort{"tcp", 22, ""});
  CHECK(c.vxlan_enabled);
  CHECK_FALSE(c.ipip_enabled);
  CHECK_FALSE(c.nat_port_range);
  CHECK_FALSE(c.nat_outgoing_address);
  CHECK_FALSE(c.kube_ipvs);
  CHECK(c.marks.accept == 0x10000);
  CHECK(c.marks.drop == 0x40000);
}

TEST_CASE("parameters reach the renderer") {
  const auto c = derive({{"NATPortRange", "1000:2000"},
                         {"NATOutgoingAddress", "192.0.2.1"},
                         {"NATOutgoingExclusions", "IPPoolsAndHostIPs"},
                         {"ServiceLoopPrevention", "Disabled"},
                         {"DefaultEndpointToHostAction", "RETURN"},
                         {"InterfacePrefix", "cali,tap"},
                         {"FailsafeInboundHostPorts", "none"},
                         {"LogActionRateLimit", "10/second"}})
                     .value();
  CHECK(c.nat_port_range == msg::PortRange{1000, 2000});
  CHECK(c.nat_outgoing_address == Ip::parse("192.0.2.1"));
  CHECK(c.nat_outgoing_excludes_hosts);
  CHECK_FALSE(c.blocked_cidrs);
  CHECK(c.endpoint_to_host == Verdict::return_);
  CHECK(c.workload_interface_prefixes == std::vector<std::string>{"cali", "tap"});
  CHECK(c.openstack);  // told by the prefix
  CHECK(c.failsafe_inbound.empty());
  CHECK(c.log_rate_limit == "10/second");
}

TEST_CASE("NFTablesMode Enabled, not the dialect, chooses which actions and wildcards hold") {
  const StringMap actions{{"IptablesFilterDenyAction", "REJECT"},
                          {"BPFForceTrackPacketsFromIfaces", "docker+"}};
  auto enabled = actions;
  enabled["NFTablesMode"] = "Enabled";
  CHECK(derive(actions, false, Dialect::nft)->filter_deny == Verdict::reject);
  CHECK(derive(enabled, false, Dialect::nft)->filter_deny == Verdict::drop);
  CHECK(derive(actions)->bpf_force_track_interfaces == std::vector<std::string>{"docker+"});
  CHECK(derive(enabled)->bpf_force_track_interfaces == std::vector<std::string>{"docker*"});
}

TEST_CASE("ipvs needs the interface and no eBPF, and takes a mark") {
  const auto c = derive({}, true).value();
  CHECK(c.kube_ipvs);
  CHECK(c.marks.non_cali_endpoint != 0);
  CHECK_FALSE(derive({{"BPFEnabled", "true"}}, true)->kube_ipvs);
}

TEST_CASE("too few mark bits are an error") {
  CHECK_FALSE(derive({{"IptablesMarkMask", "0x3"}, {"NFTablesMode", "Disabled"}}).has_value());
}

TEST_CASE("FeatureDetectOverride takes features away, by their exact names and in Go's booleans") {
  struct Case {
    std::string name, given;
    Features want;
  };
  for (const auto& c : {
           Case{"nothing is overridden", "", {true, true, true, true}},
           Case{"one", "MASQFullyRandom=false", {true, false, true, true}},
           Case{"all",
                "SNATFullyRandom=0,MASQFullyRandom=F,NFLogSize=False,RestoreSupportsLock=f",
                {false, false, false, false}},
           Case{"another case is another name", "masqfullyrandom=false", {true, true, true, true}},
           Case{"no is no boolean", "MASQFullyRandom=no", {true, true, true, true}},
           Case{"unknown flags are ignored", "Nonsense=false", {true, true, true, true}},
       })
    DYNAMIC_SECTION(c.name) {
      CHECK(derive({{"FeatureDetectOverride", c.given}})->features == c.want);
    }
}
