// SPDX-License-Identifier: Apache-2.0
// Family `rules`: every line of a file of chains is a case. The first line says with which
// configuration the real Felix rendered them.
#include "model/rules/dispatch_chains.h"
#include "model/rules/endpoint_chains.h"
#include "model/rules/nat_chains.h"
#include "model/rules/policy_chains.h"
#include "model/rules/render.h"
#include "model/rules/static_chains.h"
#include "tests/conformance/conform.h"
#include "tests/conformance/rules_json.h"

namespace felixsim::conform {
namespace {

using namespace felixsim::rules;
using Names = std::vector<std::string>;

// Where Felix panics, the vectors have that in place of chains.
json result_json(const Result<Chains>& chains, Dialect dialect) {
  if (!chains) return {{"panic", chains.error().message}};
  return chains_json(*chains, dialect);
}

// A panic may stand for one list of chains or for the whole line.
json wanted(const json& line, const std::string& key) {
  if (line.contains(key)) return line.at(key);
  return line.contains("panic") ? line : json();
}

std::optional<std::string> compare_chains(const json& want, const json& got) {
  if (want.is_object() && want.contains("panic") && got.is_object() && got.contains("panic"))
    return std::nullopt;
  return first_difference(want, got);
}

json static_json(const Renderer& r, const json& line) {
  const std::string fn = line.at("fn");
  const json args = line.value("args", json::object());
  const auto map = [&](const char* name) {
    const json value = args.value(name, json());
    return value.is_object() ? value.get<std::map<std::string, std::string>>()
                             : std::map<std::string, std::string>();
  };
  Chains chains;
  if (fn == "StaticFilterTableChains") chains = static_filter_chains(r);
  if (fn == "StaticNATTableChains") chains = static_nat_chains(r);
  if (fn == "StaticNATPostroutingChains") chains = static_nat_postrouting_chains(r);
  if (fn == "StaticRawTableChains") chains = static_raw_chains(r);
  if (fn == "StaticMangleTableChains") chains = static_mangle_chains(r);
  if (fn == "StaticBPFModeRawChains")
    chains = static_bpf_raw_chains(r, args.at("wg_encrypt_host"), args.at("disable_conntrack"));
  if (fn == "StaticFilterForwardAppendRules")
    chains = {{"FORWARD", static_filter_forward_append_rules(r)}};
  if (fn == "WireguardIncomingMarkChain") chains = {wireguard_incoming_mark_chain(r)};
  if (fn == "NATOutgoingChain") chains = {nat_outgoing_chain(r, args.at("active"))};
  if (fn == "BlockedCIDRsToIptablesChains")
    chains = {blocked_cidrs_chain(r, strings_of(args.at("cidrs")))};
  if (fn == "DNATsToIptablesChains") chains = {dnat_chain(r, map("ext_to_int"))};
  if (fn == "SNATsToIptablesChains") chains = {snat_chain(r, map("int_to_ext"))};
  if (fn == "ICMPv6Filter") chains = {{"ICMPv6Filter", icmp_v6_rules(r, r.config.filter_allow)}};
  if (fn == "EgressDSCPChain") {
    std::vector<DscpRule> rules;
    for (const auto& rule : args.at("rules"))
      rules.push_back({rule.at("SrcAddrs"), rule.at("Value")});
    chains = {egress_dscp_chain(r, rules)};
  }
  return chains_json(chains, r.dialect());
}

std::optional<std::string> run_static(const Renderer& r, const json& line) {
  return compare_chains(wanted(line, "chains"), static_json(r, line));
}

std::optional<std::string> run_policy(Renderer r, const json& line) {
  for (const auto& [key, family] : {std::pair("v4", IpFamily::v4), std::pair("v6", IpFamily::v6)}) {
    r.family = family;
    json got;
    if (line.contains("profile_id")) {
      const msg::Policy rules = policy_of(line.at("profile"));
      const Symbol id(line.at("profile_id").get<std::string>());
      got = result_json(profile_chains(r, id, {rules.inbound, rules.outbound}), r.dialect());
    } else {
      const auto id = policy_id_of(line.at("id"));
      got = result_json(policy_chains(r, id, policy_of(line.at("policy"))), r.dialect());
    }
    const bool panics = got.is_object();
    if (line.contains("panic") && panics) return std::nullopt;  // whichever version came first
    if (line.contains("panic") && !line.contains(key)) continue;
    if (auto difference = compare_chains(line.at(key), got)) return key + *difference;
  }
  if (line.contains("panic")) return "want a panic";
  return std::nullopt;
}

// Checks the groups' own chains; ingress groups come before egress groups in each tier.
std::optional<std::string> compare_groups(const Renderer& r, const json& line,
                                          const std::vector<TierGroups>& tiers) {
  json got = json::array();
  const auto add = [&](const PolicyGroup& group) {
    json entry{{"chain", group.chain_name()},
               {"inline", group.inlined()},
               {"uid", group.chain_name().substr(prefix::group_in.size())}};
    if (!group.inlined())
      entry["chains"] = chains_json({policy_group_chain(r, group)}, r.dialect());
    got.push_back(entry);
  };
  for (const auto& tier : tiers) {
    for (const auto& group : tier.ingress) add(group);
    for (const auto& group : tier.egress) add(group);
  }
  const json want = line.value("groups", json());
  if (want.is_null() && got.empty()) return std::nullopt;
  return first_difference(want, got, "groups");
}

std::optional<std::string> run_endpoint(const Renderer& r, EndpointMarks& marks, const json& line) {
  const std::string kind = line.at("kind"), interface = line.at("iface");
  const auto tiers = tiers_of(line.value("tiers", json()));
  const auto profiles = symbols_of(line.value("profiles", json()));
  const auto check = [&](const char* key, const Result<Chains>& chains) {
    auto difference = compare_chains(wanted(line, key), result_json(chains, r.dialect()));
    return difference ? std::optional(key + *difference) : std::nullopt;
  };
  std::optional<std::string> difference;
  if (kind == "workload") {
    difference = check("chains", workload_endpoint_chains(r, interface, line.at("admin_up"), tiers,
                                                          profiles, qos_of(line), &marks));
  } else if (kind == "host-filter") {
    const auto forward_tiers = tiers_of(line.value("forward_tiers", json()));
    difference = check("chains", host_endpoint_filter_chains(r, interface, tiers, forward_tiers,
                                                             profiles, &marks));
    if (!difference)
      difference =
          check("mangle_egress", host_endpoint_mangle_egress_chains(r, interface, tiers, profiles));
  } else if (kind == "host-raw") {
    difference = check("chains", host_endpoint_raw_chains(r, interface, tiers));
    if (!difference)
      difference =
          check("egress_only", Chains{host_endpoint_raw_egress_chain(r, interface, tiers)});
  } else {
    difference = check("chains", host_endpoint_mangle_ingress_chains(r, interface, tiers));
  }
  return difference ? difference : compare_groups(r, line, tiers);
}

json map_json(const std::map<std::string, std::string>& elements) {
  json object = json::object();
  for (const auto& [name, verdict] : elements) object[name] = json::array({verdict});
  return object;
}

std::optional<std::string> run_dispatch(const Renderer& r, const json& line) {
  const Names workloads = strings_of(line.at("workload_ifaces"));
  const Names hosts = strings_of(line.at("host_ifaces"));
  json got = json::object();
  const auto add = [&](const std::string& key, const Chains& chains) {
    got[key] = chains_json(chains, r.dialect());
  };
  for (const auto& [key, which] :
       {std::pair("host", HostDispatch::both),
        std::pair("host-forward", HostDispatch::with_forward),
        std::pair("from-host", HostDispatch::from), std::pair("to-host", HostDispatch::to)}) {
    add(std::string(key) + "-default", host_dispatch_chains(r, hosts, any_interface, which));
    add(std::string(key) + "-nodefault", host_dispatch_chains(r, hosts, "", which));
  }
  add("workload", workload_dispatch_chains(r, workloads));
  add("interface_allow", workload_interface_allow_chains(r, workloads));
  if (line.contains("endpoint_mark")) {
    EndpointMarks marks(r.marks().endpoint, r.marks().non_cali_endpoint);
    add("endpoint_mark", endpoint_mark_dispatch_chains(r, marks, workloads, hosts));
  }
  const DispatchMaps maps = workload_dispatch_maps(r, workloads);
  got["nft_from_map"] = map_json(maps.from);
  got["nft_to_map"] = map_json(maps.to);
  for (const auto& [key, want] : line.items())
    if (got.contains(key))
      if (auto difference = compare_chains(want, got[key])) return key + *difference;
  return std::nullopt;
}

std::optional<std::string> run_line(const Renderer& r, EndpointMarks& marks, const json& line) {
  if (line.contains("fn")) return run_static(r, line);
  if (line.contains("policy") || line.contains("profile")) return run_policy(r, line);
  if (line.contains("kind")) return run_endpoint(r, marks, line);
  if (line.contains("workload_ifaces")) return run_dispatch(r, line);
  return "a line of a kind that this runner does not know";
}

// What Felix derives from the raw configuration. Where the recorded rules.Config differs from that,
// no raw configuration reaches the variant, and what was recorded counts.
RulesConfig config_of(const json& meta, const std::string& file) {
  const RulesConfig recorded = rules_config_of(meta);
  Config config;
  msg::Encapsulation encapsulation;
  const json& overlays = meta.at("encapsulation");
  encapsulation.ipip_enabled = overlays.value("ipip", false);
  encapsulation.vxlan_enabled = overlays.value("vxlan", false);
  encapsulation.vxlan_enabled_v6 = overlays.value("vxlan_v6", false);
  const auto set = config.set_source(ConfigSource::environment, meta.at("raw_config"));
  const auto derived =
      derive_rules_config(config, encapsulation, meta.value("kube_ipvs", false), recorded.dialect);
  if (set && derived && *derived == recorded) return *derived;
  fmt::print(stderr, "{}: not what its raw configuration gives; using the recorded rules.Config\n",
             file);
  return recorded;
}

void run_file(const std::filesystem::path& file, Report& report) {
  std::optional<RulesConfig> config;
  std::optional<EndpointMarks> marks;
  for_each_line(file, [&](int number, const json& line) {
    if (line.contains("meta")) {
      const json& meta = line.at("meta");
      config = config_of(meta, file.stem().string());
      config->features = features_of(meta.at("features"));
      marks.emplace(config->marks.endpoint, config->marks.non_cali_endpoint);
      return;
    }
    const auto family = line.value("ip_version", 4) == 6 ? IpFamily::v6 : IpFamily::v4;
    const Renderer r{*config, family};
    std::optional<std::string> difference;
    try {
      difference = run_line(r, *marks, line);
    } catch (const json::exception& e) {  // a line of a shape that this runner does not know
      difference = e.what();
    }
    report.add(fmt::format("{}:{}", file.stem().string(), number), difference);
  });
}

}  // namespace

void run_family(const Options& options, Report& report) {
  for (const auto& file : files_in(options.dir, ".jsonl")) run_file(file, report);
}

}  // namespace felixsim::conform
