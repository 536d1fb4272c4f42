// SPDX-License-Identifier: Apache-2.0
// felixsim verify as a person runs it: recorded kernels show no drift against their prediction;
// real tables that were broken after they had been programmed do, and the drift is named.
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "run_binary.h"

using cli_test::felixsim;
using cli_test::Outcome;
using cli_test::shell;

namespace {

namespace fs = std::filesystem;

const std::string recordings = "tests/vectors/recording/";
const std::string capture_script = fs::absolute("replay/capture/capture-node.sh").string();

struct Scratch {
  fs::path path = fs::temp_directory_path() / ("felixsim-verify-" + std::to_string(getpid()));
  Scratch() { fs::create_directories(path); }
  ~Scratch() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
  }
};

bool has(const Outcome& outcome, const std::string& part) {
  return outcome.text.find(part) != std::string::npos;
}

// Makes a network namespace out of itself with the predicted state of a node in it, then does
// `breakage` there and captures it.
const char* const fly_for_real = R"(set -e
ip link set lo up
ip link add eth0 type veth peer name eth0p
ip addr add 172.16.0.1/24 dev eth0
ip link set eth0p up
ip link set eth0 up
ip route add default via 172.16.0.254 dev eth0
for iface in $(sed -n 's/^[0-9.]* dev \(cali[0-9a-z]*\) .*/\1/p' routes | sort -u); do
  ip link add $iface type veth peer name x${iface#c}
  ip link set x${iface#c} up
  ip link set $iface up
done
ipset restore < ipsets
iptables-nft-restore < iptables
ip6tables-nft-restore < ip6tables
nft -f arp
grep -v 'table local\|proto kernel\|^default\|vxlan' routes | while read -r route; do
  ip route replace $route
done
sed -n 's/^\(net.*[.]\(conf\|neigh\)[.]cali.*\) = /\1 /p' sysctls | while read -r name value; do
  [ -z "$value" ] || echo $value > /proc/sys/$(echo $name | tr . /)
done
eval "$1"
sh "$2" node.tar
)";

Outcome fly(const Scratch& scratch, const std::string& breakage) {
  scratch.write("breakage", breakage);
  return shell(fmt::format("cd {} && unshare -n sh fly.sh \"$(cat breakage)\" {}",
                           scratch.path.string(), capture_script));
}

}  // namespace

TEST_CASE("one file that a tool printed is a capture of its own") {
  const std::string folder = recordings + "vxlan-two-nodes";
  const auto outcome = felixsim("verify " + folder + " --node node-a --at step:3 --against " +
                                folder + "/step-03/node-a/iptables-save.txt");
  INFO(outcome.text);
  CHECK(outcome.code == 0);
  CHECK(has(outcome, "node-a: no drift (compared: iptables)"));
}

TEST_CASE("a recorded kernel shows no drift against its prediction, at every step") {
  for (const std::string name :
       {"vxlan-two-nodes", "single-node-profiles", "kube-ipvs-nftables", "named-ports-and-sets"}) {
    for (int step = 0; fs::exists(fmt::format("{}{}/step-{:02}", recordings, name, step)); ++step) {
      for (const auto& node :
           fs::directory_iterator(fmt::format("{}{}/step-{:02}", recordings, name, step))) {
        if (!node.is_directory()) continue;
        const auto outcome = felixsim(fmt::format("verify {}{} --node {} --at step:{} --against {}",
                                                  recordings, name, node.path().filename().string(),
                                                  step, node.path().string()));
        INFO(name << " step " << step << "\n" << outcome.text);
        CHECK(outcome.code == 0);
        CHECK(has(outcome, ": no drift (compared: "));
      }
    }
  }
}

