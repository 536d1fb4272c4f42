// SPDX-License-Identifier: Apache-2.0
#include "model/selector/ip_set_ids.h"

using namespace felixsim;

TEST_CASE("ids of IP sets are those of Felix") {
  const auto all = all_selector();
  CHECK(all->id().str() == "s:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug");
  CHECK(named_port_set_id(*all, named_port_protocol_none, "http") == all->id());
  CHECK(named_port_set_id(*all, 17, "a-very-long-port-name-x").str() ==
        "n:4YjKbO9HXoqNor55BVoVbT4_v4vqFgw6tQVdDw");
  CHECK(service_set_id("ns/", true).str() == "svc:dzmbgkvIVFNsvw13B-NsiyreYW3_1HiOyaY4EQ");
  CHECK(service_set_id("ns/", false).view().starts_with("svcnoport:"));
}

TEST_CASE("a named port's protocol is part of its set's id") {
  const auto all = all_selector();
  CHECK(named_port_set_id(*all, 6, "p") != named_port_set_id(*all, named_port_protocol_any, "p"));
  CHECK(named_port_protocol_text(132) == "sctp");
  CHECK(named_port_protocol_text(named_port_protocol_any) == "any");
}

TEST_CASE("the kernel's names of IP sets are cut to what it allows") {
  const std::string_view id = "s:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug";
  CHECK(ip_set_name(IpFamily::v4, id) == "cali40s:5y5I3VdRZfDU01O--xXAPx2");
  CHECK(ip_set_name(IpFamily::v6, id) == "cali60s:5y5I3VdRZfDU01O--xXAPx2");
  CHECK(ip_set_name(IpFamily::v4, "all-ipam-pools") == "cali40all-ipam-pools");
  CHECK(nft_set_name(IpFamily::v4, id) == "cali40s-5y5I3VdRZfDU01O--xXAPx2");
  CHECK(temporary_ip_set_name(IpFamily::v4, 0) == "cali4t0");
  CHECK(temporary_ip_set_name(IpFamily::v6, 17) == "cali6t17");
}
