// SPDX-License-Identifier: Apache-2.0
// The settings below net.ipv4 and net.ipv6 of Linux 6.1 to 6.18, to tell a name that a kernel does
// not have from one that is not modelled.
#include "model/kernel/sysctl_names.h"

#include <algorithm>
#include <span>

namespace felixsim {
namespace {

// net.ipv4.conf.INTERFACE.
constexpr std::string_view conf4[] = {"accept_local",
                                      "accept_redirects",
                                      "accept_source_route",
                                      "arp_accept",
                                      "arp_announce",
                                      "arp_evict_nocarrier",
                                      "arp_filter",
                                      "arp_ignore",
                                      "arp_notify",
                                      "bc_forwarding",
                                      "bootp_relay",
                                      "disable_policy",
                                      "disable_xfrm",
                                      "drop_gratuitous_arp",
                                      "drop_unicast_in_l2_multicast",
                                      "force_igmp_version",
                                      "forwarding",
                                      "igmpv2_unsolicited_report_interval",
                                      "igmpv3_unsolicited_report_interval",
                                      "ignore_routes_with_linkdown",
                                      "log_martians",
                                      "mc_forwarding",
                                      "medium_id",
                                      "promote_secondaries",
                                      "proxy_arp",
                                      "proxy_arp_pvlan",
                                      "route_localnet",
                                      "rp_filter",
                                      "secure_redirects",
                                      "send_redirects",
                                      "shared_media",
                                      "src_valid_mark",
                                      "tag"};
// net.ipv6.conf.INTERFACE.
constexpr std::string_view conf6[] = {"accept_dad",
                                      "accept_ra",
                                      "accept_ra_defrtr",
                                      "accept_ra_from_local",
                                      "accept_ra_min_hop_limit",
                                      "accept_ra_min_lft",
                                      "accept_ra_mtu",
                                      "accept_ra_pinfo",
                                      "accept_ra_rt_info_max_plen",
                                      "accept_ra_rt_info_min_plen",
                                      "accept_ra_rtr_pref",
                                      "accept_redirects",
                                      "accept_source_route",
                                      "accept_untracked_na",
                                      "addr_gen_mode",
                                      "autoconf",
                                      "dad_transmits",
                                      "disable_ipv6",
                                      "disable_policy",
                                      "drop_unicast_in_l2_multicast",
                                      "drop_unsolicited_na",
                                      "enhanced_dad",
                                      "force_forwarding",
                                      "force_mld_version",
                                      "force_tllao",
                                      "forwarding",
                                      "hop_limit",
                                      "ignore_routes_with_linkdown",
                                      "ioam6_enabled",
                                      "ioam6_id",
                                      "ioam6_id_wide",
                                      "keep_addr_on_down",
                                      "max_addresses",
                                      "max_desync_factor",
                                      "mc_forwarding",
                                      "mldv1_unsolicited_report_interval",
                                      "mldv2_unsolicited_report_interval",
                                      "mtu",
                                      "ndisc_evict_nocarrier",
                                      "ndisc_notify",
                                      "ndisc_tclass",
                                      "optimistic_dad",
                                      "proxy_ndp",
                                      "ra_defrtr_metric",
                                      "ra_honor_pio_life",
                                      "ra_honor_pio_pflag",
                                      "regen_max_retry",
                                      "regen_min_advance",
                                      "router_probe_interval",
                                      "router_solicitation_delay",
                                      "router_solicitation_interval",
                                      "router_solicitation_max_interval",
                                      "router_solicitations",
                                      "rpl_seg_enabled",
                                      "seg6_enabled",
                                      "seg6_require_hmac",
                                      "stable_secret",
                                      "suppress_frag_ndisc",
                                      "temp_prefered_lft",
                                      "temp_valid_lft",
                                      "use_oif_addrs_only",
                                      "use_optimistic",
                                      "use_tempaddr"};
// net.ipv4.neigh.INTERFACE., net.ipv6.neigh.INTERFACE.
constexpr std::string_view neigh[] = {"anycast_delay",
                                      "app_solicit",
                                      "base_reachable_time",
                                      "base_reachable_time_ms",
                                      "delay_first_probe_time",
                                      "gc_stale_time",
                                      "interval_probe_time_ms",
                                      "locktime",
                                      "mcast_resolicit",
                                      "mcast_solicit",
                                      "proxy_delay",
                                      "proxy_qlen",
                                      "retrans_time",
                                      "retrans_time_ms",
                                      "ucast_solicit",
                                      "unres_qlen",
                                      "unres_qlen_bytes"};
// The same of `default` alone.
constexpr std::string_view neigh_default[] = {"gc_interval", "gc_thresh1", "gc_thresh2",
                                              "gc_thresh3"};
// net.ipv4.
constexpr std::string_view ipv4[] = {"cipso_cache_bucket_size",
                                     "cipso_cache_enable",
                                     "cipso_rbm_optfmt",
                                     "cipso_rbm_strictvalid",
                                     "fib_multipath_hash_fields",
                                     "fib_multipath_hash_policy",
                                     "fib_multipath_hash_seed",
                                     "fib_multipath_use_neigh",
                                     "fib_notify_on_flag_change",
                                     "fib_sync_mem",
                                     "fwmark_reflect",
                                     "icmp_echo_enable_probe",
                                     "icmp_echo_ignore_all",
                                     "icmp_echo_ignore_broadcasts",
                                     "icmp_errors_use_inbound_ifaddr",
                                     "icmp_ignore_bogus_error_responses",
                                     "icmp_msgs_burst",
                                     "icmp_msgs_per_sec",
                                     "icmp_ratelimit",
                                     "icmp_ratemask",
                                     "igmp_link_local_mcast_reports",
                                     "igmp_max_memberships",
                                     "igmp_max_msf",
                                     "igmp_qrv",
                                     "inet_peer_maxttl",
                                     "inet_peer_minttl",
                                     "inet_peer_threshold",
                                     "ip_autobind_reuse",
                                     "ip_default_ttl",
                                     "ip_dynaddr",
                                     "ip_early_demux",
                                     "ip_forward",
                                     "ip_forward_update_priority",
                                     "ip_forward_use_pmtu",
                                     "ip_local_port_range",
                                     "ip_local_reserved_ports",
                                     "ip_no_pmtu_disc",
                                     "ip_nonlocal_bind",
                                     "ip_unprivileged_port_start",
                                     "ipfrag_high_thresh",
                                     "ipfrag_low_thresh",
                                     "ipfrag_max_dist",
                                     "ipfrag_secret_interval",
                                     "ipfrag_time",
                                     "nexthop_compat_mode",
                                     "ping_group_range",
                                     "raw_l3mdev_accept",
                                     "tcp_abort_on_overflow",
                                     "tcp_adv_win_scale",
                                     "tcp_allowed_congestion_control",
                                     "tcp_app_win",
                                     "tcp_autocorking",
                                     "tcp_available_congestion_control",
                                     "tcp_available_ulp",
                                     "tcp_backlog_ack_defer",
                                     "tcp_base_mss",
                                     "tcp_challenge_ack_limit",
                                     "tcp_child_ehash_entries",
                                     "tcp_comp_sack_delay_ns",
                                     "tcp_comp_sack_nr",
                                     "tcp_comp_sack_slack_ns",
                                     "tcp_congestion_control",
                                     "tcp_dsack",
                                     "tcp_early_demux",
                                     "tcp_early_retrans",
                                     "tcp_ecn",
                                     "tcp_ecn_fallback",
                                     "tcp_ecn_option",
                                     "tcp_ecn_option_beacon",
                                     "tcp_ehash_entries",
                                     "tcp_fack",
                                     "tcp_fastopen",
                                     "tcp_fastopen_blackhole_timeout_sec",
                                     "tcp_fastopen_key",
                                     "tcp_fin_timeout",
                                     "tcp_frto",
                                     "tcp_fwmark_accept",
                                     "tcp_invalid_ratelimit",
                                     "tcp_keepalive_intvl",
                                     "tcp_keepalive_probes",
                                     "tcp_keepalive_time",
                                     "tcp_l3mdev_accept",
                                     "tcp_limit_output_bytes",
                                     "tcp_low_latency",
                                     "tcp_max_orphans",
                                     "tcp_max_reordering",
                                     "tcp_max_syn_backlog",
                                     "tcp_max_tw_buckets",
                                     "tcp_mem",
                                     "tcp_migrate_req",
                                     "tcp_min_rtt_wlen",
                                     "tcp_min_snd_mss",
                                     "tcp_min_tso_segs",
                                     "tcp_moderate_rcvbuf",
                                     "tcp_mtu_probe_floor",
                                     "tcp_mtu_probing",
                                     "tcp_no_metrics_save",
                                     "tcp_no_ssthresh_metrics_save",
                                     "tcp_notsent_lowat",
                                     "tcp_orphan_retries",
                                     "tcp_pacing_ca_ratio",
                                     "tcp_pacing_ss_ratio",
                                     "tcp_pingpong_thresh",
                                     "tcp_plb_cong_thresh",
                                     "tcp_plb_enabled",
                                     "tcp_plb_idle_rehash_rounds",
                                     "tcp_plb_rehash_rounds",
                                     "tcp_plb_suspend_rto_sec",
                                     "tcp_probe_interval",
                                     "tcp_probe_threshold",
                                     "tcp_recovery",
                                     "tcp_reflect_tos",
                                     "tcp_reordering",
                                     "tcp_retrans_collapse",
                                     "tcp_retries1",
                                     "tcp_retries2",
                                     "tcp_rfc1337",
                                     "tcp_rmem",
                                     "tcp_rto_max_ms",
                                     "tcp_rto_min_us",
                                     "tcp_sack",
                                     "tcp_shrink_window",
                                     "tcp_slow_start_after_idle",
                                     "tcp_stdurg",
                                     "tcp_syn_linear_timeouts",
                                     "tcp_syn_retries",
                                     "tcp_synack_retries",
                                     "tcp_syncookies",
                                     "tcp_thin_linear_timeouts",
                                     "tcp_timestamps",
                                     "tcp_tso_rtt_log",
                                     "tcp_tso_win_divisor",
                                     "tcp_tw_reuse",
                                     "tcp_tw_reuse_delay",
                                     "tcp_window_scaling",
                                     "tcp_wmem",
                                     "tcp_workaround_signed_windows",
                                     "udp_child_hash_entries",
                                     "udp_early_demux",
                                     "udp_hash_entries",
                                     "udp_l3mdev_accept",
                                     "udp_mem",
                                     "udp_rmem_min",
                                     "udp_wmem_min",
                                     "xfrm4_gc_thresh"};
// net.ipv6.
constexpr std::string_view ipv6[] = {"anycast_src_echo_reply",
                                     "auto_flowlabels",
                                     "bindv6only",
                                     "calipso_cache_bucket_size",
                                     "calipso_cache_enable",
                                     "fib_multipath_hash_fields",
                                     "fib_multipath_hash_policy",
                                     "fib_notify_on_flag_change",
                                     "flowlabel_consistency",
                                     "flowlabel_reflect",
                                     "flowlabel_state_ranges",
                                     "fwmark_reflect",
                                     "idgen_delay",
                                     "idgen_retries",
                                     "ioam6_id",
                                     "ioam6_id_wide",
                                     "ip6frag_high_thresh",
                                     "ip6frag_low_thresh",
                                     "ip6frag_secret_interval",
                                     "ip6frag_time",
                                     "ip_nonlocal_bind",
                                     "max_dst_opts_length",
                                     "max_dst_opts_number",
                                     "max_hbh_length",
                                     "max_hbh_opts_number",
                                     "mld_max_msf",
                                     "mld_qrv",
                                     "seg6_flowlabel",
                                     "xfrm6_gc_thresh"};

bool is_in(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "net.ipv4.conf.eth0.rp_filter" in its parts; not of the settings of interfaces: empty.
struct InterfaceSetting {
  std::string_view directory, interface, name;
};
InterfaceSetting split(std::string_view name) {
  for (const std::string_view directory :
       {"net.ipv4.conf.", "net.ipv6.conf.", "net.ipv4.neigh.", "net.ipv6.neigh."})
    if (name.starts_with(directory)) {
      const auto rest = name.substr(directory.size());
      const size_t dot = rest.find('.');
      if (dot == std::string_view::npos) return {directory, rest, {}};
      return {directory, rest.substr(0, dot), rest.substr(dot + 1)};
    }
  return {};
}

bool interface_has(const InterfaceSetting& setting) {
  if (setting.directory.ends_with(".neigh."))
    return is_in(neigh, setting.name) ||
           (setting.interface == "default" && is_in(neigh_default, setting.name));
  return is_in(
      setting.directory == "net.ipv4.conf." ? std::span<const std::string_view>(conf4) : conf6,
      setting.name);
}

SysctlKnowledge there_if(bool there) {
  return there ? SysctlKnowledge::exists : SysctlKnowledge::missing;
}

}  // namespace

SysctlKnowledge know_sysctl(std::string_view name, const std::set<std::string>& interfaces) {
  if (const auto setting = split(name); !setting.directory.empty()) {
    const bool of_all = setting.interface == "all" && setting.directory.ends_with(".conf.");
    std::string interface(setting.interface);
    std::replace(interface.begin(), interface.end(), '/', '.');
    const bool there = of_all || interface == "default" || interfaces.contains(interface);
    return there_if(there && interface_has(setting));
  }
  for (const std::string_view directory : {"net.ipv4.route.", "net.ipv6.route.", "net.ipv6.icmp."})
    if (name.starts_with(directory)) return SysctlKnowledge::not_known;
  if (name.starts_with("net.ipv4.")) return there_if(is_in(ipv4, name.substr(9)));
  if (name.starts_with("net.ipv6.")) return there_if(is_in(ipv6, name.substr(9)));
  for (const std::string_view directory :
       {"abi.", "debug.", "dev.", "fs.", "kernel.", "net.", "sunrpc.", "user.", "vm."})
    if (name.starts_with(directory)) return SysctlKnowledge::not_known;
  return SysctlKnowledge::missing;
}

bool is_of_interface(std::string_view name) { return !split(name).directory.empty(); }

}  // namespace felixsim
