// SPDX-License-Identifier: Apache-2.0
// What the log promises when things go wrong: a writer killed at any point, a full disk, readers
// in other processes meanwhile.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include "tests/replay/log/log_fixture.h"

using namespace felixsim;

namespace {

Event numbered_put(int64_t i) {
  return put(i, "/calico/k" + std::to_string(i % 300), std::string(1 + i * 37 % 900, 'v'));
}

// The child: appends batches of changing size for ever, and writes to `acknowledge` how far it is.
[[noreturn]] void import_for_ever(const std::string& path, int acknowledge) {
  auto writer = EventLogWriter::open(path);
  if (!writer) _exit(3);
  for (int64_t next = writer->last_sequence() + 1;;) {
    std::vector<Event> batch;
    const int64_t size = 1 + next % 200;
    for (int64_t i = 0; i < size; ++i) batch.push_back(numbered_put(next + i));
    if (!writer->append(batch)) _exit(4);
    next += size;
    const int64_t done = next - 1;
    if (write(acknowledge, &done, sizeof done) != sizeof done) _exit(5);
  }
}

// Kills a child after `delay`; the last sequence that it had acknowledged, 0 for none.
int64_t kill_after(const std::string& path, std::chrono::microseconds delay,
                   bool disk_may_be_full = false) {
  int channel[2];
  REQUIRE(pipe(channel) == 0);
  const pid_t child = fork();
  if (child == 0) {
    close(channel[0]);
    import_for_ever(path, channel[1]);
  }
  REQUIRE(child > 0);
  close(channel[1]);
  fcntl(channel[0], F_SETPIPE_SZ, 1 << 20);  // the child must not wait for us
  std::this_thread::sleep_for(delay);
  kill(child, SIGKILL);
  int64_t acknowledged = 0;
  for (int64_t value = 0; read(channel[0], &value, sizeof value) == sizeof value;)
    acknowledged = value;
  close(channel[0]);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK((WIFSIGNALED(status) || (disk_may_be_full && WEXITSTATUS(status) < 5)));
  return acknowledged;
}

void check_history(const EventLog& log, int64_t acknowledged) {
  const auto verdict = verdict_of(log);
  INFO(verdict.fact);
  CHECK(verdict.intact);
  CHECK(verdict.events >= acknowledged);
  const auto events = all_events(log);
  REQUIRE(static_cast<int64_t>(events.size()) == verdict.events);
  for (int64_t i = 1; i <= verdict.events; ++i) {
    Event want = numbered_put(i);
    want.sequence = i;
    if (events[static_cast<size_t>(i - 1)] != want) FAIL("event " << i << " is another");
  }
}

// A full disk: 2 MiB of tmpfs in a mount namespace of this process's own.
struct SmallDisk {
  TemporaryFolder folder;
  std::string why_not;
  SmallDisk() {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", folder.file("").c_str(), "tmpfs", 0, "size=2m") != 0)
      why_not = std::strerror(errno);
  }
  ~SmallDisk() {
    if (why_not.empty()) umount2(folder.file("").c_str(), MNT_DETACH);
  }
};

void fill_up(const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  const std::string block(4096, 'x');
  while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) continue;
}

}  // namespace

TEST_CASE("a writer killed at any point loses nothing that it acknowledged") {
  const unsigned seed = std::random_device{}();
  std::cout << "kill test: seed " << seed << "\n";
  std::mt19937 random(seed);
  int64_t survived = 0;
  for (int log = 0; log < 10; ++log) {
    TemporaryFolder folder;
    const std::string path = folder.file("log.db");
    for (int kill = 0; kill < 10; ++kill) {
      // The first kill of a log is early enough to hit its creation.
      const unsigned limit = kill == 0 ? 10'000 : 60'000;
      const int64_t acknowledged = kill_after(path, std::chrono::microseconds(random() % limit));
      INFO("seed " << seed << ", log " << log << ", kill " << kill);
      auto reader = EventLog::open(path);
      if (acknowledged == 0 && !reader && reader.error().code != ErrorCode::corrupt) continue;
      INFO((reader ? "" : reader.error().message));
      REQUIRE(reader);
      check_history(*reader, acknowledged);
      survived = acknowledged;
    }
    check_history(open_writer(path).log(), survived);  // and a writer can go on
  }
}

