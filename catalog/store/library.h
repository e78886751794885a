// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/base/file.h"
#include "catalog/media/charsets.h"
#include "catalog/store/preview_settings.h"

namespace damfs {

// damfs.toml. Every value has a default; an unknown key or a value of the wrong type is an Error that names
// the file, the line and what would be right.
struct Config {
  int64_t derived_max_bytes = int64_t{10} << 30;  // [derived] max_bytes: the cache of derived files
  unsigned media_workers = 0;                     // [media] workers: 0 is one a core
  unsigned media_ready_workers = 2;               // [media] ready_workers: started by a mount before they are asked for
  int64_t media_deadline_ms = 30'000;             // [media] deadline_ms: for one still or one probe
  std::string pack_charset{kAutoCharset};         // [packs] encoding: of names in zips that do not tell theirs
  std::vector<PreviewSetting> previews;           // [preview.NAME]

  static Config load(const Path& file);
};

// A library on disk:
//   damfs.toml  catalog.db (and catalog.db-reserve: room for it on a full disk)  objects/ab/cd/<sha256>  staging/
//   derived/ (evictable, with a CACHEDIR.TAG)
class Library {
 public:
  // Makes the folder, if need be, and everything in it. EEXIST when it is a library already, ENOTEMPTY when
  // something else is in the way.
  static Library create(const Path& root);
  explicit Library(Path root);  // ENOENT when there is none

  // -L, else $DAMFS_LIBRARY, else the library that encloses `from`, else $XDG_DATA_HOME/damfs.
  static Path find(const std::optional<Path>& given, const Path& from);
  static Path default_root();
  static bool is_library(const Path& folder);

  const Path& root() const { return root_; }
  const Config& config() const { return config_; }
  Path catalog() const { return root_ / "catalog.db"; }
  Path objects() const { return root_ / "objects"; }
  Path staging() const { return root_ / "staging"; }
  Path derived() const { return root_ / "derived"; }
  Path mount_state() const { return root_ / "mount.json"; }  // who has it mounted, locked while it is
  Path import_lock() const { return root_ / "import.lock"; }
  // Shared by whoever may give an object a name (a mount, an import) for as long as it may; exclusive while objects
  // that have none are taken away. The folder itself: a full disk may have no room for one more file.
  Path objects_lock() const { return objects(); }
  std::string being_freed() const;  // what is told to those who cannot share it then

 private:
  Path root_;
  Config config_;
};

// An advisory lock on a file or a folder, held while the object lives and given up by the kernel when the process dies.
class FileLock {
 public:
  // Empty when another process holds it.
  static std::optional<FileLock> try_take(const Path& file);
  // With others who share it. Who holds it alone does so for moments: waited for as long, then EBUSY with `else_say`.
  static FileLock share(const Path& file, std::string_view else_say);
  static bool is_held(const Path& file);
  int fd() const { return fd_.get(); }

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  static UniqueFd open(const Path& file);  // made when it is not there
  UniqueFd fd_;
};

}  // namespace damfs
