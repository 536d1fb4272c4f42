// SPDX-License-Identifier: Apache-2.0
// A scenario file as a value: nodes, and steps that change the datastore and the hosts. Reads the
// recordings' scenario.yaml as they are, and the richer hand-written form of docs/scenario.md,
// whose comforts (cluster, pods, one-line probes) are expanded here. Every value knows its place.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/felix_version.h"
#include "felixsim/result.h"
#include "replay/scenario/yaml.h"

namespace felixsim {

using yaml::Place;

// Something done to a node by others than Felix: `json` is an action of docs/scenario.md, with
// {"felix": "stop|start|restart|kill"} among them.
struct HostAction {
  std::string node;
  std::string json;
  Place place;
};

struct ScenarioNode {
  std::string name;
  int number = 1;   // position in the file, from 1: gives default address and MAC
  std::string ip;   // "172.16.0.1/24"
  std::string ip6;  // "fd00:16::1/64"
  std::map<std::string, std::string> environment;  // Felix's, the scene's defaults included
  std::optional<std::string> felix_cfg;
  std::vector<std::string> kernel_lacks;
  std::string facts;             // JSON text of facts given in the file, over the scene's; or empty
  std::vector<HostAction> host;  // before Felix starts
  Place place;
};

// One change of the datastore in the words of the file.
struct DatastoreChange {
  enum class Kind : uint8_t { apply, remove, put, del };  // remove: calicoctl delete
  Kind kind = Kind::apply;
  std::string key;   // put and del
  std::string json;  // apply and remove: the resource; put: the value
  Place place;
};

enum class ProbeResult : uint8_t { allowed, blocked, refused };

struct Probe {
  std::string from, to;  // pod or node names as written; "ns/pod" outside of `default`
  std::string protocol;  // tcp, udp, icmp, sctp
  int port = 0;          // 0 for icmp
  bool v6 = false;
  std::optional<ProbeResult> expected;
  bool any_denial = false;  // "deny": refused will do for blocked
  std::string by;           // what must have decided: "default/db-only-web"; empty: anything
  Place place;
};

// What a step's end must look like on one node. Checked by replay/scenario/expectation.h.
struct Expectation {
  std::string node;  // from a file always a node's name; empty: every node
  std::string what;  // a text of `felixsim show --what` ("iptables", "routes", ...), or "messages"
  // Inside of `what`: "filter/cali-tw-web" (a chain), "cali40s:*" (an IP set); empty: all lines.
  // `*` stands for anything.
  std::string object;
  enum class Kind : uint8_t { has, lacks, exactly, absent, present };
  Kind kind = Kind::has;
  std::vector<std::string> lines;
  Place place;
};

struct Step {
  std::string name;
  std::vector<HostAction> host_before;
  std::vector<DatastoreChange> datastore;  // apply, delete, put, del: in this order
  std::vector<HostAction> host;
  std::vector<Probe> probes;
  std::vector<Expectation> expect;
  Place place;
};

struct Scenario {
  std::string file;  // as given to the loader; errors begin with it
  std::string name, description;
  std::vector<ScenarioNode> nodes;  // in order of the file
  std::vector<Step> steps;
};

// Errors: place, fact, fix. `file` only names the text.
Result<Scenario> load_scenario(std::string_view text, const std::string& file);

// The nodes alone, for recordings: what their steps did is in the events.
Result<std::vector<ScenarioNode>> load_scenario_nodes(std::string_view text,
                                                      const std::string& file);

// Everything that happens, in order: facts and first actions of the hosts; for each step
// host-before, apply, delete, put, del, host; in step 0 Felix starts last; a StepEvent ends each
// step. Datastore values are what that version's calicoctl stores (uid and creation time are
// invented: there is no clock); what it refuses to store is left out.
Result<std::vector<Event>> to_events(const Scenario& scenario,
                                     FelixVersion version = FelixVersion::v3_32);

// The complete facts of a node's host before Felix starts, as JSON: the scene's, and over them what
// the file says.
std::string host_facts(const ScenarioNode& node);

// Where each pod of the scenario is, as the last `workload` action says: for probes and reports.
struct ScenarioPod {
  std::string name, node, interface;
  std::vector<std::string> addresses;
};
std::vector<ScenarioPod> pods_after(const Scenario& scenario, size_t step);

}  // namespace felixsim
