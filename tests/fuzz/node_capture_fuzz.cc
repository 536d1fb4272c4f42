// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: captures of a node. The first byte chooses the file; whatever is read compares
// with an empty prediction, and with itself as read again. 't' is an archive.
#include "replay/capture/tar_archive.h"
#include "sim/analysis/verify/drift.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace felixsim;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 't') {
    (void)read_tar(text);
    return 0;
  }
  static constexpr const char* names[] = {"iptables-save", "ip6tables-legacy-save",
                                          "ipset-save",    "ip-route",
                                          "ip6-route",     "ip-rule",
                                          "nft",           "ip-neigh",
                                          "bridge-fdb",    "sysctl"};
  const size_t chosen = data[0] >= '0' ? static_cast<size_t>(data[0] - '0') : 0;
  if (const auto capture = read_node_capture({{names[chosen % std::size(names)], text}}))
    (void)find_drifts({}, *capture, {});
  return 0;
}
