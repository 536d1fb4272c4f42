// SPDX-License-Identifier: Apache-2.0
// Whatever a datastore holds must not crash anything between text and update. Input: a key, a line
// break, a value; or a resource as JSON after a first line "resource".
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "felixsim/check.h"
#include "model/datastore/key_text.h"
#include "model/datastore/resources.h"
#include "model/datastore/syncer.h"
#include "model/datastore/value_json.h"
#include "model/datastore/value_text.h"

namespace {

using namespace felixsim;

void check_round_trip(const Update& update) {
  if (!update.value || std::holds_alternative<FelixPanic>(*update.value)) return;
  const std::string text = value_text(*update.value);
  if (text.find("u003cnil") != std::string::npos) return;  // a network that Felix cannot read back
  const auto again = parse_value(update.key, text);
  FELIXSIM_CHECK(again.has_value());
  FELIXSIM_CHECK(value_text(**again) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line_end = input.find('\n');
  if (line_end == std::string_view::npos) return 0;
  const std::string_view head = input.substr(0, line_end), value = input.substr(line_end + 1);
  Syncer syncer;
  std::vector<Update> updates;
  if (head == "resource") {
    const auto converted = convert_resource(value, false);
    if (!converted) return 0;
    for (const auto& stored : converted->stored) syncer.apply(stored.key, stored.value, updates);
  } else {
    syncer.apply(head, value, updates);
    syncer.apply(head, std::nullopt, updates);
  }
  for (const auto& update : updates) check_round_trip(update);
  return 0;
}
