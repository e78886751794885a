// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/library/mounts.h"

#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/out_of_room.h"

namespace damfs {
namespace {

constexpr int kMostMounts = 16;
constexpr size_t kMostBytesOfState = 64 << 10;

FileIn state_file(const Library& library, int number) {
  return number == 1 ? library.mount_state() : FileIn(library.folder(), fmt::format("mount-{}.json", number));
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

std::optional<Path> mounted_at(const Library& library) {
  const auto mounts = mounts_of(library);
  return mounts.empty() ? std::nullopt : std::optional(mounts.front().mountpoint);
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

}  // namespace damfs
