// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/base/folder.h"
#include "catalog/library/preview_settings.h"
#include "catalog/media/charsets.h"
#include "catalog/model/write/date_rules.h"

namespace damfs {

// damfs.toml. Every value has a default; an unknown key or a value of the wrong type is an Error that names
// the file, the line and what would be right.
struct Config {
  int64_t derived_max_bytes = int64_t{10} << 30;  // [derived] max_bytes: the cache of derived files
  unsigned media_workers = 0;                     // [media] workers: 0 is one a core
  unsigned media_ready_workers = 2;               // [media] ready_workers: started by a mount before they are asked for
  int64_t media_deadline_ms = 30'000;             // [media] deadline_ms: for one still or one probe
  std::string pack_charset{kAutoCharset};         // [packs] encoding: of names in zips that do not tell theirs
  std::string timezone;                           // [dates] timezone: "" is the machine's
  DateRules dates;                                // [dates] from_names
  bool show_copies = false;                       // [views] show_copies: all of exact copies in flat views
  std::vector<PreviewSetting> previews;           // [preview.NAME]

  static Config load(const FileIn& file);  // the defaults when there is none
  static Config parse(std::string_view text, const Path& file_for_messages);
};

// Whether a library is opened whose folder belongs to neither this user nor root. Its owner can change it while it is
// used.
enum class ForeignOwner : uint8_t { kRefused, kAccepted };

// A library on disk:
//   damfs.toml  catalog.db (and catalog.db-reserve: room for it on a full disk)  objects/ab/cd/<sha256>  staging/
//   derived/ (evictable, with a CACHEDIR.TAG)
// Its folder is opened once, and everything in it beneath that (Folder): no link, pipe or device in it is followed or
// waited for, and nothing is made in its old place once its disk was detached.
class Library {
 public:
  // Makes the folder, if need be with mode 0700, and everything in it. EEXIST when it is a library already, ENOTEMPTY
  // when something else is in the way.
  static Library create(const Path& root, ForeignOwner foreign = ForeignOwner::kRefused);
  // ENOENT when there is none, EPERM when it is somebody else's.
  explicit Library(const Path& root, ForeignOwner foreign = ForeignOwner::kRefused);

  // -L, else $DAMFS_LIBRARY, else the library that encloses `from`, else $XDG_DATA_HOME/damfs.
  static Path find(const std::optional<Path>& given, const Path& from);
  static Path default_root();
  static bool is_library(const Path& folder);
  // EINVAL, with the remedy, for a place inside a damfs mount or library; `what` is to be made there.
  static void refuse_within(const Path& place, std::string_view what);

  const Path& root() const { return root_.path(); }
  const Folder& folder() const { return root_; }
  const Config& config() const { return config_; }
  bool is_open_to_others() const;  // its folder's mode
  CatalogIn catalog() const { return CatalogIn({root_, "catalog.db"}, config_.dates); }
  const Folder& objects() const { return objects_; }
  const Folder& staging() const { return staging_; }
  FileIn derived() const { return {root_, "derived"}; }
  FileIn mount_state() const { return {root_, "mount.json"}; }  // who has it mounted, locked while it is
  FileIn import_lock() const { return {root_, "import.lock"}; }
  // Shared by whoever may give an object a name (a mount, an import) for as long as it may; exclusive while objects
  // that have none are taken away. The folder itself: a full disk may have no room for one more file.
  FileIn objects_lock() const { return {root_, "objects"}; }
  std::string being_freed() const;  // the message for those who cannot share it then

 private:
  Folder root_;
  Config config_;
  Folder objects_;
  Folder staging_;
};

// An advisory lock on a file or a folder, held while the object lives and given up by the kernel when the process dies.
class FileLock {
 public:
  // Empty when another process holds it.
  static std::optional<FileLock> try_take(const FileIn& file);
  // Shared with others. Whoever holds it alone does so for moments, which are waited for; then EBUSY with `else_say`.
  static FileLock share(const FileIn& file, std::string_view else_say);
  static bool is_held(const FileIn& file);
  int fd() const { return fd_.get(); }

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  static UniqueFd open(const FileIn& file);  // made when it is not there
  UniqueFd fd_;
};

}  // namespace damfs
