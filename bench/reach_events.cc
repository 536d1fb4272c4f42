// SPDX-License-Identifier: Apache-2.0
#include "bench/reach_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "bench/reach_cluster.h"
#include "replay/capture/capture.h"
#include "sim/analysis/reach/live_matrix.h"
#include "sim/engine/datastore_view.h"

namespace felixsim::bench {
namespace {

// CPU time of this process, which other programs do not lengthen.
double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// A cluster, its calc graph and its matrix, moved on by manifests.
class Followed {
 public:
  // False: the manifests cannot be read.
  bool put(const std::string& manifests, bool deleted = false) {
    auto events = import_kubectl_text(manifests, "bench", nullptr);
    if (!events) return false;
    for (auto& event : *events)
      if (auto* change = std::get_if<DatastoreEvent>(&event.body)) {
        // What every datastore holds from the start comes with each manifest, and is no event.
        const auto known = values_.find(change->key);
        if (known != values_.end() && known->second == change->value && !deleted) continue;
        if (deleted && !is_deletable(change->key)) continue;
        if (deleted) change->value.reset();
        values_[change->key] = change->value;
        datastore_.put(*change);
      }
    return true;
  }
  void begin() {
    state_.update(datastore_.flush());
    live_.emplace(state_);
  }
  // What one event costs, in ms: the calc graph; the matrix, and one answer of it.
  struct Cost {
    double graph = 0, matrix = 0;
  };
  Cost follow() {
    const double begin = cpu_ms();
    const auto changes = state_.update(datastore_.flush());
    const double between = cpu_ms();
    live_->update(changes);
    const auto& ends = live_->addresses(IpFamily::v4).endpoints();
    live_->allowed(IpFamily::v4, ends.front(), ends.back());
    return {between - begin, cpu_ms() - between};
  }
  double written_out_ms() {
    const double begin = cpu_ms();
    live_->matrix();
    return cpu_ms() - begin;
  }
  double whole_ms() const {
    const double begin = cpu_ms();
    const auto matrix = compute_matrix(state_);
    return cpu_ms() - begin;
  }

 private:
  // Manifests hold other things, too: a pod's namespace has profiles, and every datastore tiers.
  static bool is_deletable(const std::string& key) {
    return key.find("workloadendpoint") != std::string::npos ||
           key.find("/globalnetworkpolicies/") != std::string::npos;
  }

  DatastoreView datastore_;
  std::map<std::string, std::optional<std::string>> values_;
  reach::ClusterState state_;
  std::optional<reach::LiveMatrix> live_;
};

struct Event {
  std::string manifests;
  bool deleted = false;
};

std::string pod(size_t number, size_t namespaces, const std::string& app) {
  return fmt::format(
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p{0:02}\n  namespace: ns{1:04}\n  labels:\n"
      "    app: {2}\n    tier: fe\n    release: r{3}\nspec:\n  nodeName: node{4}\n  containers:\n"
      "  - {{name: c, image: x, ports: [{{name: http, containerPort: 80, protocol: TCP}}]}}\n"
      "status: {{phase: Running, podIP: 10.{5}.{6}.{7}}}\n",
      number / namespaces, number % namespaces, app, number % 4, number % 50,
      1 + ((number + 1) >> 16), (number + 1) >> 8 & 255, (number + 1) & 255);
}

std::string name_space(size_t number, const std::string& team) {
  return fmt::format(
      "{{apiVersion: v1, kind: Namespace, metadata: {{name: ns{0:04}, labels: "
      "{{kubernetes.io/metadata.name: ns{0:04}, team: {1}, env: prod}}}}}}\n",
      number, team);
}

std::string small_policy(size_t number, size_t namespaces, int port) {
  return fmt::format(
      "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: np{:04}, "
      "namespace: ns{:04}}}, spec: {{podSelector: {{}}, policyTypes: [Ingress], ingress: [{{from: "
      "[{{podSelector: {{matchLabels: {{app: app-1}}}}}}], ports: [{{port: {}}}]}}]}}}}\n",
      number, number % namespaces, port);
}

std::string global_policy(const std::string& tier, const std::string& name,
                          const std::string& selector, const std::string& rule) {
  return fmt::format(
      "{{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {{name: {0}.{1}}}, "
      "spec: {{tier: {0}, order: 1, selector: \"{2}\", types: [Ingress], ingress: [{3}, {{action: "
      "Pass}}]}}}}\n",
      tier, name, selector, rule);
}

std::string policy_of_all(const std::string& selector, const std::string& rule) {
  return global_policy("platform", "all", selector, rule);
}

std::string network_set(size_t number) {
  std::string nets = "198.51.100.0/24";
  for (size_t i = 0; i < 50; ++i)
    nets += fmt::format(", 203.0.{}.{}/32", 113 + number % 2, (7 * i + number) % 256);
  return fmt::format(
      "{{apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet, metadata: {{name: feed, labels: "
      "{{feed: bad}}}}, spec: {{nets: [{}]}}}}\n",
      nets);
}

std::string tier(int order, const std::string& action) {
  return fmt::format(
      "{{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {{name: platform}}, spec: "
      "{{order: "
      "{}, defaultAction: {}}}}}\n",
      order, action);
}

const char* const deny_feed = "{action: Deny, source: {selector: \"feed == 'bad'\"}}";
const char* const deny_web = "{action: Deny, protocol: TCP, destination: {ports: [8081]}}";

double at(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1))];
}

// A kind of event: what each of a number of them cost.
struct Row {
  std::string name;
  std::vector<Followed::Cost> costs;
  double written_out = 0;
};
using Rows = std::vector<Row>;

