// SPDX-License-Identifier: Apache-2.0
// See simulated_kernel.h: which front-end a command goes to.
#include "model/kernel/simulated_kernel.h"

#include "model/kernel/host_shell.h"
#include "model/kernel/kernel_core.h"
#include "model/kernel/net_state.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

using FrontEnd = KernelAnswer (*)(KernelCore&, const CommandWords&, std::string_view);

template <KernelAnswer (*front_end)(KernelCore&, const CommandWords&)>
KernelAnswer without_input(KernelCore& core, const CommandWords& words, std::string_view) {
  return front_end(core, words);
}

KernelAnswer do_nothing(KernelCore&, const CommandWords&, std::string_view) { return {}; }

KernelAnswer do_fail(KernelCore&, const CommandWords&, std::string_view) { return {1, ""}; }

bool is_iptables(std::string_view program) {
  std::string_view rest = program;
  if (!rest.starts_with("ip")) return false;
  rest.remove_prefix(rest.starts_with("ip6") ? 3 : 2);
  if (!rest.starts_with("tables")) return false;
  rest.remove_prefix(6);
  if (rest.starts_with("-nft"))
    rest.remove_prefix(4);
  else if (rest.starts_with("-legacy"))
    rest.remove_prefix(7);
  return rest.empty() || rest == "-restore" || rest == "-save";
}

// Null: not modelled.
FrontEnd front_end(std::string_view program) {
  if (const size_t slash = program.rfind('/'); slash != std::string_view::npos)
    program = program.substr(slash + 1);
  if (is_iptables(program)) return run_iptables;
  if (program == "ipset") return run_ipset;
  if (program == "nft") return run_nft;
  if (program == "ip") return without_input<run_ip>;
  if (program == "bridge") return without_input<run_bridge>;
  if (program == "sysctl") return without_input<run_sysctl>;
  if (program == "wg") return without_input<run_wg>;
  for (const auto* harmless : {"sleep", "true", ":", "echo", "printf"})
    if (program == harmless) return do_nothing;
  if (program == "false") return do_fail;
  return nullptr;
}

KernelAnswer apply_command(KernelCore& core, const CommandOp& op) {
  Words words;
  if (!split_shell_words(op.command, words)) return {2, "unbalanced quotes: " + op.command};
  if (words.words.empty()) return {2, "an empty command"};
  const auto run = front_end(words.words[0]);
  if (!run) return {127, fmt::format("{}: command not found", words.words[0])};
  return run(core, words.words, op.input);
}

KernelAnswer apply_file(KernelCore& core, const FileOp& op) {
  if (op.content)
    core.state.files[op.name] = *op.content;
  else
    core.state.files.erase(op.name);
  return {};
}

template <class... Each>
struct Overloaded : Each... {
  using Each::operator()...;
};
template <class... Each>
Overloaded(Each...) -> Overloaded<Each...>;

}  // namespace

KernelState empty_kernel() {
  KernelState state;
  for (const auto* name : {"net.ipv4.conf.", "net.ipv6.conf."})
    for (const auto* scope : {"all", "default"}) {
      const std::string prefix = std::string(name) + scope;
      state.sysctls[prefix + ".forwarding"] = "0";
      if (std::string_view(name) == "net.ipv4.conf.")
        for (const auto* setting : {".rp_filter", ".proxy_arp", ".route_localnet", ".accept_local"})
          state.sysctls[prefix + setting] = "0";
      else
        state.sysctls[prefix + ".proxy_ndp"] = "0", state.sysctls[prefix + ".accept_ra"] = "1";
    }
  state.sysctls["net.ipv4.ip_forward"] = "0";
  Link lo;
  lo.index = 1;
  lo.name = "lo";
  lo.kind = "loopback";
  lo.mtu_bytes = 65536;
  state.links["lo"] = lo;
  add_interface_sysctls(state, "lo");
  for (const auto family : {IpFamily::v4, IpFamily::v6}) {
    RoutingRule rule;
    rule.family = family;
    for (const auto& [priority, table] : {std::pair{0u, 255}, {32766u, 254}, {32767u, 253}}) {
      if (family == IpFamily::v6 && table == 253) continue;
      rule.priority = priority;
      rule.table = table;
      state.rules.insert(rule);
    }
  }
  return state;
}

