// SPDX-License-Identifier: Apache-2.0
// See chain_drift.h. The hash that Felix writes into each rule's comment covers the chain up to
// the rule (felix/generictables/match_builder.go RuleHasher), so that one changed rule changes the
// hashes of those behind it.
#include "sim/analysis/verify/chain_drift.h"

#include <map>
#include <set>

#include "sim/analysis/line_diff.h"

namespace felixsim {
namespace {

constexpr const char* refresh =
    "Felix finds it at its next refresh of the tables, by default within three minutes; if it is "
    "older, Felix is stuck or down";

std::string joined(const std::vector<ChainRule>& rules) {
  std::string out;
  for (const auto& rule : rules) out += rule.text + "\n";
  return out;
}

// Captured rules that are a predicted one in other words take its text.
std::vector<ChainRule> in_predicted_words(const std::vector<ChainRule>& predicted,
                                          std::vector<ChainRule> captured, const SameRule& same) {
  std::set<std::string_view> texts;
  std::map<std::string_view, const ChainRule*> by_hash;
  for (const auto& rule : predicted) {
    texts.insert(rule.text);
    if (!rule.hash.empty()) by_hash.emplace(rule.hash, &rule);
  }
  for (auto& rule : captured) {
    if (texts.contains(rule.text)) continue;
    const auto twin = by_hash.find(rule.hash);
    if (!rule.hash.empty() && twin != by_hash.end() && same(twin->second->text, rule.text))
      rule.text = twin->second->text;
  }
  return captured;
}

class Sorter {
 public:
  Sorter(const Drift& at, std::vector<Drift>& out) : at_(at), out_(out) {}

  void sort(const std::vector<LineChange>& changes) {
    for (const auto& change : changes)
      (change.kind == LineChange::Kind::removed ? missing_ : extra_).push_back(change.line);
    take_moved();
    take_changed();
    report_extra();
    add(DriftKind::missing_rule, missing_, {},
        fmt::format("deleted by hand or by another program, or not written yet: {}", refresh));
  }

 private:
  void add(DriftKind kind, std::vector<std::string> want, std::vector<std::string> got,
           std::string cause) {
    if (want.empty() && got.empty()) return;
    out_.push_back({kind, at_.part, at_.place, std::move(want), std::move(got), std::move(cause)});
  }

  // The same text is missing here and extra there.
  void take_moved() {
    std::multiset<std::string> extra(extra_.begin(), extra_.end());
    std::vector<std::string> moved, still_missing;
    for (auto& line : missing_) {
      const auto found = extra.find(line);
      if (found == extra.end()) {
        still_missing.push_back(std::move(line));
        continue;
      }
      extra.erase(found);
      extra_.erase(std::find(extra_.begin(), extra_.end(), line));
      moved.push_back(std::move(line));
    }
    missing_ = std::move(still_missing);
    add(DriftKind::wrong_order, {}, moved,
        "the rule stands at another place than Felix put it: moved by hand or by another program");
  }

  void take_changed() {
    std::vector<std::string> still_missing;
    for (auto& line : missing_) {
      const std::string hash = felix_hash(line);
      const auto found = std::find_if(extra_.begin(), extra_.end(), [&](const std::string& other) {
        return !hash.empty() && felix_hash(other) == hash;
      });
      if (found == extra_.end()) {
        still_missing.push_back(std::move(line));
        continue;
      }
      add(DriftKind::changed_rule, {std::move(line)}, {*found},
          "it has Felix's hash but not its text, and Felix looks at hashes only: changed by hand, "
          "or printed by another version of the tool");
      extra_.erase(found);
    }
    missing_ = std::move(still_missing);
  }

  // Hashes depend on the rules before, so that a rule deleted by hand leaves the others' hashes as
  // they are: where Felix's rules are both missing and extra, the whole chain is of another state.
  void report_extra() {
    std::vector<std::string> stale, foreign;
    for (auto& line : extra_) (felix_hash(line).empty() ? foreign : stale).push_back(line);
    add(DriftKind::foreign_rule, {}, std::move(foreign),
        fmt::format("somebody else added it to a chain of Felix's: {}", refresh));
    if (stale.empty()) return;
    add(DriftKind::stale_rule, std::exchange(missing_, {}), std::move(stale),
        "Felix wrote it for another state of the datastore: it has not seen the latest changes "
        "(slow, stuck or down), or the input lacks or has more than the node's datastore");
  }

  const Drift& at_;
  std::vector<Drift>& out_;
  std::vector<std::string> missing_, extra_;
};

}  // namespace

std::string felix_hash(std::string_view text) {
  constexpr std::string_view mark = "cali:";
  constexpr size_t hash_characters = 16;
  const size_t at = text.find(mark);
  if (at == std::string_view::npos || at == 0) return {};
  if (text[at - 1] != '"' && text[at - 1] != ' ') return {};
  const auto rest = text.substr(at + mark.size());
  return rest.size() < hash_characters ? std::string()
                                       : std::string(rest.substr(0, hash_characters));
}

void compare_rules(const std::vector<ChainRule>& predicted, const std::vector<ChainRule>& captured,
                   const SameRule& same, const Drift& at, std::vector<Drift>& out) {
  if (predicted == captured) return;
  const auto known = in_predicted_words(predicted, captured, same);
  Sorter(at, out).sort(diff_lines(joined(predicted), joined(known)));
}

}  // namespace felixsim
