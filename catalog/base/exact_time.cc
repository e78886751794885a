// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/exact_time.h"

#include "catalog/base/file.h"

namespace damfs {

std::optional<int64_t> exact_ns(const struct timespec& time) noexcept {
  const int64_t ns = to_ns(time);
  const struct timespec back = to_timespec(ns);
  const bool is_exact = back.tv_sec == time.tv_sec && back.tv_nsec == time.tv_nsec;
  return is_exact ? std::optional(ns) : std::nullopt;
}

}  // namespace damfs
