// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace damfs {

// What time it is, for whoever waits or compares times: nobody else asks the system (scripts/check-layers). The program
// of the unit tests is linked with another now.cc, whose time a test moves (tests/support/moved_clock.h).
struct Clock {
  // Steady: it goes on while the machine's own clock is set.
  using duration = std::chrono::steady_clock::duration;
  using time_point = std::chrono::steady_clock::time_point;
  static time_point now() noexcept;
  static int64_t wall_ns() noexcept;  // CLOCK_REALTIME, nanoseconds since the epoch
  static void sleep(duration time);

  // As those of std::condition_variable: whether `is_ready` when it returns.
  template <typename Predicate>
  static bool wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, time_point until,
                         const Predicate& is_ready) {
    while (!is_ready()) {
      if (now() >= until) return false;
      wait_once(condition, lock, until);
    }
    return true;
  }
  template <typename Predicate>
  static bool wait_for(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, duration time,
                       const Predicate& is_ready) {
    return wait_until(condition, lock, now() + time, is_ready);
  }

 private:
  // Until then, until it is notified, or for no reason.
  static void wait_once(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, time_point until);
};

}  // namespace damfs
