// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/matrix.h"

#include <map>

#include "model/rules/names.h"

namespace felixsim::reach {
namespace {

// The rules of all policies and profiles in force, compiled for one IP version.
struct CompiledRules {
  std::map<PolicyKey, std::pair<RuleMatches, RuleMatches>> policies;  // inbound, outbound
  std::map<Symbol, std::pair<RuleMatches, RuleMatches>> profiles;

  CompiledRules(const ClusterState& state, RuleCompiler& compiler) {
    for (const auto& [key, policy] : state.policies())
      policies.emplace(
          key, std::pair(compiler.compile(policy->inbound), compiler.compile(policy->outbound)));
    for (const auto& [name, profile] : state.profiles())
      profiles.emplace(
          name, std::pair(compiler.compile(profile->inbound), compiler.compile(profile->outbound)));
  }
};

class MatrixBuilder {
 public:
  MatrixBuilder(const ClusterState& state, const MatrixOptions& options, Matrix& matrix,
                const UnknownLabels& unknown, FamilyMatrix& out)
      : state_(state),
        options_(options),
        matrix_(matrix),
        unknown_(unknown),
        out_(out),
        compiler_(state, unknown, names_, out.addresses, out.headers) {
    for (const auto& endpoint : matrix.endpoints) names_.push_back(endpoint.name);
  }

  void run() {
    for (size_t i = 0; i < matrix_.endpoints.size(); ++i) add_addresses(i);
    compiler_.add_nets();
    const bool v4 = out_.addresses.family() == IpFamily::v4;
    for (const Number cut : v4 ? options_.cuts_v4 : options_.cuts_v6) out_.addresses.add_cut(cut);
    out_.addresses.build();
    rules_ = std::make_shared<CompiledRules>(state_, compiler_);
    out_.rules = rules_;
    for (const auto& match : options_.told_apart) out_.headers.add(match);
    add_encapsulation();
    out_.headers.build();
    out_.ingress.assign(out_.addresses.size(), -1);
    out_.egress.assign(out_.addresses.size(), -1);
    for (size_t i = 0; i < out_.addresses.endpoints(); ++i) {
      out_.ingress[i] = group_of(i, true);
      out_.egress[i] = group_of(i, false);
    }
  }

 private:
  void add_addresses(size_t endpoint) {
    const EndpointInfo& info = matrix_.endpoints[endpoint];
    const bool v4 = out_.addresses.family() == IpFamily::v4;
    for (const Cidr& net : v4 ? info.value->ipv4_nets : info.value->ipv6_nets)
      out_.addresses.add_endpoint(static_cast<int>(endpoint), net.address, info.address_unknown);
  }

  // felix/rules/endpoints.go: what would enter an overlay past all policy.
  void add_encapsulation() {
    const EncapsulationLimits& limits = state_.limits();
    HeaderMatch vxlan, ipip;
    vxlan.protocol = 17;
    vxlan.destination_ports = {{limits.vxlan_port, limits.vxlan_port}};
    ipip.protocol = 4;
    if (!limits.allow_vxlan_from_workloads) encapsulation_.push_back(out_.headers.add(vxlan));
    if (!limits.allow_ipip_from_workloads) encapsulation_.push_back(out_.headers.add(ipip));
  }

  Program program_of(const msg::WorkloadEndpoint& endpoint, bool ingress) const {
    Program program;
    program.ingress = ingress;
    program.down = endpoint.state.view() != "active";
    if (!ingress) program.denied_first = encapsulation_;
    const auto add = [&](const auto& rules, std::vector<const RuleMatches*>& to) {
      const RuleMatches& matches = ingress ? rules.first : rules.second;
      to.push_back(&matches);
      for (const auto& rule : matches)
        program.asks_local = program.asks_local || says_local(rule, ingress);
    };
    for (const auto& tier : endpoint.tiers) {
      ProgramTier out;
      bool decides = false;  // a tier of staged policies only denies nothing
      for (const auto& policy : ingress ? tier.ingress : tier.egress) {
        if (rules::is_staged(policy)) continue;
        decides = true;
        if (const auto it = rules_->policies.find(policy); it != rules_->policies.end())
          add(it->second, out.policies), out.names.push_back(policy);
      }
      out.name = tier.name;
      out.denies_rest = tier.default_action.view() != "Pass";
      if (decides) program.tiers.push_back(std::move(out));
    }
    for (const Symbol profile : endpoint.profile_ids)
      if (const auto it = rules_->profiles.find(profile); it != rules_->profiles.end())
        add(it->second, program.profiles), program.profile_names.push_back(profile);
    return program;
  }

  // What tells programs apart: lists of rules by address, each tier with its end.
  using Identity = std::vector<const void*>;
  static Identity identity_of(const Program& program) {
    static const int denies = 0, passes = 0, down = 0, up = 0;
    Identity identity{program.down ? &down : &up};
    for (const auto& tier : program.tiers) {
      identity.insert(identity.end(), tier.policies.begin(), tier.policies.end());
      identity.push_back(tier.denies_rest ? &denies : &passes);
    }
    identity.insert(identity.end(), program.profiles.begin(), program.profiles.end());
    return identity;
  }

