// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdlib>

namespace damfs {

// So many seconds, stretched on a machine that scripts/test found to be slow: how long something may take before it
// counts as hanging.
inline std::chrono::milliseconds patience(int seconds) {
  const char* slowness = std::getenv("DAMFS_SLOWNESS");
  return std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds * (slowness ? std::atof(slowness) : 1.0)));
}

}  // namespace damfs
