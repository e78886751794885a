// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/file.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/flush.h"
#include "catalog/base/long_path.h"

namespace damfs {

UniqueFd open_file(const Path& path, int flags, mode_t mode) {
  int fd;
  do {
    fd = at_length(path, [&](int at, const char* rest) { return ::openat(at, rest, flags | O_CLOEXEC, mode); });
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) throw_errno(errno, "cannot open " + path.string());
  return UniqueFd(fd);
}

std::optional<UniqueFd> open_existing(const Path& path, int flags) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd >= 0) return UniqueFd(fd);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno(errno, "cannot open " + path.string());
}

UniqueFd duplicate(int fd, const Path& path_for_messages) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) throw_errno(errno, "cannot keep " + path_for_messages.string() + " open");
  return copy;
}

UniqueFd open_pidfd(pid_t pid) noexcept {
#ifndef SYS_pidfd_open
  constexpr long SYS_pidfd_open = 434;
#endif
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

struct stat stat_fd(int fd, const Path& path_for_messages) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) throw_errno(errno, "cannot stat " + path_for_messages.string());
  return st;
}

std::optional<struct stat> stat_path(const Path& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0) return st;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno(errno, "cannot stat " + path.string());
}

std::optional<struct stat> lstat_path(const Path& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) == 0) return st;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno(errno, "cannot stat " + path.string());
}

int64_t to_ns(const struct timespec& time) noexcept {
  int64_t ns = 0;
  if (__builtin_mul_overflow(static_cast<int64_t>(time.tv_sec), int64_t{1'000'000'000}, &ns) ||
      __builtin_add_overflow(ns, static_cast<int64_t>(time.tv_nsec), &ns)) {
    return time.tv_sec < 0 ? INT64_MIN : INT64_MAX;
  }
  return ns;
}

struct timespec to_timespec(int64_t ns) noexcept {
  int64_t seconds = ns / 1'000'000'000;
  int64_t rest = ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  return {.tv_sec = seconds, .tv_nsec = rest};
}

size_t read_some(int fd, std::span<std::byte> buffer, const Path& path_for_messages) {
  size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t n = ::read(fd, buffer.data() + done, buffer.size() - done);
    if (n == 0) break;
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (errno != EINTR) {
      throw_errno(errno, "cannot read " + path_for_messages.string());
    }
  }
  return done;
}

size_t pread_some(int fd, std::span<std::byte> buffer, uint64_t offset, const Path& path_for_messages) {
  size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t n = ::pread(fd, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
    if (n == 0) break;
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (errno != EINTR) {
      throw_errno(errno, "cannot read " + path_for_messages.string());
    }
  }
  return done;
}

void pwrite_all(int fd, std::span<const std::byte> bytes, uint64_t offset, const Path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw_errno(n < 0 ? errno : EIO, "cannot write " + path.string());
    bytes = bytes.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
}

void write_all(int fd, std::span<const std::byte> bytes, const Path& path_for_messages) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(n));
    } else if (errno != EINTR) {
      throw_errno(errno, "cannot write " + path_for_messages.string());
    }
  }
}

std::optional<std::string> read_text(const Path& path, size_t limit) {
  auto fd = open_existing(path, O_RDONLY);
  if (!fd) return std::nullopt;
  std::string text(limit + 1, '\0');
  const size_t n = read_some(fd->get(), std::as_writable_bytes(std::span(text)), path);
  if (n > limit) fail(EFBIG, "{} is larger than {} bytes", path.string(), limit);
  text.resize(n);
  return text;
}

void replace_text(const Path& path, std::string_view text, mode_t mode) {
  const Path temporary = path.string() + ".tmp";
  {
    UniqueFd fd = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode);
    write_all(fd.get(), std::as_bytes(std::span(text)), temporary);
    if (const int code = flush(fd.get())) throw_errno(code, "cannot write " + temporary.string());
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) throw_errno(errno, "cannot replace " + path.string());
  const Path parent = path.has_parent_path() ? path.parent_path() : Path(".");
  const UniqueFd folder = open_file(parent, O_RDONLY | O_DIRECTORY);
  if (const int code = flush(folder.get())) throw_errno(code, "cannot write " + parent.string());
}

Path program_path() { return std::filesystem::read_symlink("/proc/self/exe"); }

}  // namespace damfs
