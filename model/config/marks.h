// SPDX-License-Identifier: Apache-2.0
// Which bits of a packet's mark Felix uses for what. Mirrors felix/markbits and the order of
// allocation in felix/dataplane/driver.go (StartDataplaneDriver).
#pragma once

#include <cstdint>
#include <optional>

#include "felixsim/felix_version.h"
#include "felixsim/result.h"
#include "model/config/config.h"

namespace felixsim {

struct MarkBits {
  uint32_t accept = 0, pass = 0;
  uint32_t drop = 0;  // 0 in v3.28, which has none
  uint32_t scratch0 = 0, scratch1 = 0;
  uint32_t wireguard = 0;          // 0 unless WireGuard is on
  uint32_t endpoint = 0;           // the block that is left over
  uint32_t non_cali_endpoint = 0;  // lowest bit of `endpoint`; 0 unless kube-proxy uses ipvs
  auto operator<=>(const MarkBits&) const = default;
};

// Whether Felix supports kube-proxy's ipvs mode: kube-ipvs0 is there, and eBPF is off.
bool kube_ipvs_support(const Config& config, bool kube_ipvs0_present);

// Bits in order from the lowest of the mask. An error is what Felix panics of at start-up.
// `kube_ipvs`: what kube_ipvs_support() said.
Result<MarkBits> allocate_mark_bits(const Config& config, bool kube_ipvs);

// The n-th value that fits into the bits of `mask`; nothing when there are not enough bits.
std::optional<uint32_t> nth_mark(uint32_t mask, uint32_t number);

}  // namespace felixsim
