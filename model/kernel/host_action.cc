// SPDX-License-Identifier: Apache-2.0
// See host_action.h.
#include "model/kernel/host_action.h"

#include <cerrno>
#include <nlohmann/json.hpp>

#include "model/kernel/route_text.h"

namespace felixsim {
namespace {

using nlohmann::json;

const Mac workload_mac{{0xee, 0xee, 0xee, 0xee, 0xee, 0xee}};

tl::unexpected<Error> wrong(const std::string& field, const std::string& what) {
  return invalid(fmt::format("host action: {}: {}", field, what));
}

Result<std::string> text_of(const json& object, const char* field, const std::string& where) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_string())
    return wrong(where + "." + field, "a text is needed");
  return found->get<std::string>();
}

Status set_up(SimulatedKernel& kernel, const json& facts, const std::string& name,
              const std::string& where) {
  LinkSetOp set;
  set.name = name;
  if (const auto mac = facts.find("mac"); mac != facts.end()) {
    set.mac = mac->is_string() ? Mac::parse(mac->get<std::string>()) : std::nullopt;
    if (!set.mac) return wrong(where + ".mac", "not a MAC");
  }
  if (const auto mtu = facts.find("mtu"); mtu != facts.end()) {
    if (!mtu->is_number_integer()) return wrong(where + ".mtu", "a number is needed");
    set.mtu_bytes = mtu->get<int>();
  }
  if (const auto up = facts.find("up"); up != facts.end()) {
    if (!up->is_boolean()) return wrong(where + ".up", "true or false is needed");
    set.admin_up = up->get<bool>();
  }
  const auto answer = kernel.apply(set);
  if (answer.rc != 0) return wrong(where, answer.text);
  return {};
}

Status add_addresses(SimulatedKernel& kernel, const json& list, const std::string& name,
                     const std::string& where) {
  if (!list.is_array()) return wrong(where, "a list is needed");
  for (const auto& entry : list) {
    const std::string text = entry.is_string() ? entry.get<std::string>() : "";
    auto prefix = IpPrefix::parse(text);
    if (!prefix)
      if (const auto ip = Ip::parse(text))
        prefix = IpPrefix{*ip, static_cast<uint8_t>(ip->max_prefix())};
    if (!prefix)
      return wrong(where, entry.is_string() ? "not an address: " + text : "texts are needed");
    Address address{*prefix};
    const auto& ip = prefix->address;
    if (name == "lo") address.scope = "host";
    if (!ip.is_v4() && ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80) address.scope = "link";
    address.nodad = !ip.is_v4() && address.scope == "global";
    const auto answer = kernel.apply(AddressOp{false, name, address});
    if (answer.rc != 0 && answer.rc != EEXIST) return wrong(where, answer.text);
  }
  return {};
}

Status do_interface(SimulatedKernel& kernel, const json& facts, const std::string& where) {
  auto name = text_of(facts, "name", where);
  if (!name) return forward(name);
  if (!kernel.state().links.contains(*name)) {
    LinkAddOp add;
    add.link.name = *name;
    add.link.kind = facts.value("kind", std::string("veth"));
    const auto answer = kernel.apply(add);
    if (answer.rc != 0) return wrong(where, answer.text);
  }
  if (auto ok = set_up(kernel, facts, *name, where); !ok) return ok;
  if (const auto list = facts.find("addresses"); list != facts.end())
    return add_addresses(kernel, *list, *name, where + ".addresses");
  return {};
}

