// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "fs/attributes.h"
#include "fs/passthrough.h"

namespace damfs {

struct MountOptions {
  std::vector<std::string> for_libfuse;
  Owner owner;
  bool is_for_others = false;  // allow_other
  Passthrough::Choice passthrough = Passthrough::Choice::kWhenPossible;
};

// What a user gave with -o (each element may be a comma-separated list, as mount(8) and fstab hand it over) over
// what damfs mounts with by itself: fsname=damfs, subtype=damfs, default_permissions, rw, nosuid, nodev, noexec;
// files belong to this process's user unless uid= and gid= say otherwise. `exec` lifts noexec, `private` keeps all but
// originals/ to the owner where others may enter (allow_other),
// `no_passthrough` has originals read through this process. Throws Error
// (EINVAL) for `suid` and `dev`, and for numbers that are none. What only concerns fstab is left out.
MountOptions parse_mount_options(const std::vector<std::string>& given);

}  // namespace damfs