TEST_CASE("another moment's kernel is named drift by drift, as text and as JSON") {
  const std::string arguments = "verify " + recordings +
                                "single-node-profiles --node node-a --at step:0 --against " +
                                recordings + "single-node-profiles/step-01/node-a";
  const auto text = felixsim(arguments);
  CHECK(text.code == 1);
  CHECK(has(text, "  cause: "));
  const auto json = felixsim(arguments + " --json");
  CHECK(json.code == 1);
  CHECK(has(json, "\"schema\": 1"));
  CHECK(has(json, "\"kind\": "));
  CHECK(has(json, "\"not_captured\""));
}

TEST_CASE("WireGuard's peers are compared: what show prints verifies, a changed address does not") {
  const Scratch scratch;
  const std::string moment = "scenarios/13_wireguard.yaml --node node-a --at step:0";
  const auto shown = felixsim("show " + moment + " --what wireguard");
  REQUIRE(shown.code == 0);
  scratch.write("wg-show.txt", shown.text);
  const std::string verify = "verify " + moment + " --against " + scratch.path.string();
  CHECK(felixsim(verify).code == 0);
  std::string changed = shown.text;
  const std::string port = "172.16.0.2:51820";
  REQUIRE(changed.find(port) != std::string::npos);
  changed.replace(changed.find(port), port.size(), "172.16.0.9:51820");
  scratch.write("wg-show.txt", changed);
  const auto outcome = felixsim(verify);
  CHECK(outcome.code == 1);
  CHECK(has(outcome, "changed-peer"));
  CHECK(has(outcome, "  + endpoint: 172.16.0.9:51820"));
}

TEST_CASE("trouble with a capture is told with place, fact and fix, and exit code 2") {
  const Scratch scratch;
  fs::create_directories(scratch / "empty");
  fs::create_directories(scratch / "bad");
  scratch.write("bad/ipset-save.txt", "create a hash:net\nrubbish\n");
  scratch.write("rubbish.tar", "rubbish");
  const std::string verify =
      "verify " + recordings + "single-node-profiles --node node-a --against ";
  for (const auto& [against, fact] :
       std::map<std::string, std::string>{{"nowhere", "there is no such folder or archive"},
                                          {scratch / "empty", "no file of the capture has a name"},
                                          {scratch / "bad", "ipset-save.txt:2: "},
                                          {scratch / "rubbish.tar", "this is no tar archive"}}) {
    const auto outcome = felixsim(verify + against);
    INFO(outcome.text);
    CHECK(outcome.code == 2);
    CHECK(outcome.text.rfind("error: " + against, 0) == 0);
    CHECK(has(outcome, fact));
    CHECK(has(outcome, "  help: "));
  }
}

TEST_CASE("an archive of two captures is refused, not mixed") {
  const Scratch scratch;
  const std::string folder = recordings + "vxlan-two-nodes/step-00";
  REQUIRE(
      shell(fmt::format("tar -cf {}/two.tar -C {} node-a node-b", scratch.path.string(), folder))
          .code == 0);
  const auto outcome = felixsim("verify " + recordings +
                                "vxlan-two-nodes --node node-a --against " + scratch / "two.tar");
  INFO(outcome.text);
  CHECK(outcome.code == 2);
  CHECK(has(outcome, "two files named"));
}

TEST_CASE(
    "a file of a capture that cannot be opened is an error, not a part that was not captured") {
  const Scratch scratch;
  fs::copy(recordings + "single-node-profiles/step-00/node-a", scratch.path / "c");
  fs::remove(scratch.path / "c/iptables-save.txt");
  for (const char* const command : {"ln -s nowhere", "ln -s iptables-save.txt", "mkfifo"})
    DYNAMIC_SECTION(command) {
      REQUIRE(shell(fmt::format("cd {} && {} iptables-save.txt", scratch / "c", command)).code ==
              0);
      const auto outcome = felixsim(
          "verify " + recordings + "single-node-profiles --node node-a --against " + scratch / "c");
      INFO(outcome.text);
      CHECK(outcome.code == 2);
      CHECK(has(outcome, "iptables-save.txt: "));
    }
}

