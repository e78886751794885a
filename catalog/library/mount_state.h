// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "catalog/base/file.h"

namespace damfs {

// What a mount writes into its file beside the catalog.
struct MountState {
  Path mountpoint;
  pid_t pid = 0;
};
// Of such a file's text; empty for what is none.
std::optional<MountState> parse_mount_state(std::string_view text);

}  // namespace damfs
