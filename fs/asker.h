// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace damfs {

// Whether thread `asker` no longer waits for what it once asked, now that thread `closer` closes the file: it is the
// same thread, or it has ended or is about to. False when that is not known.
bool has_gone(pid_t asker, pid_t closer);

struct Program {
  uint64_t id = 0;   // the process that a thread belongs to; the thread itself when it cannot tell
  std::string name;  // as the kernel shortens it
};
Program program_of(pid_t thread);

// The process that a thread belongs to; the thread itself when it cannot tell.
uint64_t process_of(pid_t thread);

}  // namespace damfs
