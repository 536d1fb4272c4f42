// SPDX-License-Identifier: Apache-2.0
#include "model/config/value.h"

namespace felixsim {
namespace {

std::string text(bool value) { return value ? "true" : "false"; }
std::string text(int64_t value) { return std::to_string(value); }
std::string text(uint32_t value) { return fmt::format("0x{:08x}", value); }
std::string text(Nanoseconds value) {
  return fmt::format("{}s", static_cast<double>(value.count) / 1e9);
}
std::string text(const std::string& value) { return value; }
std::string text(const Ip& value) { return value.str(); }
std::string text(const Regexp& value) { return value.pattern; }
std::string text(const Dscp& value) {
  return value.name.empty() ? std::to_string(value.number) : value.name;
}
std::string text(const Port& value) {
  return value.first == value.last ? std::to_string(value.first)
                                   : fmt::format("{}:{}", value.first, value.last);
}
std::string text(const IndexRange& value) { return fmt::format("{}-{}", value.first, value.last); }
std::string text(const ProtoPort& value) {
  if (value.net.empty()) return fmt::format("{}:{}", value.protocol, value.port);
  const bool v6 = value.net.find(':') != std::string::npos;
  return fmt::format("{}:{}{}{}:{}", value.protocol, v6 ? "[" : "", value.net, v6 ? "]" : "",
                     value.port);
}

template <class K, class V>
std::string text(const std::pair<const K, V>& entry) {
  return entry.first + "=" + text(entry.second);
}

template <class List>
std::string joined(const List& list) {
  std::string result;
  for (const auto& item : list) result += (result.empty() ? "" : ",") + text(item);
  return result;
}
template <class T>
std::string text(const std::vector<T>& list) {
  return joined(list);
}
template <class T>
std::string text(const std::map<std::string, T>& map) {
  return joined(map);
}
template <class T>
std::string text(const Nullable<T>& value) {
  return value ? text(*value) : "none";
}

}  // namespace

std::string value_text(const ConfigValue& value) {
  return std::visit([](const auto& typed) { return text(typed); }, value);
}

}  // namespace felixsim
