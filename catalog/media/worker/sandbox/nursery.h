// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

namespace damfs::worker {

// What one source's bytes did to a worker must not travel to the next one's answers, and starting the libraries anew
// for each would take as long as a picture. So the program starts them once, gives up its privileges and becomes the
// nursery: it sees nobody's bytes, and each worker is a fresh copy of it.
//
// Over wire::kNurserySocket: a byte with a worker's end of a socket pair asks for one more worker on it. Each worker
// tells its process id there (an int, as the pool's own namespace counts) before it does anything else; a negative
// errno says that there is none. The first one is raised unasked, on wire::kWorkerSocket. Workers are the pool's
// children, as if it had started them itself, so that it hears how they end.
//
// Runs `serve` in each worker; returns in the nursery when the pool is gone. Where there is no nursery socket, or this
// system cannot do it, the process itself serves.
void raise_workers(const std::function<void()>& serve);

}  // namespace damfs::worker