TEST_CASE("what capture-node.sh collects in a real namespace verifies, and breakage is named") {
  if (geteuid() != 0 || shell("unshare -n true").code != 0) {
    WARN("skipped: making a network namespace needs root");
    return;
  }
  const Scratch scratch;
  const std::string recording = recordings + "single-node-profiles";
  const std::string of_node = " --node node-a --at step:1";
  for (const std::string what : {"routes", "ipsets", "iptables", "ip6tables", "arp", "sysctls"})
    scratch.write(what, felixsim("show " + recording + of_node + " --what " + what).text);
  scratch.write("fly.sh", fly_for_real);
  const auto verify = [&] {
    return felixsim("verify " + recording + of_node + " --against " + (scratch / "node.tar"));
  };
  {
    const auto flown = fly(scratch, "true");
    INFO(flown.text);
    REQUIRE(flown.code == 0);
    const auto outcome = verify();
    INFO(outcome.text);
    CHECK(outcome.code == 0);
    CHECK(has(outcome, "node-a: no drift"));
  }
  struct Breakage {
    std::string command;
    std::vector<std::string> drifts;
  };
  const std::vector<Breakage> breakages{
      {"iptables-nft -D cali-FORWARD 1\n"
       "ipset add $(ipset list -n | grep cali40 | head -1) 9.9.9.9\n"
       "iptables-nft -I FORWARD -s 9.9.9.9 -j DROP\n"
       "iptables-nft -N cali-tw-gone\n"
       "ip route del $(ip route | grep -o '^[0-9.]* dev cali[0-9a-z]*' | head -1)\n"
       "echo 0 > /proc/sys/net/ipv4/conf/cali00000001001/proxy_arp\n"
       "nft delete table arp calico-arp",
       {"iptables filter/cali-FORWARD: missing-rule", ": extra-member",
        "iptables filter/FORWARD: foreign-rule-in-front", "filter/cali-tw-gone: stale-chain",
        "routes table main: lost-route", "sysctls cali00000001001: changed-sysctl",
        "arp arp calico-arp: missing-table", "7 drifts"}},
      {"ip link del $(ip -o link | grep -o 'cali[0-9a-z]*' | head -1)",
       {": lost-route", "is the interface there, and up?", "1 drift "}}};
  for (const auto& breakage : breakages) {
    const auto flown = fly(scratch, breakage.command);
    INFO(breakage.command << "\n" << flown.text);
    REQUIRE(flown.code == 0);
    const auto outcome = verify();
    INFO(outcome.text);
    CHECK(outcome.code == 1);
    for (const auto& drift : breakage.drifts) {
      INFO(drift);
      CHECK(has(outcome, drift));
    }
  }
}

