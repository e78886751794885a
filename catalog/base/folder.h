// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/base/file.h"

namespace damfs {

// A directory that was opened once, and the way to everything in it. Names are resolved beneath its descriptor, so they
// lead to it still when it is renamed, its disk detached or another put in its place; no symbolic link is followed, no
// pipe or device waited for; and what is opened is a regular file or a folder that belongs to the directory's owner, to
// root or to this process. Anything else is an Error that says what it is, so that somebody looks at it; "not there" is
// empty. A name is a relative path. Copies are cheap: they share the descriptor.
class Folder {
 public:
  // The path itself is the caller's, and may contain symbolic links. Implicit, so that a path can be passed.
  Folder(const Path& path);  // NOLINT(google-explicit-constructor)

  int fd() const { return opened_->fd.get(); }
  const Path& path() const { return opened_->path; }  // where it was when it was opened: for messages
  uid_t owner() const { return opened_->owner; }
  Path at(const Path& name) const { return path() / name; }  // for messages

  // Regular files.
  UniqueFd open(const Path& name, int flags, mode_t mode = 0) const;
  std::optional<UniqueFd> open_existing(const Path& name, int flags) const;
  // For a request: the reserve of descriptors is not used for it (descriptors.h). What is none of ours is logged and
  // counts as absent.
  std::optional<UniqueFd> open_ours(const Path& name, int flags) const;
  // As text, at most `limit` bytes; EFBIG beyond.
  std::optional<std::string> read_text(const Path& name, size_t limit) const;
  // Through a temporary file, fsync and rename, so that no reader and no power cut ever meets half of it.
  void replace_text(const Path& name, std::string_view text, mode_t mode = 0644) const;

  // Folders. `make_folder` makes those above it too.
  Folder folder(const Path& name) const;
  std::optional<Folder> existing_folder(const Path& name) const;
  Folder make_folder(const Path& name, mode_t mode = 0755) const;

  // Of whatever is called so, itself.
  std::optional<struct stat> stat(const Path& name) const;
  bool has_file(const Path& name) const;  // a regular one
  bool has_folder(const Path& name) const;
  // Throws as open() would where something else than a regular file has that name; opens nothing.
  void require_file_or_nothing(const Path& name) const;

  // These return 0 or an errno, since callers treat failures differently.
  int unlink(const Path& name) const noexcept;  // never a folder; of a link the link
  int rename(const Path& from, const Folder& into, const Path& to) const noexcept;
  int link_fd(int file, const Path& name) const noexcept;  // an open file's new name

  // The names of everything in it but "." and "..", with their types (DT_REG, …; DT_UNKNOWN is found out).
  void each(const std::function<void(const std::string& name, unsigned char type)>& visit) const;
  bool is_empty() const;

 private:
  struct Opened {
    UniqueFd fd;
    Path path;
    uid_t owner = 0;
  };
  explicit Folder(Opened opened) : opened_(std::make_shared<const Opened>(std::move(opened))) {}
  // -1 and errno.
  int try_open(const Path& name, int flags, mode_t mode) const noexcept;
  UniqueFd checked(int fd, const Path& name, mode_t type) const;
  [[noreturn]] void refuse(const Path& name, int code) const;
  struct Parent {
    UniqueFd own;  // empty: the folder itself
    int fd = -1;
    std::string name;
  };
  std::optional<Parent> parent_of(const Path& name) const noexcept;

  std::shared_ptr<const Opened> opened_;
};

// A name in a folder.
struct FileIn {
  FileIn(Folder in, Path called) : folder(std::move(in)), name(std::move(called)) {}
  FileIn(const Path& path);                      // NOLINT(google-explicit-constructor): as Folder's
  Path path() const { return folder.at(name); }  // for messages
  FileIn with_suffix(std::string_view suffix) const { return {folder, name.string().append(suffix)}; }

  Folder folder;
  Path name;
};

// openat2 with what every name in a Folder is opened with; by hand where the kernel or its guard has no openat2.
int open_beneath(int folder, const char* name, int flags, mode_t mode) noexcept;
// Whether the errno of an Error of open() says that what stands there is none of ours: a link, a pipe, a folder, or a
// file of somebody else's. What is found by its digest counts as missing then.
bool is_none_of_ours(int code) noexcept;
// Whether `owner` may own what is in a folder of `folder_owner`.
bool is_trusted_owner(uid_t owner, uid_t folder_owner) noexcept;

}  // namespace damfs
