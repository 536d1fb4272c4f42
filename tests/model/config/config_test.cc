// SPDX-License-Identifier: Apache-2.0
#include "model/config/config.h"

#include "model/config/derived.h"
#include "model/config/go_text.h"
#include "model/config/marks.h"

using namespace felixsim;

namespace {

std::string parsed(const std::string& name, const std::string& raw) {
  Config config;
  const auto changed = config.set_source(ConfigSource::environment, {{name, raw}});
  if (!changed) return "dies";
  const auto problem = config.explain(name).problem;
  return problem.empty() ? value_text(config.value(name))
                         : "default: " + value_text(config.value(name));
}

}  // namespace

TEST_CASE("raw text becomes a value, the default, or Felix's death") {
  struct Case {
    std::string name, parameter, raw, want;
  };
  for (const auto& c : {
           Case{"booleans have many words", "BPFEnabled", "YES", "true"},
           Case{"other words leave the default", "Ipv6Support", "enabled", "default: true"},
           Case{"integers may be octal", "DeviceRouteProtocol", "0o120", "80"},
           Case{"seconds have fractions", "RouteRefreshInterval", "1.5", "1.5s"},
           Case{"seconds have no unit", "RouteRefreshInterval", "90s", "default: 90s"},
           Case{"options are found in any case", "ChainInsertMode", "APPEND", "append"},
           Case{"some parameters must be right", "ChainInsertMode", "top", "dies"},
           Case{"none is the zero value", "FailsafeInboundHostPorts", "none", "none"},
           Case{"none is not for all", "InterfacePrefix", "None", "dies"},
           Case{"failsafe ports have a protocol and a net", "FailsafeInboundHostPorts",
                "22, udp:[fd00::1/8]:53", "tcp:22,udp:[fd00::/8]:53"},
           Case{"a mask needs two bits", "IptablesMarkMask", "0x8", "dies"},
           Case{"etcd's URLs become canonical", "EtcdEndpoints", "HTTP://a:1,http://b:2/",
                "http://a:1/,http://b:2/"},
           Case{"DSCP marks have names", "IstioDSCPMark", "af11", "AF11"},
           Case{"files must exist", "EtcdCaFile", "/nowhere", "default: "},
           Case{"interfaces may be regular expressions", "InterfaceExclude", "/^veth.*/,docker0",
                "^veth.*,^docker0$"},
       })
    DYNAMIC_SECTION(c.name) { CHECK(parsed(c.parameter, c.raw) == c.want); }
}

TEST_CASE("a higher source wins, and taking it back brings the lower one out again") {
  Config config;
  const auto changed = [&](ConfigSource source, const StringMap& raw) {
    const auto names = config.set_source(source, raw);
    REQUIRE(names);
    return *names;
  };
  CHECK(changed(ConfigSource::datastore_global, {{"LogPrefix", "global"}}) ==
        std::vector<std::string>{"LogPrefix"});
  CHECK(changed(ConfigSource::file, {{"logprefix", "file"}}).size() == 1);
  CHECK(changed(ConfigSource::datastore_host, {{"LogPrefix", "host"}}).empty());
  CHECK(config.text("LogPrefix") == "file");
  const auto why = config.explain("LogPrefix");
  CHECK(why.source == ConfigSource::file);
  CHECK(why.overridden ==
        std::vector<std::pair<ConfigSource, std::string>>{
            {ConfigSource::datastore_host, "host"}, {ConfigSource::datastore_global, "global"}});
  CHECK(changed(ConfigSource::file, {}).size() == 1);
  CHECK(config.text("LogPrefix") == "host");
}

TEST_CASE("local parameters do not come from the datastore, unknown ones are kept and told") {
  Config config;
  REQUIRE(config.set_source(ConfigSource::datastore_global,
                            {{"EtcdAddr", "x:1"}, {"Unheard", "of"}, {"LogPrefix", ""}}));
  CHECK(config.text("EtcdAddr") == "127.0.0.1:2379");
  CHECK(config.raw_values() == StringMap{{"Unheard", "of"}});
  CHECK(config.warnings().size() == 2);
}

TEST_CASE("a fatal value leaves the configuration as it was, whatever its priority") {
  Config config;
  REQUIRE(config.set_source(ConfigSource::environment, {{"ChainInsertMode", "append"}}));
  CHECK_FALSE(config.set_source(ConfigSource::datastore_global, {{"ChainInsertMode", "x"}}));
  CHECK(config.text("ChainInsertMode") == "append");
  CHECK(config.raw_values(ConfigSource::datastore_global).empty());
}

