// SPDX-License-Identifier: Apache-2.0
#include "model/rules/names.h"

#include <algorithm>
#include <array>

#include "model/hash/hash.h"

namespace felixsim::rules {
namespace {

constexpr size_t max_ip_set_name = 31;

// felix/types/policy_id.go KindShortName.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> short_kinds{{
    {"NetworkPolicy", "np"},
    {"GlobalNetworkPolicy", "gnp"},
    {"StagedNetworkPolicy", "snp"},
    {"StagedGlobalNetworkPolicy", "sgnp"},
    {"StagedKubernetesNetworkPolicy", "sknp"},
    {"KubernetesNetworkPolicy", "knp"},
    {"KubernetesClusterNetworkPolicy", "kcnp"},
}};

}  // namespace

size_t max_chain_name(Dialect dialect) {
  return dialect == Dialect::nft ? max_nft_chain_name : max_iptables_chain_name;
}

std::string_view wildcard(Dialect dialect) { return dialect == Dialect::nft ? "*" : "+"; }

// libcalico-go/lib/backend/model KindIsStaged.
bool is_staged(const msg::PolicyId& id) {
  const std::string_view kind = id.kind.view();
  return kind == "StagedNetworkPolicy" || kind == "StagedGlobalNetworkPolicy" ||
         kind == "StagedKubernetesNetworkPolicy";
}

std::string_view short_kind(const msg::PolicyId& id) {
  const auto* found = std::find_if(short_kinds.begin(), short_kinds.end(),
                                   [&](const auto& row) { return row.first == id.kind.view(); });
  return found == short_kinds.end() ? id.kind.view() : found->second;
}

std::string policy_id_text(const msg::PolicyId& id) {
  if (id.kind.empty()) return id.name.str();
  std::string text(short_kind(id));
  text += '/';
  if (!id.ns.empty()) text.append(id.ns.view()) += '/';
  return text.append(id.name.view());
}

std::string policy_chain_name(std::string_view chain_prefix, const msg::PolicyId& id,
                              Dialect dialect) {
  return length_limited_id(chain_prefix, policy_id_text(id), max_chain_name(dialect));
}

std::string profile_chain_name(std::string_view chain_prefix, Symbol profile, Dialect dialect) {
  return length_limited_id(chain_prefix, profile.view(), max_chain_name(dialect));
}

std::string endpoint_chain_name(std::string_view chain_prefix, std::string_view interface,
                                Dialect dialect) {
  return length_limited_id(chain_prefix, interface, max_chain_name(dialect));
}

std::string ip_set_name(std::string_view id, IpFamily family, Dialect dialect) {
  std::string name = family == IpFamily::v4 ? "cali40" : "cali60";
  name.append(id.substr(0, max_ip_set_name - name.size()));
  if (dialect == Dialect::nft) std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

}  // namespace felixsim::rules
