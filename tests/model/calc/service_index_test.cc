// SPDX-License-Identifier: Apache-2.0
#include "model/calc/service_index.h"

#include "index_support.h"

using namespace felixsim;
using namespace felixsim::test;

namespace {

struct Fixture : MemberLog {
  calc::ServiceIndex index{{[this](Symbol set, const auto& member) { add('+', set, member); },
                            [this](Symbol set, const auto& member) { add('-', set, member); }}};

  void slice(const std::string& name, const std::string& service,
             const std::vector<std::string>& addresses,
             const std::vector<EndpointSlicePort>& ports) {
    EndpointSlice slice;
    slice.labels = labels({{"kubernetes.io/service-name", service}});
    slice.endpoint_addresses = {addresses};
    slice.ports = ports;
    index.on_update({resource_key("KubernetesEndpointSlice", name, "ns"), value(std::move(slice))});
  }
  void remove_slice(const std::string& name) {
    index.on_update({resource_key("KubernetesEndpointSlice", name, "ns"), nullptr});
  }
};

EndpointSlicePort port(std::optional<int> number, std::optional<std::string> protocol = {}) {
  return {std::nullopt, std::move(protocol), number};
}

}  // namespace

TEST_CASE("a service's set has the endpoints of its slices, with or without ports") {
  Fixture f;
  f.slice("s1", "web", {"10.0.0.1", "example.com"}, {port(80), port(53, "UDP"), port({}, "TCP")});
  f.index.add_ip_set(Symbol("svc:x"), Symbol("ns/web"));
  CHECK(f.take_sorted() == "+svc:x 10.0.0.1,tcp:80; +svc:x 10.0.0.1,udp:53");
  f.index.add_ip_set(Symbol("svcnoport:x"), Symbol("ns/web"));
  CHECK(f.take() == "+svcnoport:x 10.0.0.1/32");
  f.slice("s1", "web", {"10.0.0.2"}, {});
  CHECK(f.take_sorted() ==
        "+svcnoport:x 10.0.0.2/32; -svc:x 10.0.0.1,tcp:80; -svc:x 10.0.0.1,udp:53; "
        "-svcnoport:x 10.0.0.1/32");
  f.remove_slice("s1");
  CHECK(f.take() == "-svcnoport:x 10.0.0.2/32");
}

TEST_CASE("a member of two slices stays until both lose it") {
  Fixture f;
  f.index.add_ip_set(Symbol("svcnoport:x"), Symbol("ns/web"));
  f.slice("s1", "web", {"10.0.0.1"}, {});
  f.slice("s2", "web", {"10.0.0.1"}, {});
  CHECK(f.take() == "+svcnoport:x 10.0.0.1/32");
  f.remove_slice("s1");
  CHECK(f.take() == "");
  f.remove_slice("s2");
  CHECK(f.take() == "-svcnoport:x 10.0.0.1/32");
}

TEST_CASE(
    "removing a set tells its members, and another service's slices are none of its business") {
  Fixture f;
  f.index.add_ip_set(Symbol("svcnoport:x"), Symbol("ns/web"));
  f.slice("s1", "db", {"10.0.0.1"}, {});
  CHECK(f.take() == "");
  f.slice("s2", "web", {"10.0.0.2"}, {});
  f.take();
  f.index.remove_ip_set(Symbol("svcnoport:x"));
  f.index.remove_ip_set(Symbol("svcnoport:x"));
  CHECK(f.take() == "-svcnoport:x 10.0.0.2/32");
}

TEST_CASE("a slice that moves leaves its members with the old service and not with the new one") {
  Fixture f;
  f.index.add_ip_set(Symbol("svcnoport:old"), Symbol("ns/old"));
  f.index.add_ip_set(Symbol("svcnoport:new"), Symbol("ns/new"));
  f.slice("s", "old", {"10.0.0.1"}, {});
  f.take();
  f.slice("s", "new", {"10.0.0.1", "10.0.0.2"}, {});
  CHECK(f.take() ==
        "+svcnoport:new 10.0.0.1/32; +svcnoport:new 10.0.0.2/32; -svcnoport:new 10.0.0.1/32");
}
