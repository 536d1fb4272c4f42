// SPDX-License-Identifier: Apache-2.0
// What a person captured on a node with its own tools, read for comparison: any subset of the
// files, with whatever counters, comments, handles and sizes the tools print. What Calico does not
// own is read only as far as it is needed to tell it apart: other programs' tables, sets and routes
// may hold anything. What is captured of Calico's own is held in the simulated kernel's words.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "felixsim/kernel_state.h"
#include "felixsim/result.h"

namespace felixsim {

struct CapturedFile {
  std::string name, part;  // as given; "iptables", "routes", ... as in `felixsim show --what`
};

struct CapturedTables {
  std::optional<IptBackend> backend;  // unset: neither the name nor the text of the file tells
  IptTables tables;
};

struct CapturedRoutes {
  bool all_tables = false;  // otherwise table main only
  std::set<Route> routes;   // without multipath routes and those of the kernel's own
};

struct NodeCapture {
  std::map<IpFamily, std::vector<CapturedTables>> iptables;
  std::optional<std::map<std::string, IpSet>> ipsets;  // Calico's
  std::map<IpFamily, CapturedRoutes> routes;
  std::map<IpFamily, std::set<RoutingRule>> rules;  // without those that Felix cannot have written
  std::optional<std::map<std::pair<std::string, std::string>, NftTable>> nft;  // Calico's
  bool nft_is_arp_only = false;                   // the ruleset shows no other family
  std::optional<std::set<Neighbour>> neighbours;  // permanent ones of Calico's tunnels
  std::optional<std::set<FdbEntry>> fdb;          // of Calico's tunnels
  std::optional<std::map<std::string, std::string>> sysctls;
  std::optional<std::map<std::string, WireguardLink>> wireguard;  // all devices, by name
  std::vector<CapturedFile> files;  // what was read, in the order of names
  std::vector<std::string> unread;  // names that mean nothing here
};

// In which backend's iptables Calico's chains are; unset: in none, in both, or the files do not
// tell.
std::optional<IptBackend> calico_backend(const NodeCapture& captured);

// The part that a file's name stands for ("ip-route.txt", "ip6tables-legacy-save", "nft list
// ruleset"); empty: none. Case and what stands between the words do not matter.
std::string captured_part(const std::string& file_name);
// A file's name as words: lower case, one blank between them, without folder and ending.
std::string captured_file_words(std::string file_name);

// `files`: name -> text. An error names file, line, fact and the command to capture it again; also
// if no file is of any part.
Result<NodeCapture> read_node_capture(const std::map<std::string, std::string>& files);

// Whether Calico names so its iptables chains, IP sets, tunnels.
bool is_calico_chain(std::string_view name);
bool has_calico_chains(const IptTables& tables);
bool is_calico_set(std::string_view name);
bool is_calico_tunnel(std::string_view device);
bool is_calico_nft_table(const std::string& name);

}  // namespace felixsim
