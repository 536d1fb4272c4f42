// SPDX-License-Identifier: Apache-2.0
// Folders of manifests as a cluster that may not run yet: what people keep in git. Workloads
// (Deployments and the like) stand for their pods, pods need no address, and what cannot be used is
// told instead of ending the reading.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/ip.h"

namespace felixsim {

struct ClusterManifests {
  std::vector<Event> events;  // datastore events, each with its place; what calicoctl stores first
  std::vector<std::string> unusable;  // "x.yaml:3:1: Foo 'bar': why"
  std::set<std::string>
      without_address;      // "ns/pod": they got one from 0.0.0.0/8 that means nothing
  std::vector<Cidr> pools;  // from which pods get addresses
  std::set<std::string> unknown_namespaces;  // of which only the name is known
};

// Reads all files, as far as they can be read. A file that is no YAML is told as unusable.
ClusterManifests read_cluster_manifests(const std::vector<std::string>& files);

}  // namespace felixsim
