// SPDX-License-Identifier: Apache-2.0
// Namespaces, service accounts, policies, services, migrations (conversion.go, livemigration.go).
#include "model/datastore/k8s_objects.h"

#include <fmt/format.h>

#include "felixsim/keys.h"
#include "model/datastore/k8s_policy.h"
#include "model/datastore/key_text.h"
#include "model/datastore/resource_shapes.h"
#include "model/datastore/v3_json.h"

namespace felixsim {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The 32 digits of a UUID in one of the forms that uuid.Parse takes.
std::optional<std::string> uuid_digits(std::string_view text) {
  if (text.size() == 45 && FieldName(text.substr(0, 9)).is("urn:uuid:")) text.remove_prefix(9);
  if (text.size() == 38) text = text.substr(1, 36);
  std::string digits;
  if (text.size() == 36) {
    for (size_t i = 0; i < text.size(); ++i) {
      const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
      if (dash != (text[i] == '-')) return std::nullopt;
      if (!dash) digits.push_back(text[i]);
    }
  } else if (text.size() == 32) {
    digits = text;
  }
  if (digits.size() != 32) return std::nullopt;
  for (const char c : digits) {
    if (hex_value(c) < 0) return std::nullopt;
  }
  return digits;
}

uint8_t reversed_bits(uint8_t byte) {
  uint8_t out = 0;
  for (int i = 0; i < 8; ++i) out = static_cast<uint8_t>((out << 1) | ((byte >> i) & 1));
  return out;
}

ObjectMeta metadata_of(ResourceJob& job) {
  ObjectMeta meta;
  job.in.object(job.view, [&](FieldName name, JsonView value) {
    if (name.is("metadata")) read_metadata(job.in, value, meta);
  });
  return meta;
}

// The UID of the derived resource; a bad one makes the conversion impossible.
std::string derived_uid(ResourceJob& job, const std::string& uid) {
  const auto reversed = reversed_uid(uid);
  if (!reversed) job.in.fail(fmt::format("metadata.uid: '{}' is no UUID", uid));
  return reversed.value_or("");
}

StringMap prefixed_labels(const Labels& labels, std::string_view prefix, const std::string& name) {
  StringMap out;
  if (labels) {
    for (const auto& [key, value] : *labels) {
      out.emplace(fmt::format("{}{}", prefix, key.view()), value.str());
    }
  }
  out.insert_or_assign(fmt::format("{}projectcalico.org/name", prefix), name);
  return out;
}

// Metadata of a resource that stands for another object.
ObjectMeta derived_meta(const ObjectMeta& meta, std::string name, std::string uid) {
  ObjectMeta out;
  out.name = std::move(name);
  out.uid = std::move(uid);
  out.creation_timestamp = meta.creation_timestamp;
  return out;
}

// A Kubernetes object as Go prints it.
std::string object_text(ResourceJob& job, std::string_view kind, const ObjectMeta& meta) {
  JsonWriter out;
  out.object([&] { write_resource_members(job.in, out, job.view, kind, meta); });
  return std::move(out).take();
}

struct VmMigration {
  std::string phase, vmi_name, source_pod;
};

VmMigration read_vm_migration(ResourceJob& job) {
  VmMigration out;
  job.in.object(job.view, [&](FieldName part, JsonView body) {
    if (!part.is("spec") && !part.is("status")) return;
    job.in.object(body, [&](FieldName name, JsonView value) {
      if (part.is("spec") && name.is("vmiName")) job.in.read(value, out.vmi_name);
      if (!part.is("status")) return;
      if (name.is("phase")) job.in.read(value, out.phase);
      if (!name.is("migrationState")) return;
      job.in.object(value, [&](FieldName inner, JsonView text) {
        if (inner.is("sourcePod")) job.in.read(text, out.source_pod);
      });
    });
  });
  return out;
}

bool is_visible_phase(std::string_view phase) {
  return phase == "Scheduling" || phase == "Scheduled" || phase == "PreparingTarget" ||
         phase == "TargetReady" || phase == "Running" || phase == "Failed";
}

std::string migration_text(const ObjectMeta& meta, const VmMigration& migration) {
  return v3_resource_text("LiveMigration", meta, [&](JsonWriter& out) {
    out.name("spec");
    out.object([&] {
      out.optional_object("source", [&] {
        if (migration.source_pod.empty()) return;
        out.optional_object("workload", [&] {
          out.member("orchestratorID", "k8s");
          out.member("workloadID", fmt::format("{}/{}", meta.ns, migration.source_pod));
        });
      });
      out.optional_object("target", [&] {
        out.member("selector",
                   fmt::format("(vmi.kubevirt.io/id == '{0}' || vm.kubevirt.io/name == '{0}') "
                               "&& kubevirt.io/migrationJobUID == '{1}'",
                               migration.vmi_name, meta.uid));
      });
    });
  });
}

}  // namespace

