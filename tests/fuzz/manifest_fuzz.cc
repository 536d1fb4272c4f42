// SPDX-License-Identifier: Apache-2.0
// Manifests in YAML or JSON, as calicoctl and kubectl take them.
#include "felixsim/check.h"
#include "replay/capture/capture.h"

using namespace felixsim;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto events = import_calicoctl_text(std::string(data, data + size), "input");
  FELIXSIM_CHECK(events || !events.error().message.empty());
  std::vector<std::string> notes;
  const auto converted = import_kubectl_text(std::string(data, data + size), "input", &notes);
  FELIXSIM_CHECK(converted || !converted.error().message.empty());
  return 0;
}
