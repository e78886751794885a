// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/now.h"

#include <gtest/gtest.h>

#include <future>

#include "catalog/base/clock.h"
#include "tests/support/moved_clock.h"
#include "tests/support/patience.h"

namespace damfs::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(Clock, MovesAsATestSays) {
  MovedClock clock(MovedClock::Pace::kStands);
  const auto steady = Clock::now();
  const int64_t wall = now_ns();
  EXPECT_EQ(Clock::now(), steady);
  clock.forward(seconds(5));
  EXPECT_EQ(Clock::now(), steady + seconds(5));
  EXPECT_EQ(now_ns(), wall + 5'000'000'000);
  clock.set_wall(-hours(1));
  EXPECT_EQ(Clock::now(), steady + seconds(5));
  EXPECT_LT(now_ns(), wall);
}

TEST(Clock, GoesOnByItselfAndIsRightAgainAfterwards) {
  const auto before = Clock::now();
  {
    MovedClock clock;
    const auto moved = Clock::now();
    EXPECT_GE(moved, before);
    while (Clock::now() == moved) continue;
    clock.forward(hours(100));
  }
  EXPECT_LT(Clock::now(), before + hours(50));
}

TEST(Clock, WhoWaitsWakesWhenHisTimeHasCome) {
  std::mutex mutex;
  std::condition_variable changed;
  const auto waiting = std::async(std::launch::async, [&] {
    std::unique_lock lock(mutex);
    return Clock::wait_for(changed, lock, hours(1), [] { return false; });
  });
  MovedClock clock;
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(30)), std::future_status::timeout);
  clock.forward(hours(2));
  EXPECT_EQ(waiting.wait_for(patience(20)), std::future_status::ready);
}

TEST(Clock, WhoIsNotifiedDoesNotWaitForIt) {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_ready = false;
  auto waiting = std::async(std::launch::async, [&] {
    std::unique_lock lock(mutex);
    return Clock::wait_for(changed, lock, hours(1), [&] { return is_ready; });
  });
  {
    const std::lock_guard lock(mutex);
    is_ready = true;
  }
  changed.notify_all();
  EXPECT_TRUE(waiting.get());
}

}  // namespace
}  // namespace damfs::test
