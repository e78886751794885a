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

// What an act that ends the worker ends it by: SIGSYS, by the filter; where the processor itself refuses an instruction
// that this kernel has switched off, SIGSEGV, which no filter comes before.
int ended_by(const Act& act);

}  // namespace damfs::testing
