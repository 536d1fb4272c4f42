// SPDX-License-Identifier: Apache-2.0
// What a capture tells of a node's host: whatever else its files hold is left out and noted.
#include "sim/analysis/verify/captured_host.h"

#include <nlohmann/json.hpp>

#include "model/kernel/host_action.h"
#include "sim/analysis/verify/node_capture.h"

using namespace felixsim;

namespace {

const std::map<std::string, std::string> files{
    {"ip-link.txt",
     "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group "
     "default qlen 1000\\    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
     "2: ens5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc mq state UP mode DEFAULT group "
     "default qlen 1000\\    link/ether 06:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0 "
     "minmtu 68 maxmtu 9216 numtxqueues 4 parentbus pci\n"
     "3: kube-ipvs0: <BROADCAST,NOARP> mtu 1500 qdisc noop state DOWN mode DEFAULT group "
     "default \\    link/ether ee:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff promiscuity 0 \\    dummy \n"
     "4: tunl0@NONE: <NOARP> mtu 1480 qdisc noop state DOWN mode DEFAULT group default qlen "
     "1000\\    link/ipip 0.0.0.0 brd 0.0.0.0\n"
     "5: cali123@if3: <BROADCAST,MULTICAST> mtu 1450 qdisc noqueue state DOWN mode DEFAULT group "
     "default \\    link/ether ee:ee:ee:ee:ee:ee brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity "
     "0 \\    veth "
     "\n"},
    {"ip-addr.txt",
     "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n"
     "2: ens5    inet 10.0.3.4/20 metric 100 brd 10.0.15.255 scope global dynamic ens5\\  x\n"
     "2: ens5    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever\n"
     "7: gone    inet 1.2.3.4/20 scope global gone\\  x\n"},
    {"sysctl.txt",
     "net.ipv4.conf.default.rp_filter = 1\nnet.ipv4.conf.ens5.rp_filter = 2\nvm.x = 5\n"},
    {"kernel-abilities.txt", "ipip yes\nwireguard no\ndummy no\nip_vs unknown\n"},
    {"felix-environment.txt", "FELIX_LOGSEVERITYSCREEN=Info\nFELIX_VXLANMTU=1400=x\nrubbish\n"},
    {"felix-cfg.txt", "[global]\nIpInIpMtu = 1400\n"},
    {"MANIFEST.txt", "ok\n"},
    {"ipset-save.txt", ""}};

}  // namespace

TEST_CASE("a host is read from what a node prints of itself") {
  const auto host = read_captured_host(files);
  REQUIRE(host);
  const auto facts = nlohmann::json::parse(host->facts)["facts"];
  CHECK(facts["interfaces"].size() == 3);
  CHECK(facts["interfaces"][0].dump() ==
        R"({"addresses":["10.0.3.4/20"],"kind":"device","mac":"06:00:00:00:00:01","mtu":9001,)"
        R"("name":"ens5","up":true})");
  CHECK(facts["kernel"]["lacks"].dump() == R"(["wireguard"])");
  CHECK(facts["sysctls"].dump() == R"({"net.ipv4.conf.default.rp_filter":"1"})");
  CHECK(host->interfaces.contains("cali123"));
  CHECK(host->environment ==
        std::vector<std::pair<std::string, std::string>>{{"FELIX_LOGSEVERITYSCREEN", "Info"},
                                                         {"FELIX_VXLANMTU", "1400=x"}});
  CHECK(host->felix_cfg == "[global]\nIpInIpMtu = 1400\n");
  CHECK(host->notes ==
        std::vector<std::string>{"2 lines of interfaces and addresses are not understood"});
  SimulatedKernel kernel;
  const auto done = apply_host_action(kernel, host->facts);
  if (!done) FAIL(done.error().message);
  CHECK(kernel.state().links.at("ens5").mtu_bytes == 9001);
  CHECK(kernel.state().links.contains("kube-ipvs0"));
  const auto capture = read_node_capture(files);
  REQUIRE(capture);
  CHECK(capture->unread.empty());
}

TEST_CASE("without interfaces nothing is known of a host") {
  CHECK(
      !read_captured_host({{"ip-addr.txt", "rubbish"}, {"felix-environment.txt", "FELIX_A=b\n"}}));
  CHECK(!read_captured_host({{"ip-link.txt", "rubbish\n"}}));
}