void ResourceJob::store_text(std::string_view kind, std::string_view ns, std::string_view name,
                             std::optional<std::string> text) {
  const ResourceKey key{Symbol(kind), Symbol(ns), Symbol(name)};
  out.stored.push_back({key_text(key), std::move(text)});
}

std::optional<std::string> reversed_uid(std::string_view uid) {
  const auto digits = uuid_digits(uid);
  if (!digits) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < 16; ++i) {
    auto byte =
        static_cast<uint8_t>(hex_value((*digits)[2 * i]) * 16 + hex_value((*digits)[2 * i + 1]));
    if (i != 6 && i != 8) byte = reversed_bits(byte);
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    fmt::format_to(std::back_inserter(out), "{:02x}", byte);
  }
  return out;
}

void convert_namespace(ResourceJob& job) {
  const ObjectMeta meta = metadata_of(job);
  const std::string name = "kns." + meta.name;
  job.store("Profile", "", name, [&] {
    const ObjectMeta derived = derived_meta(meta, name, derived_uid(job, meta.uid));
    V3Rule allow;
    allow.action = "Allow";
    return v3_resource_text("Profile", derived, [&](JsonWriter& out) {
      out.name("spec");
      out.object([&] {
        write_v3_rules(out, "ingress", {allow});
        write_v3_rules(out, "egress", {allow});
        out.optional("labelsToApply", prefixed_labels(meta.labels, "pcns.", meta.name));
      });
    });
  });
}

void convert_service_account(ResourceJob& job) {
  const ObjectMeta meta = metadata_of(job);
  const std::string name =
      fmt::format("ksa.{}.{}", meta.ns.empty() ? "default" : meta.ns, meta.name);
  job.store("Profile", "", name, [&] {
    const ObjectMeta derived = derived_meta(meta, name, derived_uid(job, meta.uid));
    return v3_resource_text("Profile", derived, [&](JsonWriter& out) {
      out.name("spec");
      out.object(
          [&] { out.optional("labelsToApply", prefixed_labels(meta.labels, "pcsa.", meta.name)); });
    });
  });
}

void convert_k8s_network_policy(ResourceJob& job) {
  const K8sNetworkPolicy policy = read_k8s_network_policy(job.in, job.view);
  job.store("KubernetesNetworkPolicy", policy.meta.ns, policy.meta.name, [&] {
    V3Policy v3 = k8s_network_policy_to_v3(policy, job.out.errors);
    v3.meta = derived_meta(policy.meta, policy.meta.name,
                           policy.meta.uid.empty() ? "" : derived_uid(job, policy.meta.uid));
    v3.meta.ns = policy.meta.ns;
    v3.meta.resource_version = policy.meta.resource_version;
    return v3_policy_text(v3, false);
  });
}

void convert_cluster_network_policy(ResourceJob& job) {
  const ObjectMeta meta = metadata_of(job);
  std::optional<std::string> text;
  if (!job.deleted) {
    auto v3 = read_cluster_network_policy(job.in, job.view, job.out.errors);
    if (v3) {
      v3->meta = derived_meta(meta, meta.name, meta.uid.empty() ? "" : derived_uid(job, meta.uid));
      v3->meta.resource_version = meta.resource_version;
      text = v3_policy_text(*v3, true);
    }
  }
  job.store_text("KubernetesClusterNetworkPolicy", "", meta.name, std::move(text));
}

void convert_service(ResourceJob& job) {
  const ObjectMeta meta = metadata_of(job);
  job.store("KubernetesService", meta.ns, meta.name,
            [&] { return object_text(job, "Service", meta); });
}

void convert_endpoint_slice(ResourceJob& job) {
  const ObjectMeta meta = metadata_of(job);
  job.store("KubernetesEndpointSlice", meta.ns, meta.name,
            [&] { return object_text(job, "EndpointSlice", meta); });
}

void convert_vm_migration(ResourceJob& job) {
  const ObjectMeta meta = metadata_of(job);
  const VmMigration migration = read_vm_migration(job);
  const bool visible = !job.deleted && is_visible_phase(migration.phase) &&
                       !migration.vmi_name.empty() && !meta.uid.empty();
  job.store_text("LiveMigration", meta.ns, meta.name,
                 visible ? std::optional(migration_text(meta, migration)) : std::nullopt);
}

}  // namespace felixsim