TEST_CASE("a captured node tells of its own host: nobody writes facts by hand") {
  if (geteuid() != 0 || shell("unshare -n -p -f --mount-proc true").code != 0) {
    WARN("skipped: making network and process namespaces needs root");
    return;
  }
  struct Case {
    std::string name, variable, value, program;
  };
  const std::string input = recordings + "single-node-profiles/events.jsonl --node node-a";
  const std::string ipset_nft =
      "ipset restore < ipsets; iptables-nft-restore < iptables; "
      "ip6tables-nft-restore < ip6tables; nft -f arp";
  for (const auto& c : {
           Case{"nft", "FELIX_IPTABLESBACKEND", "NFT", ipset_nft},
           Case{"legacy", "FELIX_IPTABLESBACKEND", "legacy",
                "ipset restore < ipsets; iptables-legacy-restore < iptables; "
                "ip6tables-legacy-restore < ip6tables; nft -f arp"},
           Case{"nftables", "FELIX_NFTABLESMODE", "Enabled",
                "nft -f nft; grep -q 'table arp' nft || nft -f arp"},
       })
    DYNAMIC_SECTION(c.name) {
      const Scratch scratch;
      scratch.write(
          "host.json",
          fmt::format(R"({{"env": {{"{}": "{}"}}, "facts": {{"interfaces": [)"
                      R"({{"name": "eth0", "addresses": ["172.16.0.1/24"], "up": true}}]}}}})",
                      c.variable, c.value));
      for (const std::string what :
           {"routes", "ipsets", "iptables", "ip6tables", "arp", "nft", "sysctls"})
        scratch.write(what, shell(fmt::format("( {} show {} --host {} --what {} 2>/dev/null )",
                                              FELIXSIM_BINARY, input, scratch / "host.json", what))
                                .text);
      std::string script = fly_for_real;
      const size_t begin = script.find("ipset restore"), end = script.find("grep -v 'table local");
      script.replace(begin, end - begin, c.program + "\n");
      scratch.write("fly.sh", script);
      scratch.write("breakage",
                    fmt::format("cp $(command -v sleep) calico-node\n"
                                "env -i {}={} FELIX_TYPHAKEYFILE=/x ./calico-node 60 &\n"
                                "sleep 0.2",
                                c.variable, c.value));
      const auto flown = shell(
          fmt::format("cd {} && unshare -n -p -f --mount-proc sh fly.sh \"$(cat breakage)\" {}",
                      scratch.path.string(), capture_script));
      INFO(flown.text);
      REQUIRE(flown.code == 0);
      const auto outcome = felixsim("verify " + input + " --against " + (scratch / "node.tar"));
      INFO(outcome.text);
      // The predicted sets of the host's own addresses were another host's.
      for (const std::string kind : {"-table", "-chain", "-rule", "-set", "-route", "-sysctl"})
        CHECK_FALSE(has(outcome, ": missing" + kind));
      CHECK_FALSE(has(outcome, "stale-"));
      CHECK_FALSE(has(outcome, "changed-"));
      CHECK_FALSE(has(outcome, "lost-"));
      CHECK(has(outcome, "are those of the capture (MANIFEST.txt, felix-"));
      const std::string archive = scratch / "node.tar";
      CHECK(shell("tar -xOf " + archive + " --wildcards '*/felix-environment.txt'").text ==
            c.variable + "=" + c.value + "\n");
      // Without what the capture tells of Felix, the prediction is another.
      const auto other = felixsim("verify " + input + " --against " + archive + " --host " +
                                  (scratch.write("plain.json", "{}"), scratch / "plain.json"));
      // Which iptables Felix uses is found where Calico's chains are; what else is not.
      if (c.variable == "FELIX_IPTABLESBACKEND")
        CHECK_FALSE((has(other, ": stale-chain") || has(other, ": missing-chain")));
      else
        CHECK(other.code == 1);
    }
}

TEST_CASE("capture-node.sh works where tools are missing, and says which") {
  const Scratch scratch;
  fs::create_directories(scratch / "bin");
  for (const std::string tool :
       {"sh", "cat", "date", "uname", "id", "mkdir", "rm", "tr", "grep", "sed", "sort", "cp", "ip"})
    (void)shell(fmt::format("ln -s \"$(command -v {0})\" {1}/{0}", tool, scratch / "bin"));
  // A copy that looks for tools nowhere else.
  const auto run = [&](const std::string& shell_name) {
    return shell(fmt::format(
        "cd {0} && sed 's|^PATH=.*|PATH={0}/bin|' {1} > capture.sh && {2} capture.sh node.tar",
        scratch.path.string(), capture_script, shell_name));
  };
  for (const std::string name : {"dash", "bash --posix", "busybox sh"}) {
    if (shell(name + " -c true").code != 0) continue;
    const auto outcome = run(name);
    INFO(name << "\n" << outcome.text);
    CHECK(outcome.code == 0);
    CHECK(has(outcome, "missing  ipset-save.txt: there is no ipset on this node"));
    CHECK(has(outcome, "there is no tar: the capture is the folder node"));
    CHECK(fs::exists(scratch / "node/ip-route.txt"));
    CHECK_FALSE(fs::exists(scratch / "node/ipset-save.txt"));
    fs::remove_all(scratch / "node");
  }
}
