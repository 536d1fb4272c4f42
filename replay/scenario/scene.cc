// SPDX-License-Identifier: Apache-2.0
#include "replay/scenario/scene.h"

#include <nlohmann/json.hpp>

#include "felixsim/ip.h"

namespace felixsim {
namespace {

constexpr const char* gateway = "172.16.0.254";

}  // namespace

std::string scene_ip(int number) { return fmt::format("172.16.{}.{}/24", 0, number); }
std::string scene_ip6(int number) { return fmt::format("fd00:16::{:x}/64", number); }
std::string scene_mac(int number) {
  return fmt::format("02:00:ac:10:{:02x}:{:02x}", number / 256, number % 256);
}

std::map<std::string, std::string> scene_environment(const std::string& node) {
  return {{"DATASTORE_TYPE", "etcdv3"},
          {"FELIX_DATASTORETYPE", "etcdv3"},
          {"FELIX_ENDPOINTSTATUSPATHPREFIX", "/var/run/calico"},
          {"FELIX_FELIXHOSTNAME", node},
          {"FELIX_HEALTHENABLED", "true"},
          {"FELIX_IPTABLESBACKEND", "NFT"},
          {"FELIX_IPV6SUPPORT", "true"},
          {"FELIX_LOGFILEPATH", "none"},
          {"FELIX_LOGSEVERITYFILE", "none"},
          {"FELIX_LOGSEVERITYSCREEN", "info"},
          {"FELIX_LOGSEVERITYSYS", "none"},
          {"FELIX_MTUIFACEPATTERN", "^eth0$"},
          {"FELIX_REPORTINGINTERVALSECS", "5"},
          {"FELIX_USAGEREPORTINGENABLED", "false"},
          {"FELIX_XDPENABLED", "false"}};
}

std::string scene_facts(int number, const std::string& ip, const std::string& ip6,
                        const std::vector<std::string>& kernel_lacks) {
  using nlohmann::json;
  json addresses = json::array();
  for (const std::string& address : {ip, ip6})
    if (!address.empty()) addresses.push_back(address);
  const json loopback = {{"name", "lo"}, {"up", true}};
  const json eth0 = {{"name", "eth0"}, {"kind", "veth"}, {"mac", scene_mac(number)},
                     {"mtu", 1500},    {"up", true},     {"addresses", addresses}};
  json facts = {{"interfaces", json::array({loopback, eth0})},
                {"routes", json::array()},
                {"sysctls", {{"net.ipv4.ip_forward", "1"}, {"net.ipv6.conf.all.forwarding", "1"}}},
                {"kernel", {{"lacks", kernel_lacks}}}};
  const auto prefix = IpPrefix::parse(ip);
  if (prefix && prefix->network().contains(*Ip::parse(gateway)))
    facts["routes"].push_back(fmt::format("default via {} dev eth0", gateway));
  return facts.dump();
}

}  // namespace felixsim