TEST_CASE("readers in other processes see a growing, intact prefix") {
  TemporaryFolder folder;
  const std::string path = folder.file("log.db");
  { open_writer(path); }
  std::vector<pid_t> readers;
  for (int reader = 0; reader < 3; ++reader) {
    const pid_t child = fork();
    if (child == 0) {
      int64_t before = 0;
      while (before < 3000) {
        auto log = EventLog::open(path);
        if (!log) _exit(2);
        auto verdict = log->verify();
        if (!verdict || !verdict->intact || verdict->events < before) _exit(3);
        auto state = log->state_at({});
        if (!state || state->sequence < verdict->events) _exit(4);
        if (static_cast<int64_t>(state->values.size()) != std::min<int64_t>(state->sequence, 300))
          _exit(5);
        before = verdict->events;
      }
      _exit(0);
    }
    REQUIRE(child > 0);
    readers.push_back(child);
  }
  auto writer = open_writer(path);
  for (int64_t next = 1; next <= 3000; next += 50) {
    std::vector<Event> batch;
    for (int64_t i = 0; i < 50; ++i) batch.push_back(numbered_put(next + i));
    append(writer, batch);
  }
  for (const pid_t reader : readers) {
    int status = 0;
    waitpid(reader, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
}

TEST_CASE("a full disk is a clear error, keeps what was acknowledged, and heals") {
  SmallDisk disk;
  if (!disk.why_not.empty()) {
    std::cout << "skipped: a small tmpfs cannot be mounted: " << disk.why_not << "\n";
    return;
  }
  const std::string path = disk.folder.file("log.db"), ballast = disk.folder.file("ballast");
  int64_t acknowledged = 0;
  Error failure;
  {
    auto writer = open_writer(path);
    for (;;) {
      std::vector<Event> batch;
      for (int64_t i = 1; i <= 100; ++i) batch.push_back(numbered_put(acknowledged + i));
      if (auto done = writer.append(batch); !done) {
        failure = done.error();
        break;
      }
      acknowledged += 100;
    }
    CHECK(acknowledged > 500);
    CHECK_THAT(failure.message, Catch::Contains("the disk is full"));
    CHECK(failure.code == ErrorCode::io);
    CHECK_THAT(failure.help, Catch::Contains("free some space"));
    check_history(writer.log(), acknowledged);  // while the writer is still there
    fill_up(ballast);
    check_history(open_log(path), acknowledged);
  }
  check_history(open_log(path), acknowledged);  // after it closed, still not a byte free
  std::filesystem::remove(ballast);
  check_history(open_log(path), acknowledged);
}

TEST_CASE("a writer killed on a full disk leaves a log that opens there") {
  SmallDisk disk;
  if (!disk.why_not.empty()) {
    std::cout << "skipped: a small tmpfs cannot be mounted: " << disk.why_not << "\n";
    return;
  }
  const std::string path = disk.folder.file("log.db");
  int64_t acknowledged = 0;
  for (int round = 0; round < 5; ++round)
    acknowledged = std::max(acknowledged, kill_after(path, std::chrono::milliseconds(20), true));
  fill_up(disk.folder.file("ballast"));
  std::filesystem::remove(path + "-shm");  // as after a reboot
  check_history(open_log(path), acknowledged);
}

TEST_CASE("a log in a folder that nobody may write is read") {
  TemporaryFolder folder;
  const std::string path = folder.file("log.db");
  {
    auto writer = open_writer(path);
    append(writer, one_of_each());
  }
  std::filesystem::permissions(
      folder.file(""), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  CHECK(all_events(open_log(path)) == numbered(one_of_each()));
  std::filesystem::permissions(folder.file(""), std::filesystem::perms::owner_all);
}
