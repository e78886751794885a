// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "catalog/library/library.h"
#include "catalog/library/mount_state.h"

namespace damfs {

// A library may be mounted several times at once, by several processes. Each says where in a file of its own beside
// the catalog, locked for as long as it lives.
std::vector<MountState> mounts_of(const Library& library);

// One of those places; empty: it is mounted nowhere.
std::optional<Path> mounted_at(const Library& library);

// To be held as long as the mount lives. EMFILE when there are too many.
FileLock announce_mount(const Library& library, const Path& mountpoint);

}  // namespace damfs