void add_row(Followed& followed, Rows& rows, const std::string& name, size_t count,
             const std::function<Event(size_t)>& event) {
  Row& row = rows.emplace_back(Row{name, {}, 0});
  for (size_t i = 0; i < count; ++i) {
    const Event next = event(i);
    followed.put(next.manifests, next.deleted);
    row.costs.push_back(followed.follow());
  }
  row.written_out = followed.written_out_ms();
}

// The same events once more: of each the lesser cost, as the machine may have paused the other.
void keep_least(const Rows& again, Rows& rows) {
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t i = 0; i < rows[r].costs.size(); ++i) {
      const auto &one = again[r].costs[i], &other = rows[r].costs[i];
      if (one.graph + one.matrix < other.graph + other.matrix) rows[r].costs[i] = one;
    }
    rows[r].written_out = std::min(rows[r].written_out, again[r].written_out);
  }
}

void print_row(const Row& row) {
  std::vector<double> both;
  double sum = 0, graph = 0;
  for (const auto& cost : row.costs) {
    both.push_back(cost.graph + cost.matrix);
    sum += both.back();
    graph += cost.graph;
  }
  std::sort(both.begin(), both.end());
  const auto n = static_cast<double>(both.size());
  fmt::print("{:<44} {:>6} {:>7.2f} {:>7.2f} {:>7.2f} {:>7.2f} {:>9.2f} {:>9.1f}\n", row.name,
             both.size(), sum / n, at(both, 0.5), at(both, 0.99), both.back(), graph / n,
             row.written_out);
}

Rows rows_of(Followed& followed, size_t pods, size_t policies, size_t namespaces) {
  Rows rows;
  constexpr size_t many = 300, few = 40;
  const auto third = [&](size_t i) { return i * 37 % pods; };
  add_row(followed, rows, "pod relabelled", many, [&](size_t i) {
    return Event{pod(third(i), namespaces, "app-3"), false};
  });
  add_row(followed, rows, "pod deleted", many, [&](size_t i) {
    return Event{pod(third(i), namespaces, "app-3"), true};
  });
  add_row(followed, rows, "pod added", many, [&](size_t i) {
    return Event{pod(third(i), namespaces, "app-5"), false};
  });
  add_row(followed, rows, "namespace's labels changed", many, [&](size_t i) {
    return Event{name_space(i * 7 % namespaces, i % 2 ? "red" : "blue"), false};
  });
  add_row(followed, rows, "policy of a namespace replaced", many, [&](size_t i) {
    return Event{small_policy(i * 7 % policies, namespaces, i % 2 ? 80 : 443), false};
  });
  add_row(followed, rows, "policy with a new port", few, [&](size_t i) {
    return Event{small_policy(i * 7 % policies, namespaces, 20000 + static_cast<int>(i)), false};
  });
  add_row(followed, rows, "network set in every pod's policy changed", few, [&](size_t i) {
    return Event{network_set(i), false};
  });
  add_row(followed, rows, "every pod's policy: another rule", few, [&](size_t i) {
    return Event{policy_of_all("all()", i % 2 ? deny_feed : deny_web), false};
  });
  add_row(followed, rows, "policy that selected all: selects a quarter", few, [&](size_t i) {
    return Event{policy_of_all(i % 2 ? "all()" : "release == 'r1'", deny_feed), false};
  });
  for (const std::string tier : {"platform", "default"})
    add_row(followed, rows, "policy of most pods comes, goes: " + tier, few, [&](size_t i) {
      return Event{global_policy(tier, fmt::format("x{}", i / 2), "release != 'r1'", deny_web),
                   i % 2 == 1};
    });
  add_row(followed, rows, "every pod's tier: another default action", few, [&](size_t i) {
    return Event{tier(100, i % 2 ? "Pass" : "Deny"), false};
  });
  add_row(followed, rows, "every pod's tier: another order", few, [&](size_t i) {
    return Event{tier(i % 2 ? 100 : 2000000, "Pass"), false};
  });
  return rows;
}

}  // namespace

bool print_reach_events(const std::filesystem::path& folder, size_t pods, size_t policies) {
  write_reach_cluster(folder, pods, policies);
  constexpr int runs = 3;
  Rows rows;
  for (int run = 0; run < runs; ++run) {
    Followed followed;
    for (const char* name : {"namespaces.yaml", "pods.yaml", "policies.yaml"}) {
      std::ostringstream text;
      text << std::ifstream(folder / name).rdbuf();
      if (!followed.put(text.str())) return false;
    }
    if (!followed.put(tier(100, "Pass")) || !followed.put(policy_of_all("all()", deny_feed)) ||
        !followed.put(network_set(0)))
      return false;
    followed.begin();
    if (run == 0)
      fmt::print(
          "\nafter one event, {} pods and {} policies (computed whole: {:.1f} ms); of each event "
          "the "
          "least of {} runs\n",
          pods, policies, followed.whole_ms(), runs);
    const Rows these = rows_of(followed, pods, policies, std::max<size_t>(1, pods / 20));
    if (run == 0)
      rows = these;
    else
      keep_least(these, rows);
  }
  fmt::print("{:<44} {:>6} {:>7} {:>7} {:>7} {:>7} {:>9} {:>9}\n", "the matrix is up to date in ms",
             "events", "mean", "p50", "p99", "max", "its graph", "+ all out");
  for (const Row& row : rows) print_row(row);
  return true;
}

}  // namespace felixsim::bench
