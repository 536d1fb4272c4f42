// SPDX-License-Identifier: Apache-2.0
// bridge fdb. Mirrors iproute2 6.1 bridge/fdb.c fdb_modify: an entry is the device's own ("self")
// and permanent unless it is told otherwise; exit code 255 where anybody refuses. Left out: entries
// that a bridge keeps for its ports ("master"), which nothing here has, link, vlan and mdb.
#include "model/kernel/ip_tool.h"
#include "model/kernel/kernel_error.h"
#include "model/kernel/link_text.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

// What `bridge fdb add` and the others say.
struct FdbWords {
  FdbEntry entry;
  std::string mac;
  bool has_device = false, is_static = false, has_vlan = false, by_master = false;
};

Result<FdbWords> read_words(Arguments arguments) {
  FdbWords out;
  while (!arguments.done()) {
    const auto word = arguments.next();
    const bool takes_value = word == "dev" || word == "dst" || word == "vlan" || word == "port" ||
                             word == "vni" || word == "src_vni" || word == "via" || word == "nhid";
    const auto value = takes_value ? arguments.next() : std::string_view{};
    if (takes_value && value.empty())
      return invalid("Command line is not complete. Try option \"help\"");
    if (word == "dev") {
      out.entry.device = value;
      out.has_device = true;
    } else if (word == "dst") {
      out.entry.destination = Ip::parse(value);
      if (!out.entry.destination)
        return invalid(
            fmt::format("Error: any valid address is expected rather than \"{}\".", value));
    } else if (word == "vlan") {
      out.has_vlan = true;
    } else if (takes_value || word == "router" || word == "use" || word == "sticky" ||
               word == "extern_learn" || word == "offload") {
      return fail(ErrorCode::unsupported,
                  fmt::format("'{}' of a forwarding entry is not modelled", word));
    } else if (word == "master") {
      out.by_master = true;
    } else if (word == "static" || word == "temp" || word == "dynamic") {
      out.is_static = true;
    } else if (word != "self" && word != "local" && word != "permanent") {
      if (word == "to" && arguments.done())
        return invalid("Command line is not complete. Try option \"help\"");
      out.mac = word == "to" ? arguments.next() : word;
    }
  }
  return out;
}

bool has_entry(const KernelCore& core, const FdbEntry& entry) {
  return std::any_of(core.state.fdb.begin(), core.state.fdb.end(), [&](const FdbEntry& other) {
    return other.device == entry.device && other.mac == entry.mac;
  });
}

// A tunnel's entry for a group or for everybody may have several places, one for another none more
// (drivers/net/vxlan vxlan_fdb_update).
KernelAnswer change_tunnel(KernelCore& core, std::string_view verb, const FdbOp& op) {
  const bool is_there = has_entry(core, op.entry);
  const bool for_many = op.entry.mac == Mac{} || (op.entry.mac.bytes[0] & 1);
  if (op.remove || !op.entry.destination) return apply_fdb(core, op);
  if (verb == "replace" && for_many)
    return kernel_error(EOPNOTSUPP, is_there ? "Cannot replace non-unicast fdb entries"
                                             : "Disallow replace to add a multicast entry");
  if (verb == "replace" || !is_there) return apply_fdb(core, op);
  if (verb == "add") return kernel_error(EEXIST);
  if (for_many) core.state.fdb.insert(op.entry);
  return {};
}

KernelAnswer modify(KernelCore& core, std::string_view verb, const FdbWords& words) {
  FdbOp op{verb == "del" || verb == "delete", words.entry};
  const auto mac = Mac::parse(words.mac);
  if (!mac) return usage("Invalid mac address " + words.mac);
  op.entry.mac = *mac;
  const auto link = core.state.links.find(op.entry.device);
  if (link == core.state.links.end()) return usage(no_device(op.entry.device).text);
  const bool plain = link->second.kind != "vxlan";
  if (words.is_static && !plain && op.entry.destination)
    return usage("a forwarding entry of a tunnel that is not permanent is not modelled");
  KernelAnswer answer;
  if (link->second.kind == "loopback")
    answer = apply_fdb(core, op);  // whatever is asked of it
  else if (words.by_master)
    answer = kernel_error(EOPNOTSUPP);
  else if ((words.is_static && plain && !op.remove) || words.has_vlan)
    answer = kernel_error(EINVAL);
  else if (!plain)
    answer = change_tunnel(core, verb, op);
  else if (verb == "add" && has_entry(core, op.entry))
    answer = kernel_error(EEXIST);
  else
    answer = apply_fdb(core, op);
  if (answer.rc == 0) return {};
  return {255, netlink(answer).text};
}

}  // namespace

KernelAnswer run_bridge(KernelCore& core, const CommandWords& words) {
  const auto word = [&](size_t i) { return i < words.size() ? words[i] : std::string_view{}; };
  if (!names(word(1), "fdb")) return usage("bridge: only fdb is modelled");
  const auto verb = word(2);
  if (verb.empty() || names(verb, "show") || names(verb, "list") || verb == "lst")
    return {0, print_fdb(core.state.fdb)};
  if (verb != "add" && verb != "append" && verb != "replace" && verb != "del" && verb != "delete")
    return usage(fmt::format("Command \"{}\" is unknown, try \"bridge fdb help\".", verb));
  auto read = read_words({words, 3});
  if (!read) {
    const auto& message = read.error().message;
    return {message.find(" is expected rather ") != std::string::npos ? 1 : 255, message};
  }
  if (!read->has_device || read->mac.empty())
    return usage("Device and address are required arguments.");
  return modify(core, verb, *read);
}

}  // namespace felixsim
