// SPDX-License-Identifier: Apache-2.0
// Manifests of a cluster with namespaces, bare pods and NetworkPolicies of the usual mix, out of a
// seed: what `./dev bench reach` reads.
#pragma once

#include <filesystem>

namespace felixsim::bench {

// Writes namespaces.yaml, pods.yaml and policies.yaml. 20 pods a namespace.
void write_reach_cluster(const std::filesystem::path& folder, size_t pods, size_t policies);

}  // namespace felixsim::bench
