// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <set>
#include <string_view>

#include "catalog/base/file.h"

namespace damfs {

// The device numbers of all damfs mounts that this process sees. From the kernel's table of mounts. Nothing in a mount
// is looked up: there, a lookup may find any name (search/).
std::set<dev_t> devices_of_own_mounts();
std::set<dev_t> devices_of_own_mounts(std::string_view mountinfo);  // proc_pid_mountinfo(5)

// Whether that place, or the nearest folder above it that is there, is within a damfs mount.
bool is_in_own_mount(const Path& place);

}  // namespace damfs
