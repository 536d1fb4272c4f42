// SPDX-License-Identifier: Apache-2.0
// The graph as a whole, in small stories.
#include "model/calc/calc_graph.h"

#include "model/calc/message_json.h"
#include "model/datastore/key_text.h"
#include "model/datastore/value_text.h"

using namespace felixsim;
using namespace felixsim::calc;

namespace {

const std::string web = "/calico/v1/host/local/workload/k8s/ns%2fweb/endpoint/eth0";
const std::string web_value =
    R"({"state":"active","name":"cali1","profile_ids":["kns.ns"],"ipv4_nets":["10.0.0.1/32"],)"
    R"("labels":{"app":"web"}})";
const std::string policy = "/calico/v1/policy/GlobalNetworkPolicy//p";
const std::string web_to_web =
    R"({"tier":"default","selector":"app == 'web'",)"
    R"("inbound_rules":[{"action":"allow","src_selector":"app == 'web'"}]})";
const std::string everywhere =
    R"x({"tier":"default","selector":"all()","performance_hints":["AssumeNeededOnEveryNode"]})x";
const std::string plain = R"x({"tier":"default","selector":"all()"})x";
const std::string ordered = R"x({"tier":"default","order":1,"selector":"all()"})x";
const std::string allow = R"({"inbound_rules":[{"action":"allow"}]})";

class Story {
 public:
  Story() : graph_(options()) {}

  // Puts the value, flushes, and returns the names of the messages with their count.
  std::string put(const std::string& key, const std::string& value) {
    const ParsedKey parsed = parse_key(key);
    return apply({parsed.key, parse_value(parsed, value).value()});
  }
  std::string remove(const std::string& key) { return apply({parse_key(key).key, nullptr}); }
  std::string in_sync() {
    graph_.on_status(SyncStatus::in_sync);
    return flush();
  }
  std::string flush() {
    std::string out;
    last.clear();
    for (const auto& message : graph_.flush()) {
      out += (out.empty() ? "" : " ") + std::string(message_name(message));
      last += message_json(message) + "\n";
    }
    return out;
  }
  CalcGraph& graph() { return graph_; }
  std::string last;  // the bodies of the last flush

 private:
  static GraphOptions options() {
    GraphOptions options;
    options.hostname = Symbol("local");
    return options;
  }
  std::string apply(const Update& update) {
    graph_.on_updates({&update, 1});
    return flush();
  }
  CalcGraph graph_;
};

}  // namespace

TEST_CASE("before in-sync policies and profiles are sent, endpoints are not") {
  Story story;
  CHECK(story.put(web, web_value) == "ActiveProfileUpdate");
  CHECK(story.put(policy, plain) == "ActivePolicyUpdate");
  CHECK(story.in_sync() == "DatastoreNotReady WorkloadEndpointUpdate Encapsulation InSync");
  CHECK(story.in_sync().empty());
}

TEST_CASE("a missing profile drops everything until it is there") {
  Story story;
  story.put(web, web_value);
  CHECK(story.last.find("deny") != std::string::npos);
  CHECK(story.put("/calico/v1/policy/profile/kns.ns/rules", allow) == "ActiveProfileUpdate");
  CHECK(story.last.find("deny") == std::string::npos);
}

TEST_CASE("an invalid value acts as a deletion") {
  Story story;
  story.in_sync();
  story.put(web, web_value);
  CHECK(story.put(web, "{}") == "WorkloadEndpointRemove ActiveProfileRemove");
}

TEST_CASE("an IP set lives as long as a rule names it") {
  Story story;
  story.in_sync();
  story.put(web, web_value);
  CHECK(story.put(policy, web_to_web) == "IPSetUpdate ActivePolicyUpdate WorkloadEndpointUpdate");
  CHECK(story.last.find("10.0.0.1/32") != std::string::npos);
  CHECK(story.remove(policy) == "WorkloadEndpointUpdate ActivePolicyRemove IPSetRemove");
}

