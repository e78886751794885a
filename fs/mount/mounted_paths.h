// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/acts/items.h"
#include "catalog/library/library.h"

namespace damfs {

// The mounts of a library that answer, as paths lead to them. A mount is a device of its own.
class MountedPaths {
 public:
  explicit MountedPaths(const Library& library);
  const Path& top() const { return top_; }  // of one of them; empty: there is none
  bool have(const struct stat& file) const;

 private:
  Path top_;
  std::vector<dev_t> devices_;
};

// Which asset a file of a mount shows, as its attribute says. Copying programs spread that to wherever they copy, and
// anybody can set it there: it is trusted on a mount of the library alone.
struct AssetClaim {
  bool is_there = false;
  std::optional<int64_t> asset;  // empty though it is there: it says nothing that a mount says
};
AssetClaim asset_claim(const Path& file);

// Items that are named by their paths below a mount; there is no mount asked for before one could be.
class MountedItems {
 public:
  explicit MountedItems(std::function<Library()> library) : library_(std::move(library)) {}
  // As AtPath. Of a folder all files below it.
  std::optional<ItemsAt> at(const std::string& item);

 private:
  bool is_mounted(const struct stat& file);
  ItemsAt files_below(const std::string& folder);

  const std::function<Library()> library_;
  std::optional<MountedPaths> mounted_;  // once it was asked for
};

}  // namespace damfs
