// SPDX-License-Identifier: Apache-2.0
// A file that claims to be an event log: reading it ends in data or in an error. What verify()
// calls intact must be readable to the end.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "felixsim/check.h"
#include "replay/log/event_log.h"

using namespace felixsim;

namespace {

// In memory where the system has a file system for that.
const std::string& scratch_file() {
  static const struct Folder {
    Folder() {
      std::string name = std::filesystem::exists("/dev/shm") ? "/dev/shm/felixsim-fuzz-XXXXXX"
                                                             : "/tmp/felixsim-fuzz-XXXXXX";
      FELIXSIM_CHECK(mkdtemp(name.data()) != nullptr);
      file = name + "/log";
    }
    ~Folder() {
      std::error_code ignored;
      std::filesystem::remove_all(std::filesystem::path(file).parent_path(), ignored);
    }
    std::string file;
  } folder;
  return folder.file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const std::string suffix : {"-wal", "-shm", "-journal"})
    std::filesystem::remove(scratch_file() + suffix);
  std::ofstream(scratch_file(), std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  auto log = EventLog::open(scratch_file());
  if (!log) return 0;
  const auto verdict = log->verify();
  const bool intact = verdict && verdict->intact;
  const auto state = log->state_at({});
  const auto info = log->info();
  FELIXSIM_CHECK(!intact || (state && info));
  auto source = log->events();
  for (int64_t read = 0;; ++read) {
    auto event = source->next();
    FELIXSIM_CHECK(!intact || event);
    if (!event || !*event) {
      FELIXSIM_CHECK(!intact || read == verdict->events);
      return 0;
    }
  }
}