  int group_of(size_t element, bool ingress) {
    const auto endpoint = static_cast<size_t>(out_.addresses.elements()[element].endpoint);
    if (unknown_.concerns(names_[endpoint]) && unknown_.policy_unknown(names_[endpoint]))
      return untold_group();
    Program program = program_of(*matrix_.endpoints[endpoint].value, ingress);
    auto answers = local_answers(program, element);
    auto key = std::tuple(ingress, identity_of(program), std::move(answers));
    const auto [it, fresh] = groups_.emplace(std::move(key), static_cast<int>(out_.groups.size()));
    if (fresh) {
      Allowed allowed = evaluate(program, element, out_.headers, out_.addresses.size());
      add_group(std::move(allowed), std::move(program), element);
    }
    return it->second;
  }

  void add_group(Allowed allowed, Program program, size_t element) {
    out_.groups.push_back(std::move(allowed));
    out_.programs.push_back(std::move(program));
    out_.representatives.push_back(element);
  }

  // Nobody knows which policies apply.
  int untold_group() {
    if (untold_ < 0) {
      AllowedPart part{Bits(out_.headers.size()), Tri::all(out_.addresses.size())};
      part.headers.set();
      part.peers.yes.reset();
      untold_ = static_cast<int>(out_.groups.size());
      add_group({std::move(part)}, {}, 0);
    }
    return untold_;
  }

  const ClusterState& state_;
  const MatrixOptions& options_;
  Matrix& matrix_;
  const UnknownLabels& unknown_;
  FamilyMatrix& out_;
  std::vector<EndpointName> names_;
  RuleCompiler compiler_;
  std::shared_ptr<CompiledRules> rules_;
  std::vector<size_t> encapsulation_;
  int untold_ = -1;
  std::map<std::tuple<bool, Identity, std::vector<uint8_t>>, int> groups_;  // looked up only
};

}  // namespace

void FamilyMatrix::restrict_to(Tri& headers_left, int group, size_t peer) const {
  if (group < 0) return;
  Tri allowed = Tri::none(headers.size());
  for (const auto& part : groups[static_cast<size_t>(group)]) {
    if (part.peers.yes.test(peer)) allowed.yes |= part.headers;
    if (part.peers.may.test(peer)) allowed.may |= part.headers;
  }
  headers_left &= allowed;
}

Tri FamilyMatrix::allowed(size_t source, size_t destination) const {
  Tri out = Tri::all(headers.size());
  restrict_to(out, egress[source], destination);
  restrict_to(out, ingress[destination], source);
  return out;
}

Tri FamilyMatrix::row(size_t source, size_t header) const {
  Tri out = Tri::none(addresses.size());
  const auto part_of = [&](int group) -> const AllowedPart* {
    for (const auto& part : groups[static_cast<size_t>(group)])
      if (part.headers.test(header)) return &part;
    return nullptr;
  };
  std::vector<int8_t> verdicts(groups.size(), -1);  // of each group, once asked
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (ingress[i] < 0) {
      out.yes.set(i);
      out.may.set(i);
      continue;
    }
    int8_t& verdict = verdicts[static_cast<size_t>(ingress[i])];
    if (verdict < 0) {
      const AllowedPart* part = part_of(ingress[i]);
      verdict = static_cast<int8_t>(part ? verdict_of(part->peers, source) : Verdict::no);
    }
    if (verdict == static_cast<int8_t>(Verdict::yes)) out.yes.set(i);
    if (verdict != static_cast<int8_t>(Verdict::no)) out.may.set(i);
  }
  if (egress[source] < 0) return out;
  const AllowedPart* part = part_of(egress[source]);
  if (!part) return Tri::none(addresses.size());
  out &= part->peers;
  return out;
}

void tell_apart_like(const Matrix& other, MatrixOptions& options) {
  for (const auto* family : {&other.v4, &other.v6}) {
    const auto& conditions = family->headers.conditions();
    options.told_apart.insert(options.told_apart.end(), conditions.begin(), conditions.end());
    auto& cuts = family == &other.v4 ? options.cuts_v4 : options.cuts_v6;
    cuts.insert(cuts.end(), family->addresses.cuts().begin(), family->addresses.cuts().end());
  }
}

Matrix compute_matrix(const ClusterState& state, const MatrixOptions& options) {
  Matrix matrix;
  for (const auto& [name, endpoint] : state.endpoints())
    matrix.endpoints.push_back({name, endpoint, options.without_address.contains(name.workload)});
  const UnknownLabels unknown(state, options.unknown_namespaces);
  for (auto* family : {&matrix.v4, &matrix.v6})
    MatrixBuilder(state, options, matrix, unknown, *family).run();
  return matrix;
}

}  // namespace felixsim::reach
