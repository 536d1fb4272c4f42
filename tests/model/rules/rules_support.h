// SPDX-License-Identifier: Apache-2.0
// A configuration with round marks, and chains as lists of plain text.
#pragma once

#include "model/rules/chain.h"
#include "model/rules/renderer.h"

namespace felixsim::rules::test {

using Texts = std::vector<std::string>;

inline RulesConfig config(Dialect dialect = Dialect::iptables) {
  RulesConfig c;
  c.dialect = dialect;
  c.marks.accept = 0x10;
  c.marks.pass = 0x20;
  c.marks.drop = 0x40;
  c.marks.scratch0 = 0x80;
  c.marks.scratch1 = 0x100;
  c.marks.endpoint = 0xff000;
  c.marks.non_cali_endpoint = 0x1000;
  return c;
}

// Rules without comments and hashes.
inline Texts texts(const std::vector<Rule>& rules) {
  Texts out;
  for (const Rule& rule : rules) out.push_back(rule.text);
  return out;
}
inline Texts texts(const Chain& chain) { return texts(chain.rules); }

// Every comment of a chain, in order.
inline Texts comments(const Chain& chain) {
  Texts out;
  for (const Rule& rule : chain.rules)
    out.insert(out.end(), rule.comments.begin(), rule.comments.end());
  return out;
}

inline Texts names(const Chains& chains) {
  Texts out;
  for (const Chain& chain : chains) out.push_back(chain.name);
  return out;
}

inline const Chain& named(const Chains& chains, std::string_view name) {
  for (const Chain& chain : chains)
    if (chain.name == name) return chain;
  FAIL("no chain " << name);
  return chains.front();
}

inline bool has(const Chain& chain, const std::string& text) {
  const Texts all = texts(chain);
  return std::find(all.begin(), all.end(), text) != all.end();
}

inline msg::PolicyId policy_id(std::string_view name, std::string_view ns = "",
                               std::string_view kind = "GlobalNetworkPolicy") {
  return {Symbol(kind), Symbol(ns), Symbol(name)};
}

}  // namespace felixsim::rules::test