TEST_CASE("a configuration travels as a message") {
  Config calc, dataplane;
  REQUIRE(calc.set_source(ConfigSource::environment, {{"LogPrefix", "e"}}));
  REQUIRE(
      calc.set_source(ConfigSource::datastore_global, {{"LogPrefix", "g"}, {"BPFEnabled", "1"}}));
  const auto changed = dataplane.apply(calc.config_update());
  REQUIRE(changed);
  CHECK(*changed == std::vector<std::string>{"BPFEnabled", "LogPrefix"});
  CHECK(dataplane.raw_values() == calc.raw_values());
}

TEST_CASE("only four parameters change without a restart") {
  int live = 0;
  for (const Parameter& parameter : parameters(FelixVersion::v3_32))
    live += change_needs_restart(parameter.name) ? 0 : 1;
  CHECK(live == 4);
  CHECK_FALSE(change_needs_restart("ClusterType"));
}

TEST_CASE("each version has its own parameters and defaults") {
  const Config old(FelixVersion::v3_28), now(FelixVersion::v3_32);
  CHECK_FALSE(old.knows("NFTablesMode"));
  CHECK(now.knows("nftablesmode"));
  CHECK(old.duration("IpsetsRefreshInterval").count == 10'000'000'000);
  CHECK(now.duration("IpsetsRefreshInterval").count == 90'000'000'000);
  CHECK(old.text("EndpointStatusPathPrefix").empty());
  const StringMap v6{{"ExternalNodesCIDRList", "fd00::/64"}};
  CHECK_FALSE(Config(FelixVersion::v3_28).set_source(ConfigSource::environment, v6));
  CHECK(Config(FelixVersion::v3_32).set_source(ConfigSource::environment, v6));
}

TEST_CASE("validation finds what is missing across parameters") {
  Config config(FelixVersion::v3_32, {"node-a", {"/ca"}});
  CHECK(config.validate());
  REQUIRE(config.set_source(ConfigSource::environment, {{"TyphaCAFile", "/ca"}}));
  CHECK_FALSE(config.validate());
  CHECK_FALSE(Config().validate());
}

TEST_CASE("mark bits are taken from the lowest, and v3.28 has no drop bit") {
  const auto now = allocate_mark_bits(Config(FelixVersion::v3_32), false);
  const auto old = allocate_mark_bits(Config(FelixVersion::v3_28), true);
  REQUIRE(now);
  REQUIRE(old);
  CHECK(*now == MarkBits{0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0, 0xffe00000, 0});
  CHECK(*old == MarkBits{0x10000, 0x20000, 0, 0x40000, 0x80000, 0, 0xfff00000, 0x100000});
}

TEST_CASE("too few mark bits are an error") {
  Config config;
  REQUIRE(config.set_source(ConfigSource::environment, {{"IptablesMarkMask", "0xf0000"}}));
  CHECK_FALSE(allocate_mark_bits(config, false));
}

TEST_CASE("regular expressions match anywhere") {
  CHECK(matches({"^((en|wl)[Pcopsvx].*|(eth).*)"}, "eth0"));
  CHECK_FALSE(matches({"^eth0$"}, "veth0"));
  CHECK(matches({"^(?<kind>eth)[?]"}, "eth?"));
  CHECK_FALSE(matches({R"(\(?<a)"}, "x"));
}

TEST_CASE("numbers, durations and URLs are Go's") {
  CHECK(go::parse_int("-0x_ff", 0) == -255);
  CHECK_FALSE(go::parse_int("1__0", 0));
  CHECK(go::parse_float("1_23.50_0_0e+1_2") == 1.235e14);
  CHECK(go::parse_float("0x1.8p1") == 3);
  CHECK_FALSE(go::parse_float("0x10"));
  CHECK_FALSE(go::parse_float("1e999"));
  CHECK(go::parse_float("1e-400") == 0);
  CHECK(go::parse_duration("1h3m2s") == 3'782'000'000'000);
  CHECK(go::parse_duration("-.5s") == -500'000'000);
  CHECK_FALSE(go::parse_duration("1d"));
  CHECK_FALSE(go::parse_duration("3000000h"));
  CHECK(go::canonical_endpoint("http:") == "http:///");
  CHECK(go::canonical_endpoint("http://[fe80::1%25eth0]:1") == "http://[fe80::1%25eth0]:1/");
  CHECK_FALSE(go::canonical_endpoint("127.0.0.1:2379"));
  CHECK_FALSE(go::canonical_endpoint("http://u@a:1"));
}
