// SPDX-License-Identifier: Apache-2.0
// The commands for whole chains: making, flushing, removing, renaming, policies; see
// ipt_table_commands.h.
#include "model/kernel/ipt_table_commands.h"

namespace felixsim {
namespace {

KernelAnswer refuse(int rc, std::string text) { return {rc, std::move(text)}; }

}  // namespace

KernelAnswer no_such_ipt_chain() { return refuse(1, "No chain/target/match by that name."); }

std::optional<KernelAnswer> bad_ipt_chain_name(std::string_view name) {
  if (name.empty() || name[0] == '-' || name[0] == '!')
    return refuse(2, fmt::format("Invalid chain name `{}'", name));
  if (name.size() > max_ipt_chain_name)
    return refuse(2, fmt::format("chain name `{}' too long (must be under 29 chars)", name));
  if (find_ipt_target(name))
    return refuse(2, fmt::format("Invalid chain name `{}' (clashes with a target)", name));
  return std::nullopt;
}

KernelAnswer IptTableCommands::declare(const std::string& chain, const std::string& policy) {
  transaction_.use();
  reached_table_ = false;
  if (chain.size() > max_ipt_chain_name) return *bad_ipt_chain_name(chain);
  if (!program_.legacy() && chain.starts_with('-'))
    return refuse(2, "chain name not allowed to start with `-'");
  if (!program_.legacy() && (chain == "ACCEPT" || chain == "DROP" || chain == "RETURN"))
    return refuse(2, "chain name may not clash with target name");
  reached_table_ = true;
  auto* present = transaction_.find(chain);
  const bool builtin = present && present->policy != "-";
  if (builtin) {
    transaction_.make(chain);
    if (policy == "-") return {};
    if (policy != "ACCEPT" && policy != "DROP") return refuse(1, "Bad policy name.");
    transaction_.touch(chain).policy = policy;
    return {};
  }
  if (program_.legacy() && policy != "-")
    return refuse(
        1, fmt::format("Can't set policy `{}' on `{}': Bad built-in chain name", policy, chain));
  if (present)
    transaction_.empty(chain);
  else
    transaction_.create(chain);
  return {};
}

void IptTableCommands::empty_table() {
  std::vector<std::string> names;
  for (const auto& [name, chain] : transaction_.table()) names.push_back(name);
  for (const auto& name : names) transaction_.empty(name);
  transaction_.unmake_all();
  for (const auto& name : names) {
    if (transaction_.find(name)->policy == "-")
      transaction_.remove(name);
    else if (!program_.legacy())
      transaction_.touch(name).policy = "ACCEPT";
  }
}

KernelAnswer IptTableCommands::flush(const std::string& chain) {
  if (chain.empty()) {
    for (auto& [name, present] : transaction_.table()) transaction_.empty(name);
    return {};
  }
  if (!transaction_.find(chain)) return no_such_ipt_chain();
  transaction_.make(chain);
  transaction_.empty(chain);
  return {};
}

KernelAnswer IptTableCommands::remove_chain(const std::string& chain) {
  const auto* present = transaction_.find(chain);
  if (!present || !transaction_.is_made(chain)) return no_such_ipt_chain();
  const auto& references = transaction_.references().chains;
  const auto referring = references.find(chain);
  const bool referred = referring != references.end() && referring->second > 0;
  const bool builtin = present->policy != "-";
  if ((builtin && program_.legacy()) || referred || !present->rules.empty()) {
    const std::string text =
        fmt::format("CHAIN_DEL failed (Device or resource busy): chain {}", chain);
    auto now = refused_by_kernel(refuse(program_.legacy() ? 1 : 4, text));
    if (now.rc != 0) return now;
  }
  if (builtin && present->policy != "ACCEPT") return refuse(1, "Directory not empty.");
  if (builtin)
    transaction_.unmake(chain);
  else
    transaction_.remove(chain);
  return {};
}

KernelAnswer IptTableCommands::remove_all_chains() {
  std::vector<std::string> names;
  for (const auto& [name, chain] : transaction_.table())
    if (chain.policy == "-") names.push_back(name);
  for (const auto& name : names)
    if (auto wrong = remove_chain(name); wrong.rc != 0) return wrong;
  for (const auto& [name, chain] : transaction_.table())
    if (chain.policy == "ACCEPT" && chain.rules.empty()) transaction_.unmake(name);
  return {};
}

KernelAnswer IptTableCommands::new_chain(const std::string& chain) {
  if (auto bad = bad_ipt_chain_name(chain)) return *bad;
  reached_table_ = true;
  if (only_reads_) return {};
  if (transaction_.find(chain)) return refuse(1, "Chain already exists.");
  transaction_.create(chain);
  return {};
}

KernelAnswer IptTableCommands::set_policy(const std::string& chain, std::string_view policy) {
  if (policy.empty()) return refuse(2, "-P requires a chain and a policy");
  if (policy == "DROP" && transaction_.name() == "nat")
    return refuse(2, std::string(no_drop_in_nat));
  reached_table_ = true;
  if (only_reads_) return {};
  const auto* present = transaction_.find(chain);
  if (!present || present->policy == "-") return refuse(1, "Bad built-in chain name.");
  if (policy != "ACCEPT" && policy != "DROP") return refuse(1, "Bad policy name.");
  transaction_.make(chain);
  transaction_.touch(chain).policy = policy;
  return {};
}

// Rules know chains, not names. A jump to a chain is the last of a rule's words.
void IptTableCommands::redirect_jumps(const std::string& from, const std::string& to) {
  if (transaction_.references().chains[from] == 0) return;
  std::vector<std::string> names;
  for (const auto& [name, chain] : transaction_.table()) names.push_back(name);
  for (const auto& name : names)
    for (size_t i = 0; i < transaction_.find(name)->rules.size(); ++i)
      for (const std::string_view flag : {"-j ", "-g "}) {
        const std::string jump = std::string(flag) + from;
        const IptRule& rule = transaction_.find(name)->rules[i];
        if (rule != jump && !rule.ends_with(" " + jump)) continue;
        IptRule& changed = transaction_.touch(name).rules[i];
        count(changed, -1);
        changed.replace(changed.size() - from.size(), from.size(), to);
        count(changed, 1);
      }
}

KernelAnswer IptTableCommands::rename_chain(const std::string& from, std::string_view to) {
  if (auto bad = bad_ipt_chain_name(to)) return *bad;
  reached_table_ = true;
  if (only_reads_) return {};
  const auto* present = transaction_.find(from);
  if (!present || present->policy != "-") return no_such_ipt_chain();
  if (transaction_.find(to)) return refuse(1, "Chain already exists.");
  const IptChain chain = transaction_.touch(from);
  transaction_.references().depths.reset();
  transaction_.remove(from);
  transaction_.create(std::string(to));
  transaction_.touch(std::string(to)) = chain;
  redirect_jumps(from, std::string(to));
  return {};
}

// Counters are not kept.
KernelAnswer IptTableCommands::zero(const std::string& chain) {
  const bool there = chain.empty() || (transaction_.find(chain) && transaction_.is_made(chain));
  return there ? KernelAnswer{} : no_such_ipt_chain();
}

}  // namespace felixsim
