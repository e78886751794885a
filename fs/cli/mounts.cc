// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/mounts.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/out_of_room.h"
#include "fs/mount/mountpoint.h"

namespace damfs {
namespace {

constexpr int kMostMounts = 16;
constexpr std::chrono::milliseconds kEnding{50};
constexpr int kEndingTries = 100;

constexpr size_t kMostBytesOfState = 64 << 10;

FileIn state_file(const Library& library, int number) {
  return number == 1 ? library.mount_state() : FileIn(library.folder(), fmt::format("mount-{}.json", number));
}

// Its first thread has ended, and some other one has not.
bool is_dying(pid_t pid) {
  const auto stat = read_text(fmt::format("/proc/{}/stat", pid), 4096);
  const size_t name_end = stat ? stat->rfind(')') : std::string::npos;
  return name_end != std::string::npos && stat->compare(name_end, 3, ") Z") == 0;
}

}  // namespace

std::vector<MountState> mounts_of(const Library& library) {
  std::vector<MountState> mounts;
  for (int number = 1; number <= kMostMounts; ++number) {
    const FileIn file = state_file(library, number);
    if (!FileLock::is_held(file)) continue;
    const auto text = file.folder.read_text(file.name, kMostBytesOfState);
    if (auto state = parse_mount_state(text.value_or(""))) mounts.push_back(std::move(*state));
  }
  return mounts;
}

FileLock announce_mount(const Library& library, const Path& mountpoint) {
  for (int number = 1; number <= kMostMounts; ++number) {
    const FileIn file = state_file(library, number);
    auto lock = FileLock::try_take(file);
    if (!lock) continue;
    const std::string state = nlohmann::json({{"mountpoint", mountpoint.string()}, {"pid", ::getpid()}})
                                  .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    try {
      if (::ftruncate(lock->fd(), 0) != 0) throw_errno(errno, "cannot write " + file.path().string());
      write_all(lock->fd(), std::as_bytes(std::span(state)), file.path());
    } catch (const Error& error) {
      // A full disk is mounted to make room on it.
      if (!is_out_of_room(error.code())) throw;
      log::warning("{}; `damfs unmount` has to be told where it is mounted", error.what());
    }
    return std::move(*lock);
  }
  fail(EMFILE, "{} is mounted {} times already; unmount one of them", library.root().string(), kMostMounts);
}

void cut_dying_mounts(const Library& library) {
  for (const MountState& mount : mounts_of(library)) {
    if (!is_dying(mount.pid)) continue;
    log::warning("{}: its daemon was killed and hangs; its connection is cut", mount.mountpoint.string());
    abort_connection(mount.mountpoint);
    for (int tries = 0; tries < kEndingTries && is_dying(mount.pid); ++tries) std::this_thread::sleep_for(kEnding);
  }
}

}  // namespace damfs
