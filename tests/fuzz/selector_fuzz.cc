// SPDX-License-Identifier: Apache-2.0
// A selector of any kind: its canonical text reads back as itself, and both select the same.
#include "felixsim/check.h"
#include "model/selector/selector.h"

using namespace felixsim;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)normalise_selector(text);
  const auto selector = parse_selector(text);
  if (!selector) {
    FELIXSIM_CHECK(!selector.error().message.empty());
    return 0;
  }
  const std::string& canonical = (*selector)->text();
  (void)(*selector)->restrictions();
  (void)with_label_prefix(**selector, "pcns.");
  const LabelMap labels{{Symbol("a"), Symbol("b")}, {Symbol("role"), Symbol("db")}};
  const bool matches = (*selector)->matches(labels);
  const auto again = parse_selector(canonical);
  if (!again) {  // each group nests one deeper in the canonical text
    FELIXSIM_CHECK(again.error().code == ErrorCode::unsupported || canonical.size() > 1000);
    return 0;
  }
  FELIXSIM_CHECK((*again)->matches(labels) == matches);
  return 0;
}
