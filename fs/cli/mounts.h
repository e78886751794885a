// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "catalog/library/library.h"
#include "fs/mount/mount_state.h"

namespace damfs {

// A library may be mounted several times at once, by several processes. Each says where in a file of its own beside
// the catalog, locked for as long as it lives.
std::vector<MountState> mounts_of(const Library& library);

// To be held as long as the mount lives. EMFILE when there are too many.
FileLock announce_mount(const Library& library, const Path& mountpoint);

// A daemon that was killed while the kernel held one of its threads does not end, and neither does anybody who waits
// for its answers, until its connection is cut.
void cut_dying_mounts(const Library& library);

}  // namespace damfs
