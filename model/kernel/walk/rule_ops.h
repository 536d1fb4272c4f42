// SPDX-License-Identifier: Apache-2.0
// A rule of either dialect as a list of operations: matches, changes and a verdict. Internal to the
// walk.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "felixsim/ip.h"

namespace felixsim::walk {

enum class Op : uint8_t {
  // Matches.
  source,
  destination,
  in_device,
  out_device,
  protocol,
  source_port,
  destination_port,
  any_port,
  mark,
  connection_mark,
  state,
  status,
  status_word,  // the whole status word, as nft's "ct status != dnat" compares it
  reply_direction,
  ip_set,
  nft_set,
  address_type,
  icmp_type,
  icmp_code,
  reverse_path,
  tcp_flags,
  dscp,
  never,
  // Changes.
  set_mark,
  set_connection_mark,
  save_mark,
  restore_mark,
  set_dscp,
  no_track,
  // Verdicts.
  accept,
  drop,
  return_,
  jump,
  goto_,
  reject,
  dnat,
  snat,
  masquerade,
  redirect,
  verdict_map,
};

// States and statuses of a connection, as bits.
enum : uint32_t {
  state_invalid = 1,
  state_new = 2,
  state_related = 4,
  state_established = 8,
  state_untracked = 16,
  state_snat = 32,
  state_dnat = 64
};
enum : uint32_t {
  status_seen_reply = 2,
  status_assured = 4,
  status_confirmed = 8,
  status_snat = 16,
  status_dnat = 32,
  status_snat_done = 128,
  status_dnat_done = 256
};

// What one dimension of a set is compared with.
enum class SetField : uint8_t { source, destination, source_port, destination_port, protocol };

struct RuleOp {
  Op op = Op::never;
  bool invert = false;
  uint8_t flag = 0;       // address_type: 0 source, 1 destination; reverse_path: bits below
  uint32_t a = 0, b = 0;  // mark: value, mask; protocol: number; jump: chain index; flags: mask
  Cidr net;
  std::string name;  // device, set, chain, reject type, address type
  std::vector<std::pair<uint16_t, uint16_t>> ports;  // of ICMP in nft: types or codes
  std::vector<SetField> fields;
  Ip low;  // NAT: the first address of the range
  bool has_address = false;
};
// reverse_path flags.
enum : uint8_t { path_loose = 1, path_mark = 2, path_accept_local = 4 };
// address_type flags.
enum : uint8_t { type_destination = 1, type_limit_in = 2, type_limit_out = 4 };

struct Rule {
  std::vector<RuleOp> ops;
};

Rule compile_ipt_rule(const std::string& text, IpFamily family);
Rule compile_nft_rule(const std::string& text, const std::string& family);

}  // namespace felixsim::walk
