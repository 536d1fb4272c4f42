// SPDX-License-Identifier: Apache-2.0
// A progress bar on standard error; only where that is a terminal, and only for work that takes a
// while.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

namespace felixsim::cli {

class Progress {
 public:
  // `total` of 0: unknown; only the count is shown.
  Progress(std::string label, size_t total);
  ~Progress();  // removes the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(size_t by = 1);  // thread-safe

 private:
  void draw();

  std::string label_;
  size_t total_, done_ = 0;
  bool terminal_, drawn_ = false;
  std::chrono::steady_clock::time_point next_draw_;
  std::mutex mutex_;
};

}  // namespace felixsim::cli
