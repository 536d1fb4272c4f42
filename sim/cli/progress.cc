// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/progress.h"

#include <unistd.h>

#include <cstdio>

namespace felixsim::cli {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Progress::Progress(std::string label, size_t total)
    : label_(std::move(label)),
      total_(total),
      terminal_(isatty(STDERR_FILENO) == 1),
      next_draw_(steady_clock::now() + milliseconds(300)) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::step(size_t by) {
  if (!terminal_) return;
  const std::lock_guard lock(mutex_);
  done_ += by;
  const auto now = steady_clock::now();
  if (now < next_draw_) return;
  next_draw_ = now + milliseconds(100);
  draw();
}

void Progress::draw() {
  drawn_ = true;
  if (total_ == 0) {
    std::fputs(fmt::format("\r{}: {}\033[K", label_, done_).c_str(), stderr);
    return;
  }
  constexpr size_t width = 30;
  const size_t filled = std::min(width, done_ * width / total_);
  std::fputs(fmt::format("\r{} [{}{}] {}/{}\033[K", label_, std::string(filled, '='),
                         std::string(width - filled, ' '), done_, total_)
                 .c_str(),
             stderr);
  std::fflush(stderr);
}

}  // namespace felixsim::cli
