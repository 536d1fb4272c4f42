// SPDX-License-Identifier: Apache-2.0
// The validator's rules for FelixConfiguration: the tags of felixconfig.go and
// validateFelixConfigSpec (libcalico-go/lib/validator/v3/validator.go).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "felixsim/ip.h"
#include "model/config/go_regexp.h"
#include "model/datastore/go_duration.h"
#include "model/datastore/json_fields.h"
#include "model/datastore/name_text.h"
#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_validation.h"

namespace felixsim {
namespace {

bool is_word_of(std::string_view text, std::string_view others, size_t most) {
  return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

// The field's text is one of a few, parted by '|'. A pointer in Go may point to an empty text.
struct Choice {
  std::string_view field, values;
  bool is_pointer = false;
};
constexpr std::string_view levels = "Trace|Debug|Info|Warning|Error|Fatal";
constexpr std::array choices{
    Choice{"logSeverityFile", levels},
    Choice{"logSeverityScreen", levels},
    Choice{"logSeveritySys", levels},
    Choice{"defaultEndpointToHostAction", "Drop|Accept|Return"},
    Choice{"iptablesFilterAllowAction", "Accept|Return"},
    Choice{"iptablesMangleAllowAction", "Accept|Return"},
    Choice{"nftablesFilterAllowAction", "Accept|Return"},
    Choice{"nftablesMangleAllowAction", "Accept|Return"},
    Choice{"iptablesFilterDenyAction", "Drop|Reject"},
    Choice{"nftablesFilterDenyAction", "Drop|Reject"},
    Choice{"iptablesBackend", "Auto|NFT|Legacy|", true},
    Choice{"prometheusMetricsClientAuth",
           "RequireAndVerifyClientCert|RequireAnyClientCert|VerifyClientCertIfGiven|NoClientCert",
           true},
    Choice{"natOutgoingExclusions", "IPPoolsOnly|IPPoolsAndHostIPs", true},
    Choice{"bpfJITHardening", "Auto|Strict", true},
    Choice{"bpfLogLevel", "Debug|Info|Off"},
    Choice{"bpfConntrackLogLevel", "Off|Debug"},
    Choice{"bpfConntrackMode", "Auto|Userspace|BPFProgram", true},
    Choice{"bpfConnectTimeLoadBalancing", "TCP|Enabled|Disabled", true},
    Choice{"bpfHostNetworkedNATWithoutCTLB", "Enabled|Disabled", true},
    Choice{"windowsManageFirewallRules", "Enabled|Disabled", true},
    Choice{"bpfExternalServiceMode", "Tunnel|DSR"},
    Choice{"bpfAttachType", "TC|TCX", true},
    Choice{"awsSrcDstCheck", "DoNothing|Enable|Disable", true},
    Choice{"serviceLoopPrevention", "Drop|Reject|Disabled"},
    Choice{"workloadSourceSpoofing", "Disabled|Any"},
};

bool is_among(std::string_view values, std::string_view text) {
  while (true) {
    const size_t end = std::min(values.find('|'), values.size());
    if (values.substr(0, end) == text) return true;
    if (end == values.size()) return false;
    values.remove_prefix(end + 1);
  }
}

struct Range {
  std::string_view field;
  int64_t low, high;
};
constexpr int64_t any = INT64_MAX;
constexpr std::array ranges{
    Range{"debugPort", 0, 65535},
    Range{"bpfKubeProxyHealthzPort", 0, 65535},
    Range{"bpfExtToServiceConnmark", 0, 4294967295},
    Range{"bpfMapSizeConntrackCleanupQueue", 1, any},
    Range{"ipv4NormalRoutePriority", 1, 2147483646},
    Range{"ipv4ElevatedRoutePriority", 1, 2147483646},
    Range{"ipv6NormalRoutePriority", 1, 2147483646},
    Range{"ipv6ElevatedRoutePriority", 1, 2147483646},
    Range{"wireguardListeningPort", 1, 65535},
    Range{"wireguardListeningPortV6", 1, 65535},
    Range{"wireguardRoutingRulePriority", 1, 32765},
    Range{"goGCThreshold", -1, any},
    Range{"goMemoryLimitMB", -1, any},
    Range{"goMaxProcs", -1, any},
    Range{"bpfMaglevMaxEndpointsPerService", 1, 3000},
    Range{"bpfMaglevMaxServices", 1, 3000},
};

bool is_interface_name(std::string_view text) { return text == "*" || is_word_of(text, "_.-", 15); }
bool is_interface_filter(std::string_view text) { return is_word_of(text, ":._+-", 15); }
bool is_prometheus_host(std::string_view text) { return is_word_of(text, ":._+-", 64); }
bool is_v4(std::string_view text) {
  const auto ip = Ip::parse(text);
  return ip && ip->is_v4();
}
bool is_v6(std::string_view text) {
  const auto ip = Ip::parse(text);
  return ip && !ip->is_v4();
}
// A DNS label that fits behind "openstack-region-".
bool is_region(std::string_view text) {
  const bool lower =
      std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return lower && is_word_of(text, "-", 46) && text.front() != '-' && text.back() != '-';
}
// "name=value" items between commas; empty items are allowed.
bool is_key_value_list(std::string_view text) {
  if (text.find_first_not_of(" \t\n\v\f\r") == std::string_view::npos) return true;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    if (item.empty()) continue;
    item.remove_prefix(std::min(item.find_first_not_of(" \t\n\f\r"), item.size()));
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos || !is_word_of(item.substr(0, equals), "_", equals))
      return false;
    if (item.find('\n', equals) != std::string_view::npos) return false;
  }
  return true;
}

bool is_regexp(std::string_view text) { return go::is_regexp(std::string(text)); }

// A text that is not empty has to pass.
struct TextRule {
  std::string_view field;
  bool (*passes)(std::string_view);
};
constexpr std::array text_rules{
    TextRule{"prometheusMetricsHost", is_prometheus_host},
    TextRule{"iptablesNATOutgoingInterfaceFilter", is_interface_filter},
    TextRule{"wireguardInterfaceName", is_interface_name},
    TextRule{"wireguardInterfaceNameV6", is_interface_name},
    TextRule{"featureDetectOverride", is_key_value_list},
    TextRule{"featureGates", is_key_value_list},
    TextRule{"logDebugFilenameRegex", is_regexp},
    TextRule{"bpfDataIfacePattern", is_regexp},
    TextRule{"bpfL3IfacePattern", is_regexp},
    TextRule{"bpfDisableGROForIfaces", is_regexp},
    TextRule{"mtuIfacePattern", is_regexp},
    TextRule{"routeSource", is_regexp},  // validateRouteSource asks no more
    TextRule{"openstackRegion", is_region},
    TextRule{"natOutgoingAddress", is_v4},
    TextRule{"deviceRouteSourceAddress", is_v4},
    TextRule{"deviceRouteSourceAddressIPv6", is_v6},
};

bool is_cidr(std::string_view text) {
  return text.empty() || Cidr::parse_cidr_or_ip(text).has_value();
}
bool is_v4_cidr(std::string_view text) {
  const auto ip = address_of(text);
  return ip && ip->is_v4();
}
constexpr std::array list_rules{
    TextRule{"bpfForceTrackPacketsFromIfaces", is_interface_filter},
    TextRule{"bpfDSROptoutCIDRs", is_cidr},
    TextRule{"bpfExcludeCIDRsFromNAT", is_cidr},
    TextRule{"externalNodesList", is_v4_cidr},
};

bool is_bad_choice(const JsonFields& spec, const Choice& choice) {
  const std::string text = spec.text(choice.field);
  const bool given = choice.is_pointer ? spec.has(choice.field) : !text.empty();
  return given && !is_among(choice.values, text);
}

bool has_bad_tables(const JsonFields& spec) {
  bool bad = spec.has("routeTableRange") && spec.has("routeTableRanges");
  if (const auto range = spec.object("routeTableRange")) {
    const int64_t low = range->integer("min"), high = range->integer("max");
    bad = bad || low < 1 || high < low || high > 250;
  }
  int64_t tables = 0;
  spec.each("routeTableRanges", [&](const JsonFields& range) {
    const int64_t low = range.integer("min"), high = range.integer("max");
    bad = bad || low < 1 || low > high || high > int64_t{0xffffffff};
    tables += bad ? 0 : high - low + 1;
  });
  return bad || tables > 0xffff;
}

bool has_bad_timeouts(const JsonFields& spec) {
  bool bad = false;
  spec.each("healthTimeoutOverrides", [&](const JsonFields& entry) {
    const std::string name = entry.text("name");
    const auto timeout = parse_go_duration(entry.text("timeout"));
    bad = bad || !is_word_of(name, "_ -", name.size()) || (timeout && *timeout < 0);
  });
  return bad;
}

// Interfaces by name; "*" is none.
bool has_bad_filters(const JsonFields& spec) {
  const auto filters = spec.member("bpfLogFilters");
  bool bad = false;
  if (!filters) return bad;
  filters->for_each_member([&](std::string_view interface, JsonView) {
    bad = bad || !is_word_of(interface, "_.-", 15);
    return true;
  });
  return bad;
}

// A port by number, range or name.
bool is_bad_port(const JsonFields& spec, std::string_view field) {
  Port port;
  JsonReader in;
  const auto view = spec.member(field);
  if (!view) return false;
  read_port(in, *view, port);
  return port.name.empty() ? port.first == 0 : !is_service_port_name(port.name.view());
}

// At most seven ranges of numbers.
bool has_bad_node_ports(const JsonFields& spec) {
  bool bad = false;
  spec.each_element("kubeNodePortRanges", [&](JsonView view) {
    Port port;
    JsonReader in;
    read_port(in, view, port);
    bad = bad || !port.name.empty() || port.first == 0;
  });
  return bad || spec.size("kubeNodePortRanges") > 7;
}

}  // namespace

std::string felix_configuration_problem(JsonView view) {
  const JsonFields spec(view);
  const auto bad = [&](std::string_view field) { return fmt::format("{} is invalid", field); };
  for (const Choice& choice : choices)
    if (is_bad_choice(spec, choice)) return bad(choice.field);
  for (const Range& range : ranges) {
    const int64_t value = spec.integer(range.field);
    if (spec.has(range.field) && (value < range.low || value > range.high)) return bad(range.field);
  }
  for (const TextRule& rule : text_rules)
    if (const auto text = spec.text(rule.field); !text.empty() && !rule.passes(text))
      return bad(rule.field);
  for (const TextRule& rule : list_rules)
    for (const auto& text : spec.texts(rule.field))
      if (!rule.passes(text)) return bad(rule.field);
  if (has_bad_tables(spec)) return bad("routeTableRanges");
  if (has_bad_timeouts(spec)) return bad("healthTimeoutOverrides");
  if (has_bad_filters(spec)) return bad("bpfLogFilters");
  for (const char* field : {"natPortRange", "bpfPSNATPorts"})
    if (is_bad_port(spec, field)) return bad(field);
  if (has_bad_node_ports(spec)) return bad("kubeNodePortRanges");
  return {};
}

}  // namespace felixsim
