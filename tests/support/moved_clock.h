// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>

namespace damfs::test {

// The time as a test moves it: everybody's in the program of the unit tests, for as long as one lives; one at a time.
// It goes on by itself, too, unless it stands still. Whoever waits (Clock::wait_until) wakes when his time has come.
class MovedClock {
 public:
  enum class Pace { kGoesOn, kStands };
  explicit MovedClock(Pace pace = Pace::kGoesOn);
  ~MovedClock();
  MovedClock(const MovedClock&) = delete;
  MovedClock& operator=(const MovedClock&) = delete;

  void forward(std::chrono::nanoseconds time);  // both clocks
  void set_wall(std::chrono::nanoseconds by);   // as an administrator does: the wall clock alone, also back
};

}  // namespace damfs::test
