// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/parties.h"

#include <fmt/format.h>

#include "felixsim/near_name.h"
#include "model/rules/names.h"

namespace felixsim::reach {
namespace {

Party::Place& place_in(Party& party, const FamilyMatrix& family) {
  return family.addresses.family() == IpFamily::v4 ? party.v4 : party.v6;
}

// The class of each element, of senders or of receivers.
std::vector<size_t> class_of_elements(const FamilyMatrix& family,
                                      const std::vector<ElementClass>& classes) {
  std::vector<size_t> out(family.addresses.size(), no_class);
  for (size_t i = 0; i < classes.size(); ++i)
    for (const size_t element : classes[i].elements) out[element] = i;
  return out;
}

std::string text_of(const Classes& classes, uint32_t number) {
  const Tri& mask = classes.connections()[number];
  const auto& headers = classes.family().headers;
  const Bits unknown = mask.may - mask.yes;
  if (unknown.none()) return headers.text(mask.yes);
  if (mask.yes.none()) return "unknown: " + headers.text(unknown);
  return headers.text(mask.yes) + "; unknown: " + headers.text(unknown);
}

}  // namespace

std::vector<const FamilyMatrix*> families_of(const Matrix& matrix) {
  std::vector<const FamilyMatrix*> out;
  for (const auto* family : {&matrix.v4, &matrix.v6})
    if (!family->addresses.endpoints().empty()) out.push_back(family);
  if (out.empty()) out.push_back(&matrix.v4);
  return out;
}

std::string endpoint_text(const Matrix& matrix, size_t endpoint) {
  const auto& all = matrix.endpoints;
  const auto& name = all[endpoint].name;
  const auto same = [&](size_t other) { return all[other].name.workload == name.workload; };
  const bool several =
      (endpoint > 0 && same(endpoint - 1)) || (endpoint + 1 < all.size() && same(endpoint + 1));
  if (!several) return name.workload.str();
  return fmt::format("{} ({} on {})", name.workload.str(), name.endpoint.str(), name.host.str());
}

tl::unexpected<Error> no_such_pod(const Matrix& matrix, const std::string& name,
                                  const std::string& forms) {
  std::vector<std::string> known;
  for (const auto& endpoint : matrix.endpoints) known.push_back(endpoint.name.workload.str());
  return fail(ErrorCode::not_found, fmt::format("there is no pod '{}'", name),
              did_you_mean(name, known) + forms);
}

Parties::Parties(const Matrix& matrix, const Focus& focus, bool whole_world) {
  for (size_t i = 0; i < matrix.endpoints.size(); ++i)
    parties_.push_back({endpoint_text(matrix, i), false, {}, {}});
  for (const auto* family : families_of(matrix)) {
    auto& classes = family == &matrix.v4 ? v4_ : v6_;
    classes.emplace(matrix, *family, focus);
    add_endpoints(matrix, *family, *classes);
    add_world(*family, *classes, whole_world);
  }
  std::erase_if(parties_, [](const Party& party) {
    return party.v4.sender == no_class && party.v4.receiver == no_class &&
           party.v6.sender == no_class && party.v6.receiver == no_class;
  });
}

void Parties::add_endpoints(const Matrix& matrix, const FamilyMatrix& family, Classes& classes) {
  const auto senders = class_of_elements(family, classes.senders());
  const auto receivers = class_of_elements(family, classes.receivers());
  std::vector<bool> seen(matrix.endpoints.size());
  for (const size_t i : family.addresses.endpoints()) {
    const auto endpoint = static_cast<size_t>(family.addresses.elements()[i].endpoint);
    if (seen[endpoint]) continue;
    seen[endpoint] = true;
    place_in(parties_[endpoint], family) = {senders[i], receivers[i]};
  }
}

void Parties::add_world(const FamilyMatrix& family, Classes& classes, bool whole) {
  const auto senders = class_of_elements(family, classes.senders());
  const auto receivers = class_of_elements(family, classes.receivers());
  std::map<std::pair<size_t, size_t>, std::vector<size_t>> alike;
  for (const size_t i : family.addresses.world()) {
    if (senders[i] == no_class && receivers[i] == no_class) continue;
    if (whole)
      alike[{senders[i], receivers[i]}].push_back(i);
    else
      alike[{alike.size(), no_class}] = {i};
  }
  for (const auto& [place, elements] : alike) {
    std::string name = "world";
    for (const auto& range : family.addresses.range_texts(elements)) name += " " + range;
    parties_.push_back({std::move(name), true, {}, {}});
    place_in(parties_.back(), family) = {senders[elements[0]], receivers[elements[0]]};
  }
}

uint32_t Parties::number_of(std::optional<uint32_t> v4, std::optional<uint32_t> v6) {
  if (v4.value_or(0) == 0 && v6.value_or(0) == 0) return 0;
  const auto [it, fresh] = numbers_.emplace(std::pair(v4, v6), 0);
  if (!fresh) return it->second;
  const std::string four = v4 ? text_of(*v4_, *v4) : "", six = v6 ? text_of(*v6_, *v6) : "";
  const std::string text = !v6           ? four
                           : !v4         ? six
                           : four == six ? four
                                         : fmt::format("IPv4: {}; IPv6: {}", four, six);
  const auto [known, fresh_text] =
      text_numbers_.emplace(text, static_cast<uint32_t>(texts_.size()));
  if (fresh_text) texts_.push_back(text);
  return it->second = known->second;
}

void Parties::row(size_t from, std::vector<uint32_t>& out) {
  out.assign(parties_.size(), 0);
  const Party& source = parties_[from];
  if (source.v4.sender != no_class) v4_->row(source.v4.sender, row_v4_);
  if (source.v6.sender != no_class) v6_->row(source.v6.sender, row_v6_);
  for (size_t i = 0; i < parties_.size(); ++i) {
    if (i == from) continue;
    std::optional<uint32_t> v4, v6;
    if (source.v4.sender != no_class && parties_[i].v4.receiver != no_class)
      v4 = row_v4_[parties_[i].v4.receiver];
    if (source.v6.sender != no_class && parties_[i].v6.receiver != no_class)
      v6 = row_v6_[parties_[i].v6.receiver];
    out[i] = number_of(v4, v6);
  }
}

std::vector<std::string> not_isolated(const Matrix& matrix, bool ingress) {
  std::vector<std::string> out;
  for (size_t i = 0; i < matrix.endpoints.size(); ++i) {
    bool isolated = false;
    for (const auto& tier : matrix.tiers[i])
      for (const auto& policy : ingress ? tier->ingress : tier->egress)
        isolated = isolated || !rules::is_staged(policy);
    if (!isolated) out.push_back(endpoint_text(matrix, i));
  }
  return out;
}

}  // namespace felixsim::reach
