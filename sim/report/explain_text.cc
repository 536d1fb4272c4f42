// SPDX-License-Identifier: Apache-2.0
#include "sim/report/explain_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace felixsim {
namespace {

using reach::Bits;
using reach::DecidedBy;
using reach::DecisionPlace;
using reach::FamilyMatrix;
using reach::place_of;
using reach::policy_text;
using reach::Program;

bool is_named(const std::string& workload, const std::string& name) {
  return workload == name || workload == "default/" + name;
}

std::optional<size_t> find_pod(const reach::Matrix& matrix, const std::string& name) {
  for (size_t i = 0; i < matrix.endpoints.size(); ++i)
    if (is_named(matrix.endpoints[i].name.workload.str(), name)) return i;
  return std::nullopt;
}

std::string behind(const ExplainContext& context, const std::string& name) {
  const std::string origin = context.origin(name);
  return origin.empty() ? "" : "  (" + origin + ")";
}

std::string with_origin(const ExplainContext& context, const DecisionPlace& place) {
  std::string text = place_text(place);
  if (place.by == DecidedBy::rule)
    text += behind(context, place.profile.empty() ? policy_text(place.policy)
                                                  : "profile " + place.profile.str());
  return text;
}

void append_direction(std::string& out, const ExplainContext& context,
                      const msg::WorkloadEndpoint& endpoint, bool ingress) {
  out += ingress ? "ingress:\n" : "egress:\n";
  for (const auto& tier : endpoint.tiers) {
    const auto& policies = ingress ? tier.ingress : tier.egress;
    if (policies.empty()) continue;
    out += fmt::format("  tier {}, at its end: {}\n", tier.name.str(),
                       tier.default_action.view() == "Pass" ? "pass" : "deny");
    size_t number = 0;
    for (const auto& policy : policies) {
      const std::string text = policy_text(policy);
      const bool staged = policy.kind.view().starts_with("Staged");
      out += fmt::format("    {}. {}{}{}\n", ++number, text, staged ? " (only watches)" : "",
                         behind(context, text));
    }
  }
  out += "  profiles, for what no tier decides\n";
  size_t number = 0;
  for (const Symbol profile : endpoint.profile_ids)
    out += fmt::format("    {}. {}{}\n", ++number, profile.str(),
                       behind(context, "profile " + profile.str()));
}

// Names of the elements in a set: pods by name, ranges of the world; the first of many.
std::string members_text(const reach::Matrix& matrix, const FamilyMatrix& family,
                         const Bits& elements) {
  constexpr size_t shown = 12;
  if (elements == family.addresses.live()) return "anybody";
  std::vector<std::string> names;
  std::vector<size_t> world;
  for (size_t i = elements.find_first(); i != Bits::npos; i = elements.find_next(i)) {
    const int endpoint = family.addresses.elements()[i].endpoint;
    if (endpoint < 0)
      world.push_back(i);
    else
      names.push_back(reach::endpoint_text(matrix, static_cast<size_t>(endpoint)));
  }
  std::sort(names.begin(), names.end());
  for (const auto& range : family.addresses.range_texts(world)) names.push_back("world " + range);
  if (names.empty()) return "nobody";
  const size_t more = names.size() > shown ? names.size() - shown : 0;
  if (more > 0) names.resize(shown);
  return fmt::format("{}{}", fmt::join(names, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

// The rules of a policy, as compiled for one IP version; null where no endpoint has it.
const reach::RuleMatches* rules_of(const FamilyMatrix& family, const PolicyKey& policy,
                                   bool ingress) {
  for (const auto& program : family.programs) {
    if (program.ingress != ingress) continue;
    for (const auto& tier : program.tiers)
      for (size_t i = 0; i < tier.names.size(); ++i)
        if (tier.names[i] == policy) return tier.policies[i];
  }
  return nullptr;
}

void append_rules(std::string& out, const ExplainContext& context, const PolicyKey& policy,
                  bool ingress) {
  for (const auto* family : reach::families_of(context.matrix)) {
    const auto* rules = rules_of(*family, policy, ingress);
    if (!rules) continue;
    const char* version = family->addresses.family() == IpFamily::v4 ? "IPv4" : "IPv6";
    for (const auto& rule : *rules) {
      const auto& peer = ingress ? rule.source : rule.destination;
      out += fmt::format(
          "  {} rule {} ({}): {} {}{} {} {}\n", ingress ? "ingress" : "egress", rule.index, version,
          rule.action == reach::RuleAction::allow  ? "allow"
          : rule.action == reach::RuleAction::deny ? "deny"
                                                   : "pass",
          family->headers.text(family->headers.of(rule.header)),
          peer.any.empty() && rule.destination.any.empty() ? "" : " to named ports",
          ingress ? "from" : "to",
          members_text(context.matrix, *family, peer.addresses ? peer.addresses->members.may
                                        : family->addresses.live()));
    }
  }
}

struct PairEnds {
  const FamilyMatrix* family;
  size_t source, destination;
};

// The elements of two ends in each IP version that both have.
std::vector<PairEnds> ends_of(const reach::Matrix& matrix, const std::string& from,
                              const std::string& to) {
  std::vector<PairEnds> out;
  for (const auto* family : reach::families_of(matrix)) {
    const auto find = [&](const std::string& name) -> std::optional<size_t> {
      if (const auto ip = Ip::parse(name))
        return ip->family == family->addresses.family() ? family->addresses.element_of(*ip)
                                                        : std::nullopt;
      const auto pod = find_pod(matrix, name);
      if (!pod) return std::nullopt;
      for (const size_t i : family->addresses.endpoints())
        if (family->addresses.elements()[i].endpoint == static_cast<int>(*pod)) return i;
      return std::nullopt;
    };
    const auto source = find(from), destination = find(to);
    if (source && destination) out.push_back({family, *source, *destination});
  }
  return out;
}

// Explanations of one direction of policy by peer, numbered; the same text has the same number.
class Explanations {
 public:
  explicit Explanations(const FamilyMatrix& family, std::map<std::string, size_t>& numbers)
      : family_(family), numbers_(numbers), by_group_(family.programs.size()) {}

  size_t number(int group, size_t peer) {
    auto& known = by_group_[static_cast<size_t>(group)];
    if (known.empty()) fill(static_cast<size_t>(group), known);
    return known[peer];
  }

 private:
  // Peers that all observations treat alike share their text.
  void fill(size_t group, std::vector<uint32_t>& out) {
    std::vector<std::pair<DecisionPlace, Bits>> seen;
    std::vector<uint64_t> signatures(family_.addresses.size(), 0);
    std::vector<std::vector<uint32_t>> decisions;
    uint64_t state = 0x9e3779b97f4a7c15u;
    std::vector<Bits> peers_of;
    reach::observe(family_.programs[group], family_.representatives[group], family_.headers,
                   family_.addresses.live(),
                   [&](const Bits& headers, const reach::Decided& decided, const Bits& peers) {
                     if (decided.rule && decided.rule->action == reach::RuleAction::pass) return;
                     state = state * 6364136223846793005u + 1442695040888963407u;
                     for (size_t i = peers.find_first(); i != Bits::npos; i = peers.find_next(i))
                       signatures[i] ^= state;
                     seen.emplace_back(place_of(family_.programs[group], decided), headers);
                     peers_of.push_back(peers);
                   });
    std::map<uint64_t, uint32_t> by_signature;
    out.resize(family_.addresses.size());
    for (size_t i = 0; i < out.size(); ++i) {
      const auto [it, fresh] = by_signature.emplace(signatures[i], 0);
      if (fresh) {
        std::map<DecisionPlace, Bits> merged;
        for (size_t k = 0; k < seen.size(); ++k) {
          if (!peers_of[k].test(i)) continue;
          const auto [place, first] = merged.emplace(seen[k].first, seen[k].second);
          if (!first) place->second |= seen[k].second;
        }
        std::string text;
        for (const auto& [place, headers] : merged)
          text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", family_.headers.text(headers),
                              place_text(place));
        it->second = static_cast<uint32_t>(
            numbers_.emplace(std::move(text), numbers_.size() + 1).first->second);
      }
      out[i] = it->second;
    }
  }

  const FamilyMatrix& family_;
  std::map<std::string, size_t>& numbers_;
  std::vector<std::vector<uint32_t>> by_group_;
};

}  // namespace

Result<std::string> explain_pod(const ExplainContext& context, const std::string& pod) {
  const auto index = find_pod(context.matrix, pod);
  if (!index)
    return fail(ErrorCode::not_found, fmt::format("there is no pod '{}'", pod),
                "write namespace/name");
  const auto& info = context.matrix.endpoints[*index];
  std::string out = "pod " + reach::endpoint_text(context.matrix, *index);
  out += info.address_unknown ? ", without an address yet\n" : "\n";
  append_direction(out, context, *info.value, true);
  append_direction(out, context, *info.value, false);
  return out;
}

Result<std::string> explain_policy(const ExplainContext& context, const std::string& policy) {
  std::string out;
  for (const auto& [key, value] : context.state.sources().policies) {
    const std::string text = policy_text(key);
    const std::string name = text.substr(key.kind.str().size() + 1);
    if (text != policy && !is_named(name, policy)) continue;
    out += text + behind(context, text) + "\n";
    std::vector<std::string> selected;
    for (size_t i = 0; i < context.matrix.endpoints.size(); ++i)
      for (const auto& tier : context.matrix.endpoints[i].value->tiers)
        if (std::count(tier.ingress.begin(), tier.ingress.end(), key) +
                std::count(tier.egress.begin(), tier.egress.end(), key) >
            0)
          selected.push_back(reach::endpoint_text(context.matrix, i));
    out += fmt::format(
        "  selects {}: {}\n", selected.size(),
        selected.empty() ? "no endpoint" : fmt::format("{}", fmt::join(selected, ", ")));
    append_rules(out, context, key, true);
    append_rules(out, context, key, false);
  }
  if (!out.empty()) return out;
  return fail(ErrorCode::not_found, fmt::format("there is no policy '{}'", policy),
              "write its name, namespace/name, or kind and name as explain prints them");
}

Result<std::string> explain_pair(const ExplainContext& context, const std::string& from,
                                 const std::string& to) {
  const auto ends = ends_of(context.matrix, from, to);
  if (ends.empty())
    return fail(
        ErrorCode::not_found,
        fmt::format("'{}' and '{}' are not two pods or addresses of one IP version", from, to),
        "write namespace/name, or an address");
  std::string out;
  for (const auto& end : ends) {
    const auto& headers = end.family->headers;
    const auto allowed = end.family->allowed(end.source, end.destination);
    const Bits unknown = allowed.may - allowed.yes;
    out += fmt::format("{} -> {} ({}): {}{}\n", from, to,
                       end.family->addresses.family() == IpFamily::v4 ? "IPv4" : "IPv6",
                       headers.text(allowed.yes),
                       unknown.any() ? "; unknown: " + headers.text(unknown) : "");
    for (const bool ingress : {false, true})
      for (const auto& part :
           reach::explain_pair(*end.family, end.source, end.destination, ingress))
        out +=
            fmt::format("  {}: {}\n", headers.text(part.headers), with_origin(context, part.place));
  }
  return out;
}

std::string explain_all_pairs(const ExplainContext& context) {
  std::map<std::string, size_t> numbers;
  std::string out;
  for (const auto* family : reach::families_of(context.matrix)) {
    reach::Classes classes(context.matrix, *family);
    Explanations explanations(*family, numbers);
    std::vector<size_t> receiver_of(family->addresses.size());
    for (size_t i = 0; i < classes.receivers().size(); ++i)
      for (const size_t element : classes.receivers()[i].elements) receiver_of[element] = i;
    std::vector<std::string> connections, names;
    names.resize(family->addresses.size());
    const auto order = family->addresses.in_order();
    for (const size_t i : order) {
      const int endpoint = family->addresses.elements()[i].endpoint;
      names[i] = endpoint < 0
                     ? "world " + family->addresses.range_texts({i})[0]
                     : reach::endpoint_text(context.matrix, static_cast<size_t>(endpoint));
    }
    std::vector<uint32_t> row;
    for (size_t sender = 0; sender < classes.senders().size(); ++sender) {
      classes.row(sender, row);
      for (size_t i = connections.size(); i < classes.connections().size(); ++i)
        connections.push_back(family->headers.text(classes.connections()[i].may));
      for (const size_t from : classes.senders()[sender].elements)
        for (const size_t to : order) {
          const uint32_t number = row[receiver_of[to]];
          if (number == 0 || to == from) continue;
          out.append(names[from]).append(" -> ").append(names[to]).append(": ");
          out.append(connections[number]);
          if (family->egress[from] >= 0)
            out.append(" E").append(std::to_string(explanations.number(family->egress[from], to)));
          if (family->ingress[to] >= 0)
            out.append(" I").append(std::to_string(explanations.number(family->ingress[to], from)));
          out += '\n';
        }
    }
  }
  std::map<size_t, const std::string*> by_number;
  for (const auto& [text, number] : numbers) by_number[number] = &text;
  out += "E: by egress policy of the sender, I: by ingress policy of the receiver\n";
  for (const auto& [number, text] : by_number) out += fmt::format("{} {}\n", number, *text);
  return out;
}

std::string explain_dead(const ExplainContext& context, bool& any) {
  std::string out;
  const auto dead = reach::dead_rules(context.state, context.matrix);
  for (const auto& rule : dead) {
    const std::string name =
        rule.profile.empty() ? policy_text(rule.policy) : "profile " + rule.profile.str();
    const std::string origin = behind(context, name);
    if (rule.why == reach::DeadRule::Why::selects_nothing) {
      out += fmt::format("{}: selects no endpoint{}\n", name, origin);
      continue;
    }
    out += fmt::format("{}, {} rule {}: ", name, rule.ingress ? "ingress" : "egress", rule.index);
    if (rule.why == reach::DeadRule::Why::matches_nothing)
      out += fmt::format("matches nothing{}\n", origin);
    else
      out += fmt::format("all that it matches is decided before{}: {}\n", origin,
                         fmt::join(rule.by, "; "));
  }
  any = !dead.empty();
  return out;
}

}  // namespace felixsim
