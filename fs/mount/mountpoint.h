// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>

#include "catalog/base/file.h"

namespace damfs {

// One line of /proc/self/mountinfo.
struct MountEntry {
  Path mountpoint;
  std::string device;  // "0:45"
  std::string type;    // "fuse.damfs"
  std::string source;  // "damfs"
};

// What is mounted last (so, on top) at exactly this absolute path.
std::optional<MountEntry> find_mount(const Path& mountpoint);

// Whether a FUSE file system is mounted there; asks the kernel's table, and nothing of the mount.
bool is_fuse_mount(const Path& mountpoint);

// `text` of mountinfo; for find_mount and its tests.
std::optional<MountEntry> find_mount_in(const std::string& text, const Path& mountpoint);

// Makes `mountpoint` ready to be mounted on and returns it absolute and free of symbolic links. Creates it when
// it does not exist; detaches what a killed daemon left there. Throws Error: ENOTDIR, ENOTEMPTY, EBUSY when
// something alive is mounted there.
Path prepare_mountpoint(const Path& mountpoint);

enum class Detach { kWhenIdle, kLazily };

// Unmounts, as root by itself, otherwise through fusermount3, and returns when the mount is gone. kLazily: takes
// the name away at once; programs that have something open keep it. Throws Error: EINVAL when no FUSE file
// system is mounted there, EBUSY when programs still use it.
void unmount(const Path& mountpoint, Detach how = Detach::kWhenIdle);

// Ends the connection of what is mounted there: whoever waits for it gets ECONNABORTED. For a daemon that is dead; asks
// nothing of the mount itself, which would not answer.
void abort_connection(const Path& mountpoint);

}  // namespace damfs
