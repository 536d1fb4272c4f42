// SPDX-License-Identifier: Apache-2.0
// JSON lines: whatever is taken must come back equal from its own export, and the log must take it
// or say why not.
#include "felixsim/check.h"
#include "replay/capture/capture.h"

using namespace felixsim;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto source = stream_jsonl_text(std::string(data, data + size), "input");
  for (;;) {
    auto event = source->next();
    if (!event) {
      FELIXSIM_CHECK(!event.error().message.empty());
      return 0;
    }
    if (!*event) return 0;
    auto again = stream_jsonl_text(event_to_jsonl(**event), "again")->next();
    FELIXSIM_CHECK(again && *again == *event);
  }
}
