// SPDX-License-Identifier: Apache-2.0
#include "replay/scenario/kubernetes_policy.h"

#include "replay/scenario/reader.h"

namespace felixsim {
namespace {

// Field by field, as a person wrote it.
class PolicyCheck {
 public:
  PolicyCheck(const std::string& file, std::string label)
      : reader_(file), label_(std::move(label)) {}

  Status spec(const yaml::Node& node) const {
    if (auto known = fields(node, "spec", {"podSelector", "policyTypes", "ingress", "egress"});
        !known)
      return known;
    if (auto known = selector(node.find("podSelector")); !known) return known;
    if (auto known = rules(node.find("ingress"), "ingress", "from"); !known) return known;
    return rules(node.find("egress"), "egress", "to");
  }

 private:
  // Things of other types are no fields: whoever reads them says so.
  Status fields(const yaml::Node& node, const std::string& what,
                std::initializer_list<std::string_view> known) const {
    if (node.kind != yaml::Node::Kind::map) return {};
    return reader_.map(node, label_ + " " + what, std::span(known.begin(), known.size()));
  }

  template <class Each>
  Status each(const yaml::Node* list, Each check) const {
    if (list == nullptr || list->kind != yaml::Node::Kind::list) return {};
    for (const auto& item : list->items)
      if (auto known = check(*item); !known) return known;
    return {};
  }

  Status selector(const yaml::Node* node) const {
    if (node == nullptr) return {};
    if (auto known = fields(*node, "selector", {"matchLabels", "matchExpressions"}); !known)
      return known;
    return each(node->find("matchExpressions"), [&](const yaml::Node& expression) {
      return fields(expression, "matchExpressions", {"key", "operator", "values"});
    });
  }

  Status peer(const yaml::Node& node) const {
    if (auto known = fields(node, "peer", {"podSelector", "namespaceSelector", "ipBlock"}); !known)
      return known;
    for (const char* name : {"podSelector", "namespaceSelector"})
      if (auto known = selector(node.find(name)); !known) return known;
    const auto* block = node.find("ipBlock");
    return block != nullptr ? fields(*block, "ipBlock", {"cidr", "except"}) : Status();
  }

  Status rules(const yaml::Node* list, const std::string& name, std::string_view peers) const {
    return each(list, [&](const yaml::Node& rule) -> Status {
      if (auto known = fields(rule, name + " rule", {"ports", peers}); !known) return known;
      const auto port = [&](const yaml::Node& one) {
        return fields(one, "port", {"port", "endPort", "protocol"});
      };
      if (auto known = each(rule.find("ports"), port); !known) return known;
      return each(rule.find(peers), [&](const yaml::Node& one) { return peer(one); });
    });
  }

  scenario::Reader reader_;
  std::string label_;
};

}  // namespace

Status check_network_policy_fields(const yaml::Node& policy, const std::string& file) {
  const auto* metadata = policy.find("metadata");
  const auto* name = metadata != nullptr ? metadata->find("name") : nullptr;
  const auto* spec = policy.find("spec");
  if (spec == nullptr) return {};
  return PolicyCheck(file, fmt::format("NetworkPolicy '{}'", name != nullptr ? name->text : ""))
      .spec(*spec);
}

}  // namespace felixsim
