// SPDX-License-Identifier: Apache-2.0
#include "sim/report/message_lines.h"

#include <nlohmann/json.hpp>

#include "model/calc/message_json.h"

namespace felixsim {

std::string message_lines(std::span<const msg::Message> messages, const std::string& node) {
  const std::string prefix = node.empty() ? "{" : "{\"node\":" + nlohmann::json(node).dump() + ",";
  std::string out;
  for (const auto& message : messages)
    out += prefix + calc::tagged_message_json(message).substr(1) + "\n";
  return out;
}

}  // namespace felixsim
