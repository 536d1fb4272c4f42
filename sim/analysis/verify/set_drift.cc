// SPDX-License-Identifier: Apache-2.0
// IP sets compared. Mirrors which sets felix/ipsets/ipsets.go (v3.32.1) takes for its own, by name,
// and that it writes large changes by way of temporary sets (cali4t...).
#include "model/kernel/ipset_text.h"
#include "sim/analysis/verify/drift.h"

namespace felixsim {
namespace {

constexpr const char* part = "ipsets";

bool is_temporary(const std::string& name) {
  return name.starts_with("cali4t") || name.starts_with("cali6t");
}

void compare_set(const IpSet& want, const IpSet& got, std::vector<Drift>& out) {
  IpSet sized = got;
  sized.hash_size = want.hash_size;  // the kernel grows it as it needs
  if (print_ipset_create(want) != print_ipset_create(sized))
    out.push_back({DriftKind::changed_set,
                   part,
                   want.name,
                   {print_ipset_create(want)},
                   {print_ipset_create(got)},
                   "made by another version or configuration of Felix (MaxIpsetSize), or by hand; "
                   "Felix makes it anew at its next resync"});
  const auto differ = [&](const std::set<std::string>& a, const std::set<std::string>& b) {
    std::vector<std::string> lines;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(lines));
    return lines;
  };
  auto missing = differ(want.members, got.members);
  auto extra = differ(got.members, want.members);
  if (!missing.empty())
    out.push_back({DriftKind::missing_member,
                   part,
                   want.name,
                   std::move(missing),
                   {},
                   "deleted by hand (`ipset del`, `ipset flush`), or not written yet; Felix puts "
                   "it back at its next resync of sets (IpsetsRefreshInterval, by default 90 "
                   "seconds)"});
  if (!extra.empty())
    out.push_back({DriftKind::extra_member,
                   part,
                   want.name,
                   {},
                   std::move(extra),
                   "added by hand (`ipset add`), or its source is gone and Felix has not seen it; "
                   "Felix takes it out at its next resync of sets (IpsetsRefreshInterval, by "
                   "default 90 seconds)"});
}

}  // namespace

void find_set_drifts(const KernelState& predicted, const NodeCapture& captured,
                     std::vector<Drift>& out) {
  if (!captured.ipsets) return;
  for (const auto& [name, set] : predicted.ipsets) {
    if (!is_calico_set(name)) continue;
    const auto found = captured.ipsets->find(name);
    if (found == captured.ipsets->end())
      out.push_back({DriftKind::missing_set,
                     part,
                     name,
                     {print_ipset_create(set)},
                     {},
                     "destroyed by hand, or Felix has not seen yet what asks for it; rules that "
                     "name it cannot be written without it"});
    else
      compare_set(set, found->second, out);
  }
  for (const auto& [name, set] : *captured.ipsets)
    if (!predicted.ipsets.contains(name))
      out.push_back(
          {DriftKind::stale_set,
           part,
           name,
           {},
           {print_ipset_create(set)},
           is_temporary(name)
               ? "a temporary set: Felix died or was stopped while it wrote a large change; it is "
                 "deleted at the next resync"
               : "nothing in the input asks for it; Felix has not seen that it is gone, or cannot "
                 "delete it as a rule still uses it"});
}

}  // namespace felixsim