Status do_facts(SimulatedKernel& kernel, const json& facts) {
  if (const auto found = facts.find("kernel"); found != facts.end() && found->contains("lacks")) {
    std::set<std::string> lacks;
    for (const auto& entry : (*found)["lacks"]) {
      if (!entry.is_string()) return wrong("facts.kernel.lacks", "names are needed");
      lacks.insert(entry.get<std::string>());
    }
    kernel.set_lacks(std::move(lacks));
  }
  if (const auto found = facts.find("sysctls"); found != facts.end())
    for (const auto& [name, value] : found->items()) {
      if (value.is_structured()) return wrong("facts.sysctls." + name, "a text is needed");
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      const auto answer = kernel.apply(SysctlOp{name, text});
      if (answer.rc != 0) return wrong("facts.sysctls." + name, answer.text);
    }
  if (const auto found = facts.find("interfaces"); found != facts.end()) {
    size_t index = 0;
    for (const auto& entry : *found)
      if (auto ok = do_interface(kernel, entry, fmt::format("facts.interfaces[{}]", index++)); !ok)
        return ok;
  }
  if (const auto found = facts.find("routes"); found != facts.end())
    for (const auto& entry : *found) {
      const std::string text = entry.is_string() ? entry.get<std::string>() : "";
      auto route =
          parse_route(text, text.find(':') == std::string::npos ? IpFamily::v4 : IpFamily::v6);
      if (!route) return wrong("facts.routes", route.error().message);
      const auto answer = kernel.apply(RouteOp{false, *route});
      if (answer.rc != 0) return wrong("facts.routes", text + ": " + answer.text);
    }
  return {};
}

Status do_workload(SimulatedKernel& kernel, const json& workload) {
  auto iface = text_of(workload, "iface", "workload");
  if (!iface) return forward(iface);
  LinkAddOp add;
  add.link.name = *iface;
  add.link.kind = "veth";
  add.link.mac = workload_mac;
  add.link.peer = "if2";
  auto answer = kernel.apply(add);
  if (answer.rc != 0) return wrong("workload " + *iface, answer.text);
  LinkSetOp up;
  up.name = *iface;
  up.admin_up = true;
  answer = kernel.apply(up);
  if (answer.rc != 0) return wrong("workload " + *iface, answer.text);
  HostWorkload known{*iface, {}};
  if (const auto ips = workload.find("ips"); ips != workload.end())
    for (const auto& entry : *ips) {
      const auto ip =
          entry.is_string() ? Cidr::parse_cidr_or_ip(entry.get<std::string>()) : std::nullopt;
      if (!ip) return wrong("workload.ips", entry.dump() + " is no address");
      known.addresses.push_back(ip->address);
    }
  kernel.note_workload(workload.value("pod", std::string()), std::move(known));
  return {};
}

Status do_remove_workload(SimulatedKernel& kernel, const json& workload) {
  std::string iface = workload.value("iface", std::string());
  const std::string pod = workload.value("pod", std::string());
  if (iface.empty()) iface = kernel.workload_interface(pod);
  if (iface.empty()) return wrong("remove-workload", fmt::format("no workload '{}' is there", pod));
  const auto answer = kernel.apply(LinkRemoveOp{iface});
  if (answer.rc != 0) return wrong("remove-workload " + iface, answer.text);
  if (!pod.empty()) kernel.note_workload(pod, {});
  return {};
}

}  // namespace

Result<bool> apply_host_action(SimulatedKernel& kernel, std::string_view text,
                               const std::function<void()>& after_each) {
  try {
    const json action = json::parse(text);
    if (!action.is_object()) return wrong("action", "an object is needed");
    Status done;
    if (const auto facts = action.find("facts"); facts != action.end()) {
      done = do_facts(kernel, *facts);
    } else if (const auto workload = action.find("workload"); workload != action.end()) {
      done = do_workload(kernel, *workload);
    } else if (const auto removed = action.find("remove-workload"); removed != action.end()) {
      done = do_remove_workload(kernel, *removed);
    } else if (const auto command = action.find("exec"); command != action.end()) {
      if (!command->is_string()) return wrong("exec", "a text is needed");
      auto answer = kernel.exec(command->get<std::string>(), after_each);
      if (!answer) return forward(answer);
    } else {
      return false;
    }
    if (!done) return forward(done);
    return true;
  } catch (const json::exception& e) {
    return wrong("action", e.what());
  }
}

}  // namespace felixsim