TEST_CASE("an update that changes nothing is not told; one that only changes order is") {
  Story story;
  story.in_sync();
  story.put(web, web_value);
  story.put(policy, plain);
  CHECK(story.put(policy, plain).empty());
  CHECK(story.put(policy, ordered) == "ActivePolicyUpdate WorkloadEndpointUpdate");
}

TEST_CASE("a policy that is needed everywhere needs no endpoint") {
  Story story;
  CHECK(story.put(policy, everywhere) == "ActivePolicyUpdate");
  CHECK(story.remove(policy) == "ActivePolicyRemove");
}

TEST_CASE("after what makes Felix panic nothing is computed") {
  Story story;
  story.put("/calico/v1/host/other/bird_ip", "10.0.0.1");
  CHECK(story.put("/calico/v1/host/other/bird_ip", "no address").empty());
  CHECK(story.graph().panic().has_value());
  CHECK(story.put(web, web_value).empty());
}

TEST_CASE("a network without an address, or what the syncer dies of, ends Felix") {
  struct Case {
    std::string name, key, value;
  };
  for (const auto& c : {
           Case{"an empty network of a set", "/calico/v1/netset/n", R"({"nets":[""]})"},
           Case{"an empty network of an endpoint", web, R"({"name":"cali1","ipv4_nets":[""]})"},
           Case{"a field that the validator takes for a list",
                "/calico/resources/v3/projectcalico.org/felixconfigurations/some",
                R"({"metadata":{"name":"some"},"spec":{"bpfExportBufferSizeMB":1}})"},
       }) {
    DYNAMIC_SECTION(c.name) {
      Story story;
      CHECK(story.put(c.key, c.value).empty());
      CHECK(story.graph().panic().has_value());
    }
  }
}

TEST_CASE("members on their way to the sequencer are counted, those that go too") {
  Story story;
  story.put(policy, R"x({"tier":"default","selector":"all()",)x"
                    R"x("performance_hints":["AssumeNeededOnEveryNode"],)x"
                    R"x("inbound_rules":[{"action":"allow","src_selector":"app == 'web'"}]})x");
  story.put(web, web_value);
  story.remove(web);
  const GraphDescription graph = story.graph().describe();
  const auto members =
      std::find_if(graph.edges.begin(), graph.edges.end(),
                   [](const GraphEdge& edge) { return edge.from == "IP set member index"; });
  REQUIRE(members != graph.edges.end());
  CHECK(members->to == "event sequencer");
  CHECK(members->passed == 2);
}

TEST_CASE("the graph is drawn with what passed along its edges, and is acyclic") {
  Story story;
  story.put(web, web_value);
  const GraphDescription graph = story.graph().describe();
  CHECK(graph.nodes.front() == "all updates");
  CHECK(graph.nodes.back() == "dataplane");
  const auto find = [&](const std::string& from, const std::string& to) {
    return std::find_if(graph.edges.begin(), graph.edges.end(),
                        [&](const GraphEdge& edge) { return edge.from == from && edge.to == to; });
  };
  CHECK(find("all updates", "local endpoints")->passed == 1);
  CHECK(find("event sequencer", "dataplane")->passed == 1);
  CHECK(find("L3 route resolver", "event sequencer") == graph.edges.end());
  CHECK(to_dot(graph).find(R"("event sequencer" -> "dataplane" [label="messages\n1"])") !=
        std::string::npos);
}

TEST_CASE("a policy that comes again as it was is told again only if it has an empty list") {
  Story story;
  story.put(web, web_value);
  story.in_sync();
  story.put(policy, plain);
  CHECK(story.put(policy, plain) == "");
  const std::string empty = R"x({"tier":"default","selector":"all()","inbound_rules":[]})x";
  CHECK(story.put(policy, empty) == "ActivePolicyUpdate");
  CHECK(story.put(policy, empty) == "ActivePolicyUpdate");
  const std::string none_in_a_rule =
      R"x({"tier":"default","selector":"all()","inbound_rules":[{"action":"deny","src_nets":[]}]})x";
  story.put(policy, none_in_a_rule);
  CHECK(story.put(policy, none_in_a_rule) == "ActivePolicyUpdate");
}
