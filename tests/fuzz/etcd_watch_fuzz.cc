// SPDX-License-Identifier: Apache-2.0
// `etcdctl watch -w json`: whatever is taken is a list of puts and deletes in UTF-8.
#include "felixsim/check.h"
#include "replay/capture/capture.h"

using namespace felixsim;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto source = stream_etcd_watch_text(std::string(data, data + size), "input");
  for (;;) {
    auto event = source->next();
    if (!event || !*event) return 0;
    auto again = stream_jsonl_text(event_to_jsonl(**event), "again")->next();
    FELIXSIM_CHECK(again && *again == *event);
  }
}
