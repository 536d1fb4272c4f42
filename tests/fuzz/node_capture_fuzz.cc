// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: captures of a node. The first byte chooses the file; whatever is read compares
// with an empty prediction, and with itself as read again. 't' is an archive; 'l', 'a', 'e', 'c',
// 'k' are what tells of the host, which its kernel must take.
#include "model/kernel/host_action.h"
#include "replay/capture/tar_archive.h"
#include "sim/analysis/verify/captured_host.h"
#include "sim/analysis/verify/drift.h"

namespace {

void read_host(char kind, const std::string& text) {
  using namespace felixsim;
  std::map<std::string, std::string> files{
      {"ip-link", "1: lo: <LOOPBACK,UP> mtu 65536\n2: eth0: <UP> mtu 1500\n"}};
  files[kind == 'l'   ? "ip-link"
        : kind == 'a' ? "ip-addr"
        : kind == 'e' ? "felix-environment"
        : kind == 'c' ? "felix-cfg"
                      : "kernel-abilities"] = text;
  const auto host = read_captured_host(files);
  if (!host) return;
  SimulatedKernel kernel;
  (void)apply_host_action(kernel, host->facts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace felixsim;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 't') {
    (void)read_tar(text);
    return 0;
  }
  if (std::string_view("laeck").find(static_cast<char>(data[0])) != std::string_view::npos) {
    read_host(static_cast<char>(data[0]), text);
    return 0;
  }
  static constexpr const char* names[] = {"iptables-save", "ip6tables-legacy-save",
                                          "ipset-save",    "ip-route",
                                          "ip6-route",     "ip-rule",
                                          "nft",           "ip-neigh",
                                          "bridge-fdb",    "sysctl",
                                          "wg-show"};
  const size_t chosen = data[0] >= '0' ? static_cast<size_t>(data[0] - '0') : 0;
  if (const auto capture = read_node_capture({{names[chosen % std::size(names)], text}}))
    (void)find_drifts({}, *capture, {});
  return 0;
}
