// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/last_error.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "catalog/base/names.h"
#include "catalog/base/now.h"
#include "views/frame/asker.h"

namespace damfs {
namespace {

constexpr size_t kMostLines = 64;

// What no request asked for is noted for this process's own user.
uint32_t whose() { return Asking::uid().value_or(::geteuid()); }

}  // namespace

void LastError::note(std::string_view reason) {
  std::string line = fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}\n",
                                 fmt::gmtime(static_cast<time_t>(Clock::wall_ns() / 1'000'000'000)), printable(reason));
  const std::lock_guard lock(mutex_);
  lines_[whose()] = {++newest_, std::move(line)};
  if (lines_.size() <= kMostLines) return;
  lines_.erase(std::min_element(lines_.begin(), lines_.end(),
                                [](const auto& a, const auto& b) { return a.second.number < b.second.number; }));
}

std::string LastError::line() const {
  const std::lock_guard lock(mutex_);
  const auto found = lines_.find(whose());
  return found == lines_.end() ? std::string() : found->second.text;
}

}  // namespace damfs
