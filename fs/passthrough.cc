// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/passthrough.h"

#include <fmt/format.h>
#include <fuse_lowlevel.h>

namespace damfs {

std::string passthrough_state() {
  constexpr int kFirst = 317;  // 3.17, as fuse_version() counts
  const int running = fuse_version();
  if (running < kFirst) {
    return fmt::format("libfuse {}.{} is older than 3.17", running / 100, running % 100);
  }
  return fmt::format("damfs was built for libfuse {}.{}, which is older than 3.17", FUSE_MAJOR_VERSION,
                     FUSE_MINOR_VERSION);
}

}  // namespace damfs
