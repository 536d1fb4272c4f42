// SPDX-License-Identifier: Apache-2.0
// The small languages of the command line: moments, probes, ports, versions. What is taken prints
// and reads back to the same.
#include "felixsim/check.h"
#include "sim/analysis/probe.h"
#include "sim/cli/file.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/reach_input.h"

using namespace felixsim;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  if (const auto moment = cli::parse_moment(text); !moment)
    FELIXSIM_CHECK(!moment.error().help.empty());
  if (const auto header = cli::parse_header(text)) (void)cli::match_of(*header);
  (void)cli::parse_version(text);
  if (const auto probe = parse_probe(text)) {
    const auto again = parse_probe(probe_text(*probe));
    FELIXSIM_CHECK(again && probe_text(*again) == probe_text(*probe));
  }
  return 0;
}
