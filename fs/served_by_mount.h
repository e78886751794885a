// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/base/file.h"
#include "fs/stats.h"
#include "views/serve/served_library.h"

namespace damfs {

// What a mount tells of itself in .damfs/. `stats` must outlive it; `mountpoint` is only told.
ServedBy served_by_mount(const Stats& stats, const Path& mountpoint);

}  // namespace damfs
