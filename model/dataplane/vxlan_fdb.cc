// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/vxlan_fdb.h"

namespace felixsim {

namespace {

constexpr int no_entry = 2;  // ENOENT

template <class Key, class Value, class MakeOp>
bool apply_tracker(DeltaTracker<Key, Value>& tracker, Backend& backend, MakeOp make_op) {
  bool ok = true;
  auto updates = tracker.pending_updates();
  for (const Key& key : updates) {
    Value value = tracker.desired().at(key);
    if (backend.apply(make_op(false, key, value)).rc == 0) {
      tracker.set_actual(key, value);
    } else {
      ok = false;
    }
  }
  auto deletions = tracker.pending_deletions();
  for (const Key& key : deletions) {
    int rc = backend.apply(make_op(true, key, tracker.actual().at(key))).rc;
    tracker.remove_actual(key);
    if (rc != 0 && rc != no_entry) ok = false;
  }
  return ok;
}

}  // namespace

void VxlanFdb::set_vteps(const std::vector<Vtep>& vteps) {
  std::map<Ip, Mac> neighbours;
  std::map<Mac, Ip> entries;
  for (const Vtep& vtep : vteps) {
    neighbours[vtep.tunnel_address] = vtep.tunnel_mac;
    entries[vtep.tunnel_mac] = vtep.host_address;
  }
  auto replace = [](auto& tracker, const auto& wanted) {
    auto old = tracker.desired();
    for (const auto& [key, value] : old) {
      if (!wanted.contains(key)) tracker.remove_desired(key);
    }
    for (const auto& [key, value] : wanted) tracker.set_desired(key, value);
  };
  replace(neighbours_, neighbours);
  replace(entries_, entries);
}

void VxlanFdb::on_interface_changed(const InterfaceChange& change) {
  if (change.name == device_ && change.state == InterfaceState::up) resync_needed_ = true;
}

bool VxlanFdb::resync(const KernelState& kernel) {
  auto link = kernel.links.find(device_);
  resync_needed_ = false;  // if the device is not there, its coming up asks again
  if (link == kernel.links.end() || !is_oper_up(link->second)) return false;
  std::map<Ip, Mac> neighbours;
  for (const Neighbour& neighbour : kernel.neighbours) {
    bool ours = neighbour.device == device_ && neighbour.state == "PERMANENT" && !neighbour.proxy &&
                neighbour.address.family == family_;
    if (ours) neighbours[neighbour.address] = neighbour.mac;
  }
  std::map<Mac, Ip> entries;
  for (const FdbEntry& entry : kernel.fdb) {
    if (entry.device == device_ && entry.destination) entries[entry.mac] = *entry.destination;
  }
  neighbours_.replace_actual(std::move(neighbours));
  entries_.replace_actual(std::move(entries));
  return true;
}

bool VxlanFdb::apply(Backend& backend) {
  if (resync_needed_) device_up_ = resync(backend.state()) || device_up_;
  if (!device_up_) return true;
  bool ok = apply_tracker(neighbours_, backend, [&](bool remove, const Ip& ip, const Mac& mac) {
    return NeighbourOp{remove, {device_, ip, mac, "PERMANENT", false}};
  });
  ok &= apply_tracker(entries_, backend, [&](bool remove, const Mac& mac, const Ip& ip) {
    return FdbOp{remove, {device_, mac, ip}};
  });
  if (!ok) resync_needed_ = true;
  return ok;
}

}  // namespace felixsim
