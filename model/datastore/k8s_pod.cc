// SPDX-License-Identifier: Apache-2.0
// Pods as WorkloadEndpoints (libcalico-go/lib/backend/k8s/conversion/workload_endpoint_default.go).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/datastore/k8s_objects.h"
#include "model/datastore/quantity.h"
#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_json.h"
#include "model/hash/hash.h"

namespace felixsim {
namespace {

constexpr std::string_view pod_ip_annotation = "cni.projectcalico.org/podIP";
constexpr std::string_view pod_ips_annotation = "cni.projectcalico.org/podIPs";
constexpr std::string_view aws_pod_ips_annotation = "vpc.amazonaws.com/pod-ips";

struct PodPort {
  std::string name, protocol, host_ip;
  int32_t container_port = 0, host_port = 0;
};

struct Pod {
  ObjectMeta meta;
  std::string node, service_account, phase, ip;
  bool host_network = false;
  std::vector<std::string> ips;
  std::vector<PodPort> ports, init_ports;

  const std::string* annotation(std::string_view name) const {
    const auto at = meta.annotations.find(std::string(name));
    return at == meta.annotations.end() ? nullptr : &at->second;
  }
  // As a Go map gives it: empty where there is none.
  std::string annotation_text(std::string_view name) const {
    const std::string* text = annotation(name);
    return text != nullptr ? *text : "";
  }
};

void read_containers(JsonReader& in, JsonView view, std::vector<PodPort>& out) {
  in.list(
      view,
      [&](JsonView container) {
        in.object(container, [&](FieldName part, JsonView ports) {
          if (!part.is("ports")) return;
          in.list(
              ports,
              [&](JsonView element) {
                PodPort port;
                in.object(element, [&](FieldName name, JsonView value) {
                  if (name.is("name")) in.read(value, port.name);
                  if (name.is("protocol")) in.read(value, port.protocol);
                  if (name.is("hostIP")) in.read(value, port.host_ip);
                  if (name.is("containerPort")) in.read(value, port.container_port);
                  if (name.is("hostPort")) in.read(value, port.host_port);
                });
                out.push_back(std::move(port));
              },
              [] {});
        });
      },
      [&] { out.clear(); });
}

Pod read_pod(JsonReader& in, JsonView view) {
  Pod pod;
  in.object(view, [&](FieldName part, JsonView body) {
    if (part.is("metadata")) read_metadata(in, body, pod.meta);
    if (part.is("spec")) {
      in.object(body, [&](FieldName name, JsonView value) {
        if (name.is("nodeName")) in.read(value, pod.node);
        if (name.is("serviceAccountName")) in.read(value, pod.service_account);
        if (name.is("hostNetwork")) in.read(value, pod.host_network);
        if (name.is("containers")) read_containers(in, value, pod.ports);
        if (name.is("initContainers")) read_containers(in, value, pod.init_ports);
      });
    }
    if (!part.is("status")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("phase")) in.read(value, pod.phase);
      if (name.is("podIP")) in.read(value, pod.ip);
      if (!name.is("podIPs")) return;
      in.list(
          value,
          [&](JsonView element) {
            std::string ip;
            in.object(element, [&](FieldName inner, JsonView text) {
              if (inner.is("ip")) in.read(text, ip);
            });
            pod.ips.push_back(std::move(ip));
          },
          [&] { pod.ips.clear(); });
    });
  });
  return pod;
}

// names.escapeDashes; an empty part, or one with a dash at an end, makes no name.
bool append_name_part(ResourceJob& job, std::string_view field, std::string_view part,
                      std::string& name) {
  if (part.empty() || part.front() == '-' || part.back() == '-') {
    job.in.fail(fmt::format("{}: '{}' cannot be part of an endpoint's name", field, part));
    return false;
  }
  if (!name.empty()) name.push_back('-');
  for (const char c : part) name.append(c == '-' ? "--" : std::string(1, c));
  return true;
}

std::string endpoint_name(ResourceJob& job, const Pod& pod) {
  std::string name;
  append_name_part(job, "spec.nodeName", pod.node, name) &&
      append_name_part(job, "", "k8s", name) &&
      append_name_part(job, "metadata.name", pod.meta.name, name) &&
      append_name_part(job, "", "eth0", name);
  return name;
}

