// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount/mounted_paths.h"

#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "catalog/base/names.h"
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

bool MountedItems::is_mounted(const struct stat& file) {
  if (!mounted_) mounted_.emplace(library_());
  return mounted_->have(file);
}

std::optional<ItemsAt> MountedItems::at(const std::string& item) {
  const AssetClaim claim = asset_claim(item);
  if (claim.is_there) {
    if (const auto file = stat_path(item); !file || !is_mounted(*file)) {
      return ItemsAt{
          {},
          fmt::format("'{}' is not in a mount of this library, so that what its attribute user.damfs.asset says is not "
                      "believed; say its path below the mount, or #ID",
                      printable(item))};
    }
    return claim.asset ? std::optional(ItemsAt{{*claim.asset}}) : std::nullopt;
  }
  std::error_code error;
  if (!std::filesystem::is_directory(item, error) || !is_mounted(*stat_path(item))) return std::nullopt;
  return files_below(item);
}

ItemsAt MountedItems::files_below(const std::string& folder) {
  ItemsAt found;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(
      folder, std::filesystem::directory_options::skip_permission_denied, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    // Something else may be mounted below.
    const auto file = entry->is_symlink(error) ? std::nullopt : stat_path(entry->path());
    if (!file || !S_ISREG(file->st_mode) || !is_mounted(*file)) continue;
    if (const AssetClaim claim = asset_claim(entry->path()); claim.asset) found.assets.push_back(*claim.asset);
  }
  if (error) {
    found.problem = fmt::format("{} could not be read: {}", printable(folder), error.message());
  } else if (found.assets.empty()) {
    found.problem = fmt::format("there is no file below {}", printable(folder));
  }
  return found;
}

}  // namespace damfs
