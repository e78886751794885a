// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/now.h"

#include <ctime>
#include <thread>

namespace damfs {

Clock::time_point Clock::now() noexcept { return std::chrono::steady_clock::now(); }

int64_t Clock::wall_ns() noexcept {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

void Clock::sleep(duration time) { std::this_thread::sleep_for(time); }

void Clock::wait_once(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, time_point until) {
  condition.wait_until(lock, until);
}

}  // namespace damfs