// conversion.go IsFinished: the pod no longer owns its addresses.
bool is_finished(const Pod& pod) {
  if (!pod.meta.deletion_timestamp.empty()) {
    for (const auto name : {pod_ip_annotation, aws_pod_ips_annotation}) {
      const std::string* ip = pod.annotation(name);
      if (ip != nullptr && ip->empty()) return true;
    }
  }
  return pod.phase == "Failed" || pod.phase == "Succeeded" || pod.phase == "Completed";
}

std::vector<std::string> comma_separated(std::string_view text) {
  std::vector<std::string> out;
  for (size_t start = 0;;) {
    const size_t comma = text.find(',', start);
    out.emplace_back(text.substr(start, comma == text.npos ? comma : comma - start));
    if (comma == text.npos) return out;
    start = comma + 1;
  }
}

// getPodIPs: from the status, or from what a CNI plugin noted.
std::vector<Cidr> pod_nets(ResourceJob& job, const Pod& pod) {
  std::vector<std::string> texts = pod.ips;
  if (texts.empty() && !pod.ip.empty()) texts = {pod.ip};
  for (const auto name : {pod_ips_annotation, pod_ip_annotation, aws_pod_ips_annotation}) {
    const std::string text = pod.annotation_text(name);
    if (!texts.empty() || text.empty()) continue;
    texts = name == pod_ip_annotation ? std::vector{text} : comma_separated(text);
  }
  std::vector<Cidr> out;
  for (const auto& text : texts) {
    const auto net = parse_net(text);
    if (!net) {
      job.in.fail(fmt::format("pod IP '{}' is no address", text));
      return {};
    }
    out.push_back(*net);
  }
  return is_finished(pod) ? std::vector<Cidr>{} : out;
}

// A list of texts in an annotation.
std::vector<std::string> annotation_list(ResourceJob& job, std::string_view name,
                                         const std::string& json) {
  std::vector<std::string> out;
  JsonParser parser;
  const auto view = parser.parse(json);
  JsonReader in;
  if (view) in.read(*view, out);
  if (!view || !in.ok()) {
    job.in.fail(fmt::format("annotation {}: {}", name, view ? in.error() : view.error().message));
  }
  return out;
}

struct FloatingIp {
  std::string internal, external;
};

std::vector<FloatingIp> floating_ips(ResourceJob& job, const Pod& pod,
                                     const std::vector<Cidr>& nets) {
  constexpr std::string_view name = "cni.projectcalico.org/floatingIPs";
  const std::string* json = pod.annotation(name);
  if (json == nullptr || nets.empty()) return {};
  const auto externals = annotation_list(job, name, *json);
  std::optional<Ip> v4, v6;
  for (const Cidr& net : nets) {
    if (net.is_none()) continue;
    if (net.length != net.address.max_prefix()) {
      job.in.fail(fmt::format("pod IP {} is not a single address", net.str()));
    }
    (net.address.is_v4() ? v4 : v6) = net.address;
  }
  std::vector<FloatingIp> out;
  for (const auto& external : externals) {
    const auto& internal = external.find(':') != external.npos ? v6 : v4;
    if (internal) out.push_back({internal->str(), external});
  }
  return out;
}

std::vector<std::string> allowed_sources(ResourceJob& job, const Pod& pod) {
  constexpr std::string_view name = "cni.projectcalico.org/allowedSourcePrefixes";
  const std::string json = pod.annotation_text(name);
  if (json.empty()) return {};
  std::vector<std::string> out;
  for (const auto& text : annotation_list(job, name, json)) {
    const auto cidr = Cidr::parse(text);
    if (!cidr) job.in.fail(fmt::format("annotation {}: '{}' is no network", name, text));
    if (cidr) out.push_back(cidr->str());
  }
  return out;
}

