// SPDX-License-Identifier: Apache-2.0
// The scene that scenarios and recordings share unless they say otherwise: addresses, MACs, what
// the kernel holds before Felix starts, and Felix's environment. (The recordings' README, "The
// scene".)
#pragma once

#include <map>
#include <string>
#include <vector>

#include "felixsim/event.h"

namespace felixsim {

std::string scene_ip(int number);   // "172.16.0.1/24" for node 1
std::string scene_ip6(int number);  // "fd00:16::1/64"
std::string scene_mac(int number);  // "02:00:ac:10:00:01"

// The Felix environment of the scene; what a node's `env` says goes over it.
std::map<std::string, std::string> scene_environment(const std::string& node);

// JSON text of the host facts: {"interfaces": [...], "routes": [...], "sysctls": {...},
// "kernel": {"lacks": [...]}}, as a "facts" action carries them.
std::string scene_facts(int number, const std::string& ip, const std::string& ip6,
                        const std::vector<std::string>& kernel_lacks);

}  // namespace felixsim
