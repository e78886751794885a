// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace damfs {

// Whether thread `asker`, which once asked for something, waits for nothing any more, now that thread `closer`
// closes the file: it is the same thread, or it has ended or is about to. Says no when it cannot tell.
bool has_gone(pid_t asker, pid_t closer);

// The process that a thread belongs to; the thread itself when it cannot tell.
uint64_t process_of(pid_t thread);

}  // namespace damfs