struct QosRow {
  std::string_view annotation;
  int64_t QosControls::*field;
  int64_t low, high;
};
constexpr int64_t kilo = 1000, tera = int64_t{1000} * 1000 * 1000 * 1000;
constexpr int64_t max_burst = int64_t{4294967295} * 8, max_packets = 10 * kilo;
// Limits and order of workload_endpoint_default.go: Calico's annotations override Kubernetes'.
constexpr std::array qos_rows{
    QosRow{"kubernetes.io/ingress-bandwidth", &QosControls::ingress_bandwidth, kilo, kilo* tera},
    QosRow{"kubernetes.io/egress-bandwidth", &QosControls::egress_bandwidth, kilo, kilo* tera},
    QosRow{"qos.projectcalico.org/ingressBandwidth", &QosControls::ingress_bandwidth, kilo,
           kilo* tera},
    QosRow{"qos.projectcalico.org/egressBandwidth", &QosControls::egress_bandwidth, kilo,
           kilo* tera},
    QosRow{"qos.projectcalico.org/ingressBurst", &QosControls::ingress_burst, kilo, max_burst},
    QosRow{"qos.projectcalico.org/egressBurst", &QosControls::egress_burst, kilo, max_burst},
    QosRow{"qos.projectcalico.org/ingressPeakrate", &QosControls::ingress_peakrate, 1010,
           1010 * tera},
    QosRow{"qos.projectcalico.org/egressPeakrate", &QosControls::egress_peakrate, 1010,
           1010 * tera},
    QosRow{"qos.projectcalico.org/ingressMinburst", &QosControls::ingress_minburst, kilo,
           100 * kilo* kilo},
    QosRow{"qos.projectcalico.org/egressMinburst", &QosControls::egress_minburst, kilo,
           100 * kilo* kilo},
    QosRow{"qos.projectcalico.org/ingressPacketRate", &QosControls::ingress_packet_rate, 1,
           max_packets},
    QosRow{"qos.projectcalico.org/egressPacketRate", &QosControls::egress_packet_rate, 1,
           max_packets},
    QosRow{"qos.projectcalico.org/ingressPacketBurst", &QosControls::ingress_packet_burst, 1,
           max_packets},
    QosRow{"qos.projectcalico.org/egressPacketBurst", &QosControls::egress_packet_burst, 1,
           max_packets},
    QosRow{"qos.projectcalico.org/ingressMaxConnections", &QosControls::ingress_max_connections, 1,
           4294967295},
    QosRow{"qos.projectcalico.org/egressMaxConnections", &QosControls::egress_max_connections, 1,
           4294967295}};

// Controls that only make sense beside others are dropped or completed.
void settle_direction(int64_t bandwidth, int64_t& burst, int64_t& peakrate, int64_t& minburst,
                      int64_t packet_rate, int64_t& packet_burst) {
  constexpr int64_t default_burst = int64_t{4} << 30, default_packet_burst = 5;
  if (bandwidth == 0) burst = 0;
  if (bandwidth == 0 || bandwidth >= peakrate) peakrate = 0;
  if (peakrate == 0) minburst = 0;
  if (packet_rate == 0) packet_burst = 0;
  if (bandwidth != 0 && burst == 0) burst = default_burst;
  if (packet_rate != 0 && packet_burst == 0) packet_burst = default_packet_burst;
}

QosControls pod_qos(const Pod& pod) {
  QosControls qos;
  for (const QosRow& row : qos_rows) {
    const std::string* text = pod.annotation(row.annotation);
    if (text == nullptr) continue;
    const auto value = parse_quantity(*text);
    qos.*row.field = value ? std::clamp(*value, row.low, row.high) : 0;
  }
  settle_direction(qos.ingress_bandwidth, qos.ingress_burst, qos.ingress_peakrate,
                   qos.ingress_minburst, qos.ingress_packet_rate, qos.ingress_packet_burst);
  settle_direction(qos.egress_bandwidth, qos.egress_burst, qos.egress_peakrate, qos.egress_minburst,
                   qos.egress_packet_rate, qos.egress_packet_burst);
  if (const std::string* text = pod.annotation("qos.projectcalico.org/dscp")) {
    if (const auto dscp = parse_dscp(*text)) {
      qos.dscp = dscp->value;
      qos.dscp_name = dscp->name;
    }
  }
  return qos;
}

Labels endpoint_labels(const Pod& pod) {
  StringMap labels;
  if (pod.meta.labels) {
    for (const auto& [name, value] : *pod.meta.labels) labels.emplace(name.str(), value.str());
  }
  labels.insert_or_assign("projectcalico.org/namespace", pod.meta.ns);
  labels.insert_or_assign("projectcalico.org/orchestrator", "k8s");
  if (!pod.service_account.empty() && pod.service_account.size() < 63) {
    labels.insert_or_assign("projectcalico.org/serviceaccount", pod.service_account);
  }
  auto out = std::make_shared<LabelMap>();
  for (const auto& [name, value] : labels) out->emplace_back(Symbol(name), Symbol(value));
  return out;
}

