// SPDX-License-Identifier: Apache-2.0
#include "model/config/marks.h"

#include <bit>

#include "model/config/derived.h"

namespace felixsim {
namespace {

// felix/bpf/tc/defs MarksMask: the bits that eBPF programs use whatever the configuration says.
constexpr uint32_t bpf_marks = 0x1ff00000;

class MarkAllocator {
 public:
  explicit MarkAllocator(uint32_t mask) : left_(mask) {}
  // The lowest bit that is left; 0 when none is.
  uint32_t next() {
    const uint32_t bit = left_ & (~left_ + 1);
    left_ ^= bit;
    return bit;
  }
  uint32_t rest() const { return left_; }

 private:
  uint32_t left_;
};

tl::unexpected<Error> too_few(uint32_t mask, const char* what) {
  return invalid(fmt::format("mark mask 0x{:08x} has not enough bits{}", mask, what),
                 "give IptablesMarkMask (NftablesMarkMask) more bits");
}

}  // namespace

bool kube_ipvs_support(const Config& config, bool kube_ipvs0_present) {
  return kube_ipvs0_present && !config.boolean("BPFEnabled");
}

Result<MarkBits> allocate_mark_bits(const Config& config, bool kube_ipvs) {
  uint32_t mask = mark_mask(config);
  if (config.boolean("BPFEnabled")) {
    if ((mask & bpf_marks) != bpf_marks)
      return invalid(fmt::format("mark mask 0x{:08x} does not cover the bits of eBPF", mask),
                     fmt::format("include 0x{:08x}", bpf_marks));
    mask &= ~bpf_marks;
  }
  MarkAllocator allocator(mask);
  MarkBits bits;
  bits.accept = allocator.next();
  bits.pass = allocator.next();
  if (config.version() != FelixVersion::v3_28) bits.drop = allocator.next();
  bits.scratch0 = allocator.next();
  bits.scratch1 = allocator.next();
  if (config.boolean("WireguardEnabled") || config.boolean("WireguardEnabledV6")) {
    bits.wireguard = allocator.next();
    if (bits.wireguard == 0) return too_few(mask, " for WireGuard");
  }
  if (bits.scratch1 == 0) return too_few(mask, "");
  bits.endpoint = allocator.rest();
  if (kube_ipvs) {
    if (bits.endpoint == 0) return too_few(mask, " for endpoint marks");
    bits.non_cali_endpoint = uint32_t{1} << std::countr_zero(bits.endpoint);
  }
  return bits;
}

std::optional<uint32_t> nth_mark(uint32_t mask, uint32_t number) {
  uint32_t mark = 0;
  for (; mask != 0 && number != 0; number >>= 1) {
    const uint32_t bit = mask & (~mask + 1);
    mask ^= bit;
    if ((number & 1) != 0) mark |= bit;
  }
  if (number != 0) return std::nullopt;
  return mark;
}

}  // namespace felixsim
