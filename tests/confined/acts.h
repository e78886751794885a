// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

namespace damfs::testing {

// Something that code in a worker could try. Gives what the system call gave (-1 and errno), if it comes back at all.
struct Act {
  enum class Fate { kEndsIt, kIsRefused, kIsAllowed };
  const char* name;
  Fate fate;
  int error;  // of what is refused
  long (*perform)();
};

std::span<const Act> acts();

}  // namespace damfs::testing
