// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/support/moved_clock.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <ctime>
#include <thread>

#include "catalog/base/now.h"

namespace damfs {
namespace {

using std::chrono::nanoseconds;

// How far the clocks were moved, and where they stand; 0: they go on.
std::atomic<bool> is_moved{false};
std::atomic<int64_t> steady_ahead{0}, wall_ahead{0};
std::atomic<int64_t> steady_stands{0}, wall_stands{0};

// Whoever began to wait before the clock was moved is to see it too.
constexpr auto kLooksAgain = std::chrono::milliseconds(1);
constexpr auto kLooksForAClock = std::chrono::milliseconds(20);

int64_t read_clock(clockid_t clock) noexcept {
  struct timespec now {};
  ::clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

int64_t moved(clockid_t clock, const std::atomic<int64_t>& stands, const std::atomic<int64_t>& ahead) noexcept {
  const int64_t at = stands.load();
  return (at != 0 ? at : read_clock(clock)) + ahead.load();
}

}  // namespace

// In the place of catalog/base/now.cc.
Clock::time_point Clock::now() noexcept {
  return time_point(nanoseconds(moved(CLOCK_MONOTONIC, steady_stands, steady_ahead)));
}

int64_t Clock::wall_ns() noexcept { return moved(CLOCK_REALTIME, wall_stands, wall_ahead); }

void Clock::sleep(duration time) {
  const time_point until = now() + time;
  if (!is_moved) return std::this_thread::sleep_for(time);
  while (now() < until) std::this_thread::sleep_for(kLooksAgain);
}

void Clock::wait_once(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, time_point until) {
  const duration most = is_moved ? kLooksAgain : kLooksForAClock;
  condition.wait_for(lock, std::min(most, until - now()));
}

}  // namespace damfs

namespace damfs::test {

MovedClock::MovedClock(Pace pace) {
  if (pace == Pace::kStands) {
    steady_stands = read_clock(CLOCK_MONOTONIC);
    wall_stands = read_clock(CLOCK_REALTIME);
  }
  is_moved = true;
}

MovedClock::~MovedClock() {
  is_moved = false;
  steady_ahead = wall_ahead = steady_stands = wall_stands = 0;
}

void MovedClock::forward(nanoseconds time) {
  steady_ahead += time.count();
  wall_ahead += time.count();
}

void MovedClock::set_wall(nanoseconds by) { wall_ahead += by.count(); }

}  // namespace damfs::test