void write_ports(JsonWriter& out, const Pod& pod) {
  std::vector<PodPort> ports;
  for (const auto* list : {&pod.ports, &pod.init_ports}) {
    for (const PodPort& port : *list) {
      const bool known = port.protocol.empty() || port.protocol == "TCP" ||
                         port.protocol == "UDP" || port.protocol == "SCTP";
      const bool named = port.host_port != 0 || !port.name.empty();
      if (port.container_port != 0 && named && known) ports.push_back(port);
    }
  }
  out.optional_list("ports", ports, [&](const PodPort& port) {
    out.object([&] {
      out.member("name", port.name);
      out.member("protocol", port.protocol.empty() ? "TCP" : port.protocol);
      out.member_integer("port", static_cast<uint16_t>(port.container_port));
      out.member_integer("hostPort", static_cast<uint16_t>(port.host_port));
      out.member("hostIP", port.host_ip);
    });
  });
}

// VethNameForWorkload.
std::string interface_name(const Pod& pod, const ResourceOptions& options) {
  const std::string prefix =
      options.interface_prefix.empty() ? "cali" : comma_separated(options.interface_prefix)[0];
  return prefix + hex(sha1({pod.meta.ns, ".", pod.meta.name})).substr(0, 11);
}

void write_spec(ResourceJob& job, const Pod& pod, JsonWriter& out) {
  std::vector<std::string> profiles{"kns." + pod.meta.ns};
  if (!pod.service_account.empty()) {
    profiles.push_back(fmt::format("ksa.{}.{}", pod.meta.ns.empty() ? "default" : pod.meta.ns,
                                   pod.service_account));
  }
  const std::vector<Cidr> nets = pod_nets(job, pod);
  const QosControls qos = pod_qos(pod);
  out.name("spec");
  out.object([&] {
    out.member("orchestrator", "k8s");
    out.member("node", pod.node);
    out.optional("containerID", pod.annotation_text("cni.projectcalico.org/containerID"));
    out.member("pod", pod.meta.name);
    out.member("endpoint", "eth0");
    out.optional("serviceAccountName", pod.service_account);
    out.optional("ipNetworks", nets);
    out.optional_list("ipNATs", floating_ips(job, pod, nets), [&](const FloatingIp& ip) {
      out.object([&] {
        out.member("internalIP", ip.internal);
        out.member("externalIP", ip.external);
      });
    });
    out.optional("profiles", profiles);
    out.member("interfaceName", interface_name(pod, job.options));
    write_ports(out, pod);
    out.optional("allowSpoofedSourcePrefixes", allowed_sources(job, pod));
    if (qos == QosControls{}) return;
    out.name("qosControls");
    write_qos(out, qos);
  });
}

}  // namespace

void convert_pod(ResourceJob& job) {
  const Pod pod = read_pod(job.in, job.view);
  if (!job.in.ok()) return;
  if (pod.host_network || pod.node.empty()) {
    job.out.skipped = pod.host_network ? "the pod is in the host's network namespace"
                                       : "the pod is not scheduled to a node";
    return;
  }
  const std::string name = endpoint_name(job, pod);
  if (!job.in.ok()) return;
  job.store("WorkloadEndpoint", pod.meta.ns, name, [&] {
    ObjectMeta meta;
    meta.name = name;
    meta.ns = pod.meta.ns;
    meta.uid = pod.meta.uid;
    meta.generate_name = pod.meta.generate_name;
    meta.creation_timestamp = pod.meta.creation_timestamp;
    meta.labels = endpoint_labels(pod);
    constexpr std::string_view kept = "k8s.v1.cni.cncf.io/network-status";
    if (const std::string* status = pod.annotation(kept)) meta.annotations.emplace(kept, *status);
    return v3_resource_text("WorkloadEndpoint", meta,
                            [&](JsonWriter& out) { write_spec(job, pod, out); });
  });
}

}  // namespace felixsim
