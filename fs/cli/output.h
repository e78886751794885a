// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "catalog/base/now.h"

namespace damfs {

std::string human_bytes(int64_t bytes);  // "1.5 GiB"

// How far a long run is: a bar on a terminal, one line a second otherwise, both on stderr.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  struct State {
    int64_t done = 0;
    int64_t total = 0;         // 0: not known yet
    bool total_grows = false;  // still being counted
    int64_t bytes = 0;         // read so far; 0: not worth showing
    int64_t bytes_total = 0;
  };
  void show(const State& state);  // as often as you like
  void clear();                   // makes room for a line of text

 private:
  std::string line(const State& state) const;

  const std::string what_;
  const bool terminal_;
  const Clock::time_point begun_;
  Clock::time_point shown_;
  bool drawn_ = false;
};

}  // namespace damfs
