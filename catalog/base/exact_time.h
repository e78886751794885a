// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <ctime>

#include <cstdint>
#include <optional>

namespace damfs {

// In nanoseconds; empty outside of the years 1677 to 2262, which is what 64 bits hold (to_ns gives the nearest that
// fits).
std::optional<int64_t> exact_ns(const struct timespec& time) noexcept;

}  // namespace damfs
