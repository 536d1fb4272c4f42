// SPDX-License-Identifier: Apache-2.0
// What a capture tells of the node beside what Felix wrote: its interfaces and their addresses, the
// sysctls that Felix starts from, what its kernel lacks, Felix's environment and felix.cfg. A
// prediction that begins with them needs no host facts written by hand.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "felixsim/result.h"

namespace felixsim {

struct CapturedHost {
  // JSON host action {"facts": ...} of what was there before Felix; without interfaces whose names
  // begin as those of workloads do, and without Calico's tunnels.
  std::string facts;
  // Every interface of the node -> its part of a host action {"facts": {"interfaces": [...]}}.
  std::map<std::string, std::string> interfaces;
  std::vector<std::pair<std::string, std::string>> environment;
  std::optional<std::string> felix_cfg;
  std::vector<std::string> used;   // names of the files that it was read from
  std::vector<std::string> notes;  // what is assumed all the same, a sentence each
};

// Null if no file tells of interfaces: then nothing is known of the host. What cannot be read of a
// file is left out and noted: it may be of any program and version.
std::optional<CapturedHost> read_captured_host(const std::map<std::string, std::string>& files);

// Whether a captured file is one of the host's ("ip-link.txt", "felix-environment.txt", ...).
bool is_host_file(const std::string& file_name);

}  // namespace felixsim
