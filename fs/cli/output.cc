// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace damfs {
namespace {

constexpr int kBarWidth = 24;

std::string duration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

std::string human_bytes(int64_t bytes) {
  static constexpr std::array<const char*, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto amount = static_cast<double>(bytes);
  size_t unit = 0;
  while (amount >= 1024 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, kUnits.at(unit));
}

ProgressBar::ProgressBar(std::string what)
    : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1), begun_(Clock::now()), shown_(begun_) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::clear() {
  if (terminal_ && drawn_) fmt::print(stderr, "\r\033[K");
  drawn_ = false;
}

std::string ProgressBar::line(const State& state) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
  const bool by_bytes = state.bytes_total > 0;
  const auto total = static_cast<double>(by_bytes ? state.bytes_total : state.total);
  const auto done = static_cast<double>(by_bytes ? std::min(state.bytes, state.bytes_total) : state.done);
  const double part = total > 0 ? std::min(1.0, done / total) : 0;
  std::string text = what_ + " ";
  if (terminal_ && total > 0) {
    const int filled = static_cast<int>(part * kBarWidth);
    text += fmt::format("[{}{}] ", std::string(filled, '#'), std::string(kBarWidth - filled, '.'));
  }
  text += fmt::format("{}/{}{}", state.done, state.total, state.total_grows ? "+" : "");
  if (state.bytes > 0) {
    text += fmt::format(", {}, {}/s", human_bytes(state.bytes),
                        human_bytes(static_cast<int64_t>(static_cast<double>(state.bytes) / seconds)));
  } else if (seconds > 0) {
    text += fmt::format(", {:.1f}/s", static_cast<double>(state.done) / seconds);
  }
  if (part > 0.01 && !state.total_grows) text += ", " + duration(seconds / part * (1 - part)) + " left";
  return text;
}

void ProgressBar::show(const State& state) {
  const auto now = Clock::now();
  const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(1000);
  if (now - shown_ < pause) return;
  shown_ = now;
  drawn_ = true;
  fmt::print(stderr, "{}{}{}", terminal_ ? "\r\033[K" : "", line(state), terminal_ ? "" : "\n");
  std::fflush(stderr);
}

}  // namespace damfs