KernelCore::KernelCore(KernelState initial) : state(std::move(initial)) {
  for (const auto& [name, link] : state.links)
    next_link_index = std::max(next_link_index, link.index + 1);
  for (const auto& [key, tables] : state.iptables)
    for (const auto& [name, table] : tables) {
      auto& references = ipt_references[{key.first, key.second, name}];
      for (const auto& [chain_name, chain] : table) {
        if (chain.policy != "-") ipt_made_chains[{key.first, key.second, name}].insert(chain_name);
        for (const auto& rule : chain.rules) count_ipt_rule(*this, references, rule, 1);
      }
    }
  for (const auto& [key, table] : state.nft) {
    for (const auto& [name, chain] : table.chains)
      for (const auto& rule : chain.rules) count_nft_text(nft[key], rule.text, 1);
    for (const auto& [name, set] : table.sets)
      for (const auto& [element, value] : set.elements) count_nft_text(nft[key], value, 1);
  }
}

SimulatedKernel::SimulatedKernel(KernelState initial)
    : core_(std::make_unique<KernelCore>(std::move(initial))) {}
SimulatedKernel::~SimulatedKernel() = default;
SimulatedKernel::SimulatedKernel(SimulatedKernel&&) noexcept = default;
SimulatedKernel& SimulatedKernel::operator=(SimulatedKernel&&) noexcept = default;

const KernelState& SimulatedKernel::state() const { return core_->state; }
uint64_t SimulatedKernel::links_version() const { return core_->links_version; }

void SimulatedKernel::set_lacks(std::set<std::string> lacks) {
  core_->state.lacks = std::move(lacks);
}

void SimulatedKernel::note_workload(const std::string& pod, HostWorkload workload) {
  core_->workloads.erase(pod);
  if (workload.device.empty()) return;
  std::erase_if(core_->workloads,
                [&](const auto& other) { return other.second.device == workload.device; });
  core_->workloads.emplace(pod, std::move(workload));
}

const std::map<std::string, HostWorkload>& SimulatedKernel::workloads() const {
  return core_->workloads;
}

std::string SimulatedKernel::workload_interface(const std::string& pod) const {
  const auto found = core_->workloads.find(pod);
  return found == core_->workloads.end() ? "" : found->second.device;
}

std::vector<KernelChange> SimulatedKernel::take_changes() {
  return std::exchange(core_->changes, {});
}

KernelAnswer SimulatedKernel::apply(const KernelOp& op) {
  KernelCore& core = *core_;
  return std::visit(Overloaded{[&](const CommandOp& o) { return apply_command(core, o); },
                               [&](const RouteOp& o) { return apply_route(core, o); },
                               [&](const RuleOp& o) { return apply_rule(core, o); },
                               [&](const NeighbourOp& o) { return apply_neighbour(core, o); },
                               [&](const FdbOp& o) { return apply_fdb(core, o); },
                               [&](const LinkAddOp& o) { return apply_link_add(core, o); },
                               [&](const LinkRemoveOp& o) { return apply_link_remove(core, o); },
                               [&](const LinkSetOp& o) { return apply_link_set(core, o); },
                               [&](const AddressOp& o) { return apply_address(core, o); },
                               [&](const WireguardOp& o) { return apply_wireguard(core, o); },
                               [&](const SysctlOp& o) { return apply_sysctl(core, o); },
                               [&](const FileOp& o) { return apply_file(core, o); }},
                    op);
}

Result<KernelAnswer> SimulatedKernel::exec(std::string_view command_line,
                                           const std::function<void()>& after_each) {
  auto commands = parse_shell(command_line);
  if (!commands) return forward(commands);
  KernelAnswer answer;
  for (const auto& command : *commands) {
    const auto run = front_end(command.words[0]);
    if (!run)
      return fail(ErrorCode::unsupported,
                  fmt::format("exec: command '{}' is not modelled", command.words[0]),
                  "use iptables, ip6tables, ipset, nft, ip, bridge, wg, sysctl or sleep");
    const bool failed = answer.rc != 0;
    if (command.after == ShellCommand::After::success && failed) continue;
    if (command.after == ShellCommand::After::failure && !failed) continue;
    answer = run(*core_, CommandWords(command.words.begin(), command.words.end()), command.input);
    if (after_each) after_each();
  }
  return answer;
}

}  // namespace felixsim
