// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/link_addresses.h"

#include <algorithm>

namespace felixsim {

namespace {

// The address that the kernel itself gives an interface (programmedByOS).
bool is_kernels_own(const IpPrefix& prefix) {
  return prefix.length == 64 && prefix.address.str().starts_with("fe80::");
}

}  // namespace

bool LinkAddresses::is_workload_interface(const std::string& device) const {
  return std::any_of(workload_prefixes_.begin(), workload_prefixes_.end(),
                     [&](const std::string& prefix) { return device.starts_with(prefix); });
}

void LinkAddresses::set(const std::string& device, const Ip& address) {
  if (is_workload_interface(device)) addresses_.set_desired(device, address);
}

void LinkAddresses::remove(const std::string& device) { addresses_.remove_desired(device); }

void LinkAddresses::resync(const KernelState& kernel) {
  std::map<std::string, Ip> actual;
  for (const auto& [name, link] : kernel.links) {
    if (!is_workload_interface(name)) continue;
    for (const Address& address : link.addresses) {
      bool counts = address.prefix.address.family == family_ && !is_kernels_own(address.prefix);
      if (counts) actual.emplace(name, address.prefix.address);
    }
  }
  addresses_.replace_actual(std::move(actual));
  resync_needed_ = false;
}

bool LinkAddresses::ensure(Backend& backend, const std::string& device, const Ip* wanted) {
  auto link = backend.state().links.find(device);
  if (link == backend.state().links.end()) return wanted == nullptr;
  std::vector<Address> existing = link->second.addresses;
  bool present = false, ok = true;
  for (const Address& address : existing) {
    const IpPrefix& prefix = address.prefix;
    if (prefix.address.family != family_ || is_kernels_own(prefix)) continue;
    if (wanted && prefix.address == *wanted && prefix.length == wanted->max_prefix()) {
      present = true;
    } else {
      ok &= backend.apply(AddressOp{true, device, address}).rc == 0;
    }
  }
  if (!wanted || present) return ok;
  Address address;
  address.prefix = {*wanted, static_cast<uint8_t>(wanted->max_prefix())};
  address.scope = "link";
  return backend.apply(AddressOp{false, device, address}).rc == 0 && ok;
}

bool LinkAddresses::apply(Backend& backend) {
  if (resync_needed_) resync(backend.state());
  bool ok = true;
  auto updates = addresses_.pending_updates();
  for (const std::string& device : updates) {
    Ip wanted = addresses_.desired().at(device);
    if (ensure(backend, device, &wanted)) {
      addresses_.set_actual(device, wanted);
    } else {
      ok = false;
    }
  }
  auto deletions = addresses_.pending_deletions();
  for (const std::string& device : deletions) {
    if (ensure(backend, device, nullptr)) {
      addresses_.remove_actual(device);
    } else {
      ok = false;
    }
  }
  return ok;
}

}  // namespace felixsim
