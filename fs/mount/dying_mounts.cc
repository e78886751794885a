// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount/dying_mounts.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "catalog/base/log.h"
#include "catalog/base/now.h"
#include "catalog/library/mounts.h"
#include "fs/mount/mountpoint.h"

namespace damfs {
namespace {

constexpr std::chrono::milliseconds kEnding{50};
constexpr int kEndingTries = 100;

// Its first thread has ended, and some other one has not.
bool is_dying(pid_t pid) {
  const auto stat = read_text(fmt::format("/proc/{}/stat", pid), 4096);
  const size_t name_end = stat ? stat->rfind(')') : std::string::npos;
  return name_end != std::string::npos && stat->compare(name_end, 3, ") Z") == 0;
}

}  // namespace

void cut_dying_mounts(const Library& library) {
  for (const MountState& mount : mounts_of(library)) {
    if (!is_dying(mount.pid)) continue;
    log::warning("{}: its daemon was killed and hangs; its connection is cut", mount.mountpoint.string());
    abort_connection(mount.mountpoint);
    for (int tries = 0; tries < kEndingTries && is_dying(mount.pid); ++tries) Clock::sleep(kEnding);
  }
}

}  // namespace damfs
