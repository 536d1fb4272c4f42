// SPDX-License-Identifier: Apache-2.0
#include "model/rules/dispatch_chains.h"

#include <algorithm>

#include "felixsim/check.h"
#include "model/rules/static_parts.h"

namespace felixsim::rules {
namespace {

using Names = std::vector<std::string>;

enum class Side : uint8_t { in, out };

// Sorted, each once: rules must not change when nothing did.
void sort_names(Names& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  FELIXSIM_CHECK(names.empty() || !names.front().empty());
}

size_t common_prefix_length(const Names& sorted) {
  if (sorted.empty()) return 0;
  const auto& first = sorted.front();
  const auto& last = sorted.back();
  return static_cast<size_t>(
      std::mismatch(first.begin(), first.end(), last.begin(), last.end()).first - first.begin());
}

Rule interface_rule(const Renderer& r, Side side, std::string_view name, std::string_view go_to) {
  RuleBuilder rule = r.rule();
  if (side == Side::in)
    rule.in_interface(name);
  else
    rule.out_interface(name);
  return go_to.empty() ? rule.accept() : rule.go_to(go_to);
}

struct Tree {
  Chains children;
  std::vector<Rule> root;
};

struct TreeSpec {
  std::string_view root;             // name of the root chain
  std::string_view infix;            // between the root's name and the child's character
  std::string_view endpoint_prefix;  // of the chains gone to; empty: packets are accepted
  Side side = Side::in;
};

// One rule for each first character after what all names share: straight to the endpoint's chain
// where only one name has it, else to a child chain. Children repeat the end rules, because a
// packet does not come back from them.
Tree dispatch_tree(const Renderer& r, const Names& sorted, const TreeSpec& spec,
                   const std::vector<Rule>& end_rules) {
  const auto endpoint_rule = [&](const std::string& name) {
    const std::string target = spec.endpoint_prefix.empty()
                                   ? std::string()
                                   : endpoint_chain_name(spec.endpoint_prefix, name, r.dialect());
    return interface_rule(r, spec.side, name, target);
  };
  Tree tree;
  const size_t shared = common_prefix_length(sorted);
  for (size_t first = 0, end = 0; first < sorted.size(); first = end) {
    const std::string bin = sorted[first].substr(0, shared + 1);
    for (end = first + 1; end < sorted.size() && sorted[end].compare(0, shared + 1, bin) == 0;)
      ++end;
    if (end - first == 1) {
      tree.root.push_back(endpoint_rule(sorted[first]));
      continue;
    }
    Chain child{fmt::format("{}{}-{}", spec.root, spec.infix, bin.substr(shared)), {}};
    tree.root.push_back(interface_rule(r, spec.side, r.wildcard_of(bin), child.name));
    child.rules.reserve(end - first + end_rules.size());
    for (size_t i = first; i < end; ++i) child.rules.push_back(endpoint_rule(sorted[i]));
    child.rules.insert(child.rules.end(), end_rules.begin(), end_rules.end());
    tree.children.push_back(std::move(child));
  }
  tree.root.insert(tree.root.end(), end_rules.begin(), end_rules.end());
  return tree;
}

void append_tree(Chains& chains, const Renderer& r, const Names& sorted, const TreeSpec& spec,
                 const std::vector<Rule>& end_rules) {
  Tree tree = dispatch_tree(r, sorted, spec, end_rules);
  append(chains, std::move(tree.children));
  chains.push_back({std::string(spec.root), std::move(tree.root)});
}

Rule unknown_interface_rule(const Renderer& r) {
  return r.rule().comment("Unknown interface").verdict(r.config.filter_deny);
}

Rule go_to_endpoint(const Renderer& r, std::string_view chain_prefix, std::string_view interface) {
  return r.rule().go_to(endpoint_chain_name(chain_prefix, interface, r.dialect()));
}

}  // namespace

Chains workload_dispatch_chains(const Renderer& r, std::vector<std::string> interfaces) {
  Chains chains;
  const std::vector<Rule> end_rules{unknown_interface_rule(r)};
  if (r.nft()) {
    chains.push_back({std::string(chain::from_workload_dispatch), {}});
    chains.back().rules = {r.rule().in_interface_map(map::from_workload_dispatch).none(),
                           end_rules.front()};
    chains.push_back({std::string(chain::to_workload_dispatch), {}});
    chains.back().rules = {r.rule().out_interface_map(map::to_workload_dispatch).none(),
                           end_rules.front()};
    return chains;
  }
  sort_names(interfaces);
  append_tree(chains, r, interfaces,
              {chain::from_workload_dispatch, "", prefix::from_workload, Side::in}, end_rules);
  append_tree(chains, r, interfaces,
              {chain::to_workload_dispatch, "", prefix::to_workload, Side::out}, end_rules);
  return chains;
}

DispatchMaps workload_dispatch_maps(const Renderer& r, const std::vector<std::string>& interfaces) {
  DispatchMaps maps;
  for (const auto& name : interfaces) {
    const auto go_to = [&](std::string_view chain_prefix) {
      return "goto " + endpoint_chain_name(chain_prefix, name, r.dialect());
    };
    // In order already, as a rule.
    maps.from.emplace_hint(maps.from.end(), name, go_to(prefix::from_workload));
    maps.to.emplace_hint(maps.to.end(), name, go_to(prefix::to_workload));
  }
  return maps;
}

Chains workload_interface_allow_chains(const Renderer& r, std::vector<std::string> interfaces) {
  Chains chains;
  sort_names(interfaces);
  append_tree(chains, r, interfaces, {chain::to_workload_dispatch, "", "", Side::out},
              {unknown_interface_rule(r)});
  return chains;
}

Chains host_dispatch_chains(const Renderer& r, std::vector<std::string> interfaces,
                            std::string_view default_interface, HostDispatch which) {
  const bool forward = which == HostDispatch::with_forward;
  std::vector<Rule> from_end, to_end, from_forward_end, to_forward_end;
  if (!default_interface.empty()) {
    from_end = {go_to_endpoint(r, prefix::from_host, default_interface)};
    from_forward_end = {go_to_endpoint(r, prefix::from_host_forward, default_interface)};
    if (!forward)
      for (const auto& workload_prefix : r.config.workload_interface_prefixes)
        to_end.push_back(r.rule()
                             .out_interface(r.wildcard_of(workload_prefix))
                             .comment("Skip egress WHEP policy for traffic to local workload")
                             .return_());
    to_end.push_back(go_to_endpoint(r, prefix::to_host, default_interface));
    to_forward_end = {go_to_endpoint(r, prefix::to_host_forward, default_interface)};
  }
  sort_names(interfaces);
  Chains chains;
  if (which != HostDispatch::to)
    append_tree(chains, r, interfaces, {chain::from_host_endpoint, "", prefix::from_host, Side::in},
                from_end);
  if (which != HostDispatch::from)
    append_tree(chains, r, interfaces, {chain::to_host_endpoint, "", prefix::to_host, Side::out},
                to_end);
  if (forward) {
    append_tree(chains, r, interfaces,
                {chain::from_host_endpoint_forward, "", prefix::from_host_forward, Side::in},
                from_forward_end);
    append_tree(chains, r, interfaces,
                {chain::to_host_endpoint_forward, "", prefix::to_host_forward, Side::out},
                to_forward_end);
  }
  return chains;
}

Chains endpoint_mark_dispatch_chains(const Renderer& r, EndpointMarks& marks,
                                     std::vector<std::string> workload_interfaces,
                                     std::vector<std::string> host_interfaces) {
  sort_names(workload_interfaces);
  sort_names(host_interfaces);
  Chains chains;
  Chain set{std::string(chain::set_endpoint_mark), {}};
  Chain from{std::string(chain::from_endpoint_mark), {}};
  struct Part {
    const Names& names;
    std::string_view infix, from_prefix;
  };
  const bool by_kind = r.config.felix.mark_trees_by_kind;
  for (const auto& [names, infix, from_prefix] :
       {Part{workload_interfaces, by_kind ? "-wep" : "", prefix::from_workload},
        Part{host_interfaces, by_kind ? "-hep" : "", prefix::from_host_forward}}) {
    Tree tree = dispatch_tree(
        r, names, {chain::set_endpoint_mark, infix, prefix::set_endpoint_mark, Side::in}, {});
    append(chains, std::move(tree.children));
    append(set.rules, std::move(tree.root));
    for (const auto& name : names)
      if (const auto mark = marks.get(name))
        from.rules.push_back(r.rule()
                                 .mark(*mark, marks.mask())
                                 .go_to(endpoint_chain_name(from_prefix, name, r.dialect())));
  }
  // An interface that looks like a workload's but has no endpoint yet.
  for (const auto& workload_prefix : r.config.workload_interface_prefixes)
    set.rules.push_back(r.rule()
                            .in_interface(r.wildcard_of(workload_prefix))
                            .comment("Unknown endpoint")
                            .verdict(r.config.filter_deny));
  set.rules.push_back(r.rule()
                          .comment("Non-Cali endpoint mark")
                          .set_masked_mark(r.marks().non_cali_endpoint, marks.mask()));
  from.rules.push_back(unknown_interface_rule(r));
  chains.push_back(std::move(set));
  chains.push_back(std::move(from));
  return chains;
}

}  // namespace felixsim::rules
