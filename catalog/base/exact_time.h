// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <ctime>

#include <cstdint>
#include <optional>

namespace damfs {

// Empty beyond 1677..2262, where 64 bits of nanoseconds end but file systems do not (to_ns gives the nearest end).
std::optional<int64_t> exact_ns(const struct timespec& time) noexcept;

}  // namespace damfs
