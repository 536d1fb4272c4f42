// SPDX-License-Identifier: Apache-2.0
#include "model/calc/profile_decoder.h"

namespace felixsim::calc {
namespace {

constexpr std::string_view namespace_prefix = "kns.", service_account_prefix = "ksa.";

// The labels of the original object: the conversion put `prefix` before each.
Labels without_prefix(const Labels& labels, std::string_view prefix) {
  auto out = std::make_shared<LabelMap>();
  if (!labels) return out;
  for (const auto& [key, value] : *labels) {
    const std::string_view name = key.view();
    out->emplace_back(name.starts_with(prefix) ? Symbol(name.substr(prefix.size())) : key, value);
  }
  std::sort(out->begin(), out->end());
  return out;
}

}  // namespace

void decode_profile(EventSequencer& sequencer, Symbol name, const Profile* profile) {
  const std::string_view text = name.view();
  if (text.starts_with(service_account_prefix)) {
    const std::string_view rest = text.substr(service_account_prefix.size());
    const size_t dot = rest.find('.');
    if (dot == std::string_view::npos) return;
    const Symbol ns(rest.substr(0, dot)), account(rest.substr(dot + 1));
    if (!profile) return sequencer.on_service_account_remove(ns, account);
    sequencer.on_service_account_update(
        {ns, account, without_prefix(profile->labels_to_apply, "pcsa.")});
  } else if (text.starts_with(namespace_prefix)) {
    const Symbol ns(text.substr(namespace_prefix.size()));
    if (!profile) return sequencer.on_namespace_remove(ns);
    sequencer.on_namespace_update({ns, without_prefix(profile->labels_to_apply, "pcns.")});
  }
}

}  // namespace felixsim::calc
