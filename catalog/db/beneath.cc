// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/db/beneath.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "catalog/base/error.h"

namespace damfs::db {
namespace {

constexpr const char* kVfs = "damfs-beneath";
constexpr std::string_view kFolders = "/proc/self/fd/";

struct Beneath {
  int folder = -1;
  const char* name = nullptr;  // ends where the path ended
};

// Empty: some other path.
std::optional<Beneath> parse(const char* path) noexcept {
  const std::string_view text(path);
  if (!text.starts_with(kFolders)) return std::nullopt;
  Beneath beneath;
  const auto [end, error] = std::from_chars(path + kFolders.size(), path + text.size(), beneath.folder);
  if (error != std::errc()) return std::nullopt;
  beneath.name = *end == '/' ? end + 1 : end;
  if (*beneath.name == '\0') beneath.name = ".";
  return beneath;
}

// Nobody else reads what is made here: who may read what an original's owner keeps from him, would from this.
constexpr mode_t kOwnersBits = 0700;

int open_name(const char* path, int flags, int mode) noexcept {
  const auto beneath = parse(path);
  if (!beneath) return ::open(path, flags, mode);
  UniqueFd file(open_beneath(beneath->folder, beneath->name, flags, static_cast<mode_t>(mode) & kOwnersBits));
  struct stat st {};
  struct stat folder {};
  if (!file) return -1;
  if (::fstat(file.get(), &st) != 0 || ::fstat(beneath->folder, &folder) != 0) return -1;
  if ((!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) || !is_trusted_owner(st.st_uid, folder.st_uid)) {
    errno = EPERM;
    return -1;
  }
  return file.release();
}

int unlink_name(const char* path) noexcept {
  const auto beneath = parse(path);
  if (!beneath) return ::unlink(path);
  const char* last = std::strrchr(beneath->name, '/');
  if (last == nullptr) return ::unlinkat(beneath->folder, beneath->name, 0);
  const std::string above(beneath->name, last);
  const UniqueFd folder(open_beneath(beneath->folder, above.c_str(), O_PATH | O_DIRECTORY, 0));
  return folder ? ::unlinkat(folder.get(), last + 1, 0) : -1;
}

thread_local int read_error = 0;

template <typename Offset>
ssize_t read_at(int fd, void* buffer, size_t size, Offset offset) noexcept {
  const ssize_t n = ::pread(fd, buffer, size, offset);
  if (n < 0 && errno != EINTR) read_error = errno;
  return n;
}

// SQLite's own would follow /proc/self/fd/N to where the folder is called now, and that may be another one's name.
int full_pathname(sqlite3_vfs* /*vfs*/, const char* name, int size, char* out) noexcept {
  const size_t length = std::strlen(name);
  if (length >= static_cast<size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, length + 1);
  return SQLITE_OK;
}

const char* make_vfs() {
  sqlite3_vfs* system = sqlite3_vfs_find("unix");
  if (system == nullptr || system->iVersion < 3) fail(ENOTSUP, "this SQLite has no VFS that damfs could stand on");
  // The WAL's index is opened deep within that VFS, but all it opens goes through these.
  system->xSetSystemCall(system, "open", reinterpret_cast<sqlite3_syscall_ptr>(&open_name));
  system->xSetSystemCall(system, "unlink", reinterpret_cast<sqlite3_syscall_ptr>(&unlink_name));
  // It uses one of the two.
  system->xSetSystemCall(system, "pread", reinterpret_cast<sqlite3_syscall_ptr>(&read_at<off_t>));
  system->xSetSystemCall(system, "pread64", reinterpret_cast<sqlite3_syscall_ptr>(&read_at<off64_t>));
  static sqlite3_vfs beneath = *system;
  beneath.zName = kVfs;
  beneath.pNext = nullptr;
  beneath.xFullPathname = &full_pathname;
  if (sqlite3_vfs_register(&beneath, 0) != SQLITE_OK) fail(ENOMEM, "cannot register a VFS with SQLite");
  return kVfs;
}

}  // namespace

int take_read_error() noexcept { return std::exchange(read_error, 0); }

std::string name_beneath(const FileIn& file) {
  return fmt::format("{}{}/{}", kFolders, file.folder.fd(), file.name.string());
}

const char* vfs_beneath() {
  static const char* const name = make_vfs();
  return name;
}

}  // namespace damfs::db
