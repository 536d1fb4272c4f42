// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/resources.h"

#include <fmt/format.h>

#include <array>

#include "model/datastore/k8s_objects.h"
#include "model/datastore/key_text.h"
#include "model/datastore/resource_shapes.h"
#include "model/datastore/v3_json.h"

namespace felixsim {
namespace {

struct Converter {
  std::string_view api_version, kind;
  void (*convert)(ResourceJob&);
};
constexpr std::array converters{
    Converter{"v1", "Pod", convert_pod},
    Converter{"v1", "Namespace", convert_namespace},
    Converter{"v1", "ServiceAccount", convert_service_account},
    Converter{"v1", "Node", convert_k8s_node},
    Converter{"v1", "Service", convert_service},
    Converter{"discovery.k8s.io/v1", "EndpointSlice", convert_endpoint_slice},
    Converter{"networking.k8s.io/v1", "NetworkPolicy", convert_k8s_network_policy},
    Converter{"policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy",
              convert_cluster_network_policy},
    Converter{"kubevirt.io/v1", "VirtualMachineInstanceMigration", convert_vm_migration},
};

const Converter* find_converter(std::string_view api_version, std::string_view kind) {
  for (const auto& converter : converters) {
    if (converter.api_version == api_version && converter.kind == kind) return &converter;
  }
  return nullptr;
}

bool is_calico(std::string_view api_version) {
  return api_version == "projectcalico.org/v3" || api_version == "crd.projectcalico.org/v1";
}

bool has_stored_name(std::string_view kind) {
  return kind == "NetworkPolicy" || kind == "GlobalNetworkPolicy" ||
         kind == "StagedNetworkPolicy" || kind == "StagedGlobalNetworkPolicy";
}

struct Head {
  std::string api_version, kind;
  ObjectMeta meta;
  std::string tier;
};

// What a deletion is about; the rest of the object does not matter.
void read_identity(JsonReader& in, JsonView view, ObjectMeta& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("name")) in.read(value, out.name);
    if (name.is("namespace")) in.read(value, out.ns);
  });
}

Head read_head(JsonReader& in, JsonView view, bool deleted) {
  Head head;
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("apiVersion")) in.read(value, head.api_version);
    if (name.is("kind")) in.read(value, head.kind);
    if (name.is("metadata"))
      deleted ? read_identity(in, value, head.meta) : read_metadata(in, value, head.meta);
    if (!name.is("spec") || value.type() != JsonView::Type::object) return;
    value.for_each_member([&](std::string_view inner, JsonView text) {
      if (FieldName(inner).is("tier")) head.tier = text.text().value_or("");
      return true;
    });
  });
  return head;
}

// The resource again, with the name and annotations that `meta` has; a kind that Felix does not
// watch as it is.
std::string stored_text(JsonReader& in, JsonView view, std::string_view kind,
                        const ObjectMeta& meta) {
  JsonWriter out;
  const auto shape = resource_shape(kind);
  if (shape.empty()) {
    copy_json(out, view);
    return std::move(out).take();
  }
  out.object([&] { write_resource_members(in, out, view, kind, meta); });
  return std::move(out).take();
}

void convert_calico(ResourceJob& job, Head& head) {
  const ResourceKey key{Symbol(head.kind),
                        Symbol(is_namespaced_kind(head.kind) ? head.meta.ns : ""),
                        Symbol(head.meta.name)};
  std::optional<std::string> text;
  if (!job.deleted) {
    if (has_stored_name(head.kind)) determine_policy_name(job.in, head.tier, head.meta);
    text = stored_text(job.in, job.view, head.kind, head.meta);
  }
  job.store_text(key.kind.view(), key.ns.view(), key.name.view(), std::move(text));
}

}  // namespace

bool is_known_resource(std::string_view api_version, std::string_view kind) {
  if (is_calico(api_version)) {
    return parse_key(key_text(ResourceKey{Symbol(kind), Symbol("n"), Symbol("n")})).kind ==
           ParsedKey::Kind::felix;
  }
  return find_converter(api_version, kind) != nullptr;
}

Result<ConvertedResource> convert_resource(std::string_view json, bool deleted,
                                           const ResourceOptions& options) {
  JsonParser parser;
  const auto view = parser.parse(json);
  if (!view) return invalid(view.error().message);
  JsonReader in;
  Head head = read_head(in, *view, deleted);
  if (!in.ok()) return invalid(in.error());
  if (!is_known_resource(head.api_version, head.kind)) {
    return fail(ErrorCode::unsupported,
                fmt::format("unknown kind '{}' of '{}'", head.kind, head.api_version));
  }
  if (head.meta.name.empty()) return invalid(fmt::format("{} without a name", head.kind));
  ConvertedResource out;
  ResourceJob job{in, *view, deleted, options, out};
  if (is_calico(head.api_version)) {
    convert_calico(job, head);
  } else {
    find_converter(head.api_version, head.kind)->convert(job);
  }
  if (!in.ok()) {
    return invalid(fmt::format("{} '{}': {}", head.kind, head.meta.name, in.error()));
  }
  return out;
}

}  // namespace felixsim
