// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "catalog/base/descriptors.h"
#include "catalog/base/error.h"
#include "catalog/base/flush.h"
#include "catalog/base/log.h"

namespace damfs {
namespace {

// Without them a pipe is waited for, a terminal becomes ours, and a link is followed.
constexpr int kAlways = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

int by_openat2(int folder, const char* name, int flags, mode_t mode) noexcept {
  struct open_how how {};
  how.flags = static_cast<uint64_t>(flags);
  // Anything but 0 is refused where nothing is made.
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, name, &how, sizeof how));
}

// One component after the other, each without following.
int by_steps(int folder, std::string_view name, int flags, mode_t mode) noexcept {
  UniqueFd step;
  for (;;) {
    const size_t slash = name.find('/');
    char component[NAME_MAX + 1];
    const std::string_view first = name.substr(0, slash);
    if (first.size() > NAME_MAX || first == ".." || (first.empty() && slash == 0)) {
      errno = first.size() > NAME_MAX ? ENAMETOOLONG : EXDEV;
      return -1;
    }
    *std::copy(first.begin(), first.end(), component) = '\0';
    const int at = step ? step.get() : folder;
    if (slash == name.npos) return ::openat(at, component, flags, mode);
    UniqueFd next(::openat(at, component, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) {
      // What openat2 calls a link on the way.
      struct stat st {};
      if (errno == ENOTDIR && ::fstatat(at, component, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
        errno = ELOOP;
      }
      return -1;
    }
    step = std::move(next);
    name.remove_prefix(slash + 1);
  }
}

// Containers of older systems answer a system call that they do not know with ENOSYS or EPERM.
bool has_openat2() noexcept {
  static const bool has = [] {
    const UniqueFd root(by_openat2(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
    return root || (errno != ENOSYS && errno != EPERM);
  }();
  return has;
}

const char* kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFLNK: return "a symbolic link";
    case S_IFIFO: return "a pipe";
    case S_IFSOCK: return "a socket";
    case S_IFCHR:
    case S_IFBLK: return "a device";
    case S_IFDIR: return "a folder";
    default: return "a file";
  }
}

}  // namespace

int open_beneath(int folder, const char* name, int flags, mode_t mode) noexcept {
  // What is only to be a place opens nothing, and openat2 refuses what has no meaning for it.
  flags |= (flags & O_PATH) != 0 ? O_CLOEXEC | O_NOFOLLOW : kAlways;
  int fd = -1;
  do {
    fd = has_openat2() ? by_openat2(folder, name, flags, mode) : by_steps(folder, name, flags, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

bool is_none_of_ours(int code) noexcept {
  return code == ELOOP || code == ENOTDIR || code == EISDIR || code == ENXIO || code == EPERM;
}

bool is_trusted_owner(uid_t owner, uid_t folder_owner) noexcept {
  return owner == folder_owner || owner == 0 || owner == ::geteuid();
}

Folder::Folder(const Path& path) {
  Opened opened{open_file(path.empty() ? Path(".") : path, O_RDONLY | O_DIRECTORY | O_NONBLOCK), path, 0};
  opened.owner = stat_fd(opened.fd.get(), path).st_uid;
  opened_ = std::make_shared<const Opened>(std::move(opened));
}

FileIn::FileIn(const Path& path) : folder(path.parent_path()), name(path.filename()) {}

int Folder::try_open(const Path& name, int flags, mode_t mode) const noexcept {
  return open_beneath(fd(), name.c_str(), flags, mode);
}

// Says what stands in the way, for "too many levels of symbolic links" helps nobody.
void Folder::refuse(const Path& name, int code) const {
  Path way;
  for (const Path& component : name) {
    way /= component;
    struct stat st {};
    if (::fstatat(fd(), way.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) break;
    if (S_ISLNK(st.st_mode)) {
      fail(ELOOP, "{} is a symbolic link, and none is followed in a library; put what it leads to in its place",
           at(way).string());
    }
    if (way == name && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
      fail(ENXIO, "{} is {}, which does not belong in a library; remove it", at(way).string(), kind_of(st.st_mode));
    }
    if (way != name && !S_ISDIR(st.st_mode)) {
      fail(ENOTDIR, "{} is {}, not a folder", at(way).string(), kind_of(st.st_mode));
    }
  }
  throw_errno(code, "cannot open " + at(name).string());
}

UniqueFd Folder::checked(int opened, const Path& name, mode_t type) const {
  if (opened < 0) refuse(name, errno);
  UniqueFd file(opened);
  const struct stat st = stat_fd(file.get(), at(name));
  if ((st.st_mode & S_IFMT) != type) {
    fail(type == S_IFDIR       ? ENOTDIR
         : S_ISDIR(st.st_mode) ? EISDIR
                               : ENXIO,
         "{} is {}, not {}", at(name).string(), kind_of(st.st_mode), kind_of(type));
  }
  if (!is_trusted_owner(st.st_uid, owner())) {
    fail(EPERM, "{} belongs to user {} and the library to user {}; nothing of somebody else's is used in it",
         at(name).string(), st.st_uid, owner());
  }
  return file;
}

UniqueFd Folder::open(const Path& name, int flags, mode_t mode) const {
  return checked(try_open(name, flags, mode), name, S_IFREG);
}

std::optional<UniqueFd> Folder::open_existing(const Path& name, int flags) const {
  const int fd = try_open(name, flags, 0);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  return checked(fd, name, S_IFREG);
}

std::optional<UniqueFd> Folder::open_ours(const Path& name, int flags) const {
  try {
    auto file = open_existing(name, flags);
    if (file) file = outside_reserve(std::move(*file));
    return file;
  } catch (const Error& error) {
    if (!is_none_of_ours(error.code())) throw;
    log::warning("{}", error.what());
    return std::nullopt;
  }
}

Folder Folder::folder(const Path& name) const {
  return Folder(Opened{checked(try_open(name, O_RDONLY | O_DIRECTORY, 0), name, S_IFDIR), at(name), owner()});
}

std::optional<Folder> Folder::existing_folder(const Path& name) const {
  const int fd = try_open(name, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  return Folder(Opened{checked(fd, name, S_IFDIR), at(name), owner()});
}

Folder Folder::make_folder(const Path& name, mode_t mode) const {
  Path way;
  Folder at_last = *this;
  for (const Path& component : name) {
    way /= component;
    if (::mkdirat(at_last.fd(), component.c_str(), mode) != 0 && errno != EEXIST) {
      throw_errno(errno, "cannot make the folder " + at(way).string());
    }
    at_last = at_last.folder(component);
  }
  return at_last;
}

std::optional<Folder::Parent> Folder::parent_of(const Path& name) const noexcept {
  Parent parent{{}, fd(), {}};
  if (!name.has_parent_path()) {
    parent.name = name.string();
    return parent;
  }
  parent.own = UniqueFd(try_open(name.parent_path(), O_PATH | O_DIRECTORY, 0));
  if (!parent.own) return std::nullopt;
  parent.fd = parent.own.get();
  parent.name = name.filename().string();
  return parent;
}

std::optional<struct stat> Folder::stat(const Path& name) const {
  const auto parent = parent_of(name);
  struct stat st {};
  if (parent && ::fstatat(parent->fd, parent->name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) return st;
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return std::nullopt;
  throw_errno(errno, "cannot stat " + at(name).string());
}

bool Folder::has_file(const Path& name) const {
  const auto st = stat(name);
  return st && S_ISREG(st->st_mode);
}

bool Folder::has_folder(const Path& name) const {
  const auto st = stat(name);
  return st && S_ISDIR(st->st_mode);
}

void Folder::require_file_or_nothing(const Path& name) const {
  const auto st = stat(name);
  if (!st || (S_ISREG(st->st_mode) && is_trusted_owner(st->st_uid, owner()))) return;
  if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) refuse(name, ENXIO);
  checked(try_open(name, O_RDONLY, 0), name, S_IFREG);
}

int Folder::unlink(const Path& name) const noexcept {
  const auto parent = parent_of(name);
  return parent && ::unlinkat(parent->fd, parent->name.c_str(), 0) == 0 ? 0 : errno;
}

int Folder::rename(const Path& from, const Folder& into, const Path& to) const noexcept {
  const auto source = parent_of(from);
  if (!source) return errno;
  const auto target = into.parent_of(to);
  if (!target) return errno;
  return ::renameat(source->fd, source->name.c_str(), target->fd, target->name.c_str()) == 0 ? 0 : errno;
}

int Folder::link_fd(int file, const Path& name) const noexcept {
  const auto parent = parent_of(name);
  if (!parent) return errno;
  char open[32];
  std::snprintf(open, sizeof open, "/proc/self/fd/%d", file);
  return ::linkat(AT_FDCWD, open, parent->fd, parent->name.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

void Folder::each(const std::function<void(const std::string& name, unsigned char type)>& visit) const {
  UniqueFd own(::openat(fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));  // its position is ours alone
  if (!own) throw_errno(errno, "cannot list " + path().string());
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(own.get()), &::closedir);
  if (!list) throw_errno(errno, "cannot list " + path().string());
  (void)own.release();
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(list.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    unsigned char type = entry->d_type;
    if (type == DT_UNKNOWN) {
      const auto st = stat(name);
      if (!st) continue;
      type = static_cast<unsigned char>(IFTODT(st->st_mode));
    }
    visit(name, type);
  }
  if (errno != 0) throw_errno(errno, "cannot list " + path().string());
}

bool Folder::is_empty() const {
  bool empty = true;
  each([&](const std::string&, unsigned char) { empty = false; });
  return empty;
}

std::optional<std::string> Folder::read_text(const Path& name, size_t limit) const {
  const auto fd = open_existing(name, O_RDONLY);
  if (!fd) return std::nullopt;
  const auto size = static_cast<uint64_t>(stat_fd(fd->get(), at(name)).st_size);
  if (size > limit) fail(EFBIG, "{} is larger than {} bytes", at(name).string(), limit);
  std::string text(size, '\0');
  text.resize(damfs::read_some(fd->get(), std::as_writable_bytes(std::span(text)), at(name)));
  return text;
}

void Folder::replace_text(const Path& name, std::string_view text, mode_t mode) const {
  const Path temporary = name.string() + ".tmp";
  require_file_or_nothing(name);
  require_file_or_nothing(temporary);
  if (const int code = unlink(temporary); code != 0 && code != ENOENT) {
    throw_errno(code, "cannot write " + at(temporary).string());
  }
  {
    const UniqueFd fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    write_all(fd.get(), std::as_bytes(std::span(text)), at(temporary));
    if (const int code = flush(fd.get())) throw_errno(code, "cannot write " + at(temporary).string());
  }
  if (const int code = rename(temporary, *this, name)) throw_errno(code, "cannot replace " + at(name).string());
  const auto parent = parent_of(name);
  const UniqueFd folder(parent ? ::openat(parent->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1);
  if (!folder) throw_errno(errno, "cannot write " + at(name).string());
  if (const int code = flush(folder.get())) throw_errno(code, "cannot write " + at(name).string());
}

}  // namespace damfs
