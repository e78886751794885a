// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/stat.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "catalog/base/file.h"

namespace damfs {

// A folder met on a walk.
struct WalkedFolder {
  std::shared_ptr<const WalkedFolder> above{};  // null: it is the walked root
  struct stat stat {};
};

// A regular file met on a walk, or a symbolic link that says where to within the walked tree.
struct WalkedFile {
  Path path;           // as it can be opened
  std::string folder;  // where it lies below the walked root, parts joined by '/', "" for its top
  std::string name;
  struct stat stat {};
  std::shared_ptr<const WalkedFolder> in{};  // null: the walked root is the file
  std::optional<std::string> link{};         // what a symbolic link says
};

// What a walk meets. Any of these may be called on the walking thread only.
struct WalkVisitor {
  std::function<bool(const WalkedFile&)> file;  // false: stop the walk
  std::function<void(const Path&, const std::string& reason)> unreadable;
  std::function<void(const Path&, const std::string& reason)> skipped;  // links, devices, temporary files, libraries
};

// Walks `root` (a folder or one file), names in byte order, so that two walks of the same tree meet the same
// files in the same order. Litter is passed over in silence; symbolic links are never followed, except `root`.
// Those that lead out of the tree, by what they say, are skipped.
// What cannot be read is reported, and the walk goes on. False: a visitor stopped it.
bool walk(const Path& root, const WalkVisitor& visitor);

}  // namespace damfs
