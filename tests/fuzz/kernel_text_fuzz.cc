// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: native texts and command front-ends of the simulated kernel.
#include "tests/fuzz/kernel_text_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  felixsim::fuzz_kernel_text({reinterpret_cast<const char*>(data), size});
  return 0;
}
