// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount/mounted_paths.h"

#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "catalog/library/mounts.h"
#include "views/frame/node_id.h"

namespace damfs {

MountedPaths::MountedPaths(const Library& library) {
  for (const MountState& mount : mounts_of(library)) {
    const auto top = stat_path(mount.mountpoint);
    if (!top || !S_ISDIR(top->st_mode) || top->st_ino != NodeId::root().value()) continue;
    devices_.push_back(top->st_dev);
    if (top_.empty()) top_ = mount.mountpoint;
  }
}

bool MountedPaths::have(const struct stat& file) const {
  return std::find(devices_.begin(), devices_.end(), file.st_dev) != devices_.end();
}

AssetClaim asset_claim(const Path& file) {
  std::array<char, 32> value{};
  const ssize_t n = ::getxattr(file.c_str(), "user.damfs.asset", value.data(), value.size());
  if (n <= 0 && (n == 0 || errno != ERANGE)) return {};
  int64_t id = 0;
  if (n < 0 || std::from_chars(value.data(), value.data() + n, id).ec != std::errc()) return {true, std::nullopt};
  return {true, id};
}

}  // namespace damfs
