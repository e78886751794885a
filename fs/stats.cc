// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/stats.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <utility>

#include "catalog/base/file.h"

namespace damfs {

std::string_view op_name(Op op) {
  static constexpr std::array<std::string_view, kOpCount> kNames = {
      "lookup",    "forget",  "getattr",     "open",       "read",     "flush",     "release",
      "opendir",   "readdir", "readdirplus", "releasedir", "readlink", "statfs",    "getxattr",
      "listxattr", "setattr", "create",      "mknod",      "write",    "fallocate", "copy_file_range",
      "lseek",     "fsync",   "fsyncdir",    "mkdir",      "unlink",   "rmdir",     "symlink",
      "rename",    "link",    "setxattr",    "removexattr"};
  return kNames[static_cast<size_t>(op)];
}

void Stats::count_error(int code) noexcept {
  if (code == ENOENT || code == ENODATA) return;
  add(errors_);
  if (code == EIO) add(io_errors_);
}

uint64_t Stats::requests() const noexcept {
  uint64_t sum = 0;
  for (const Counter& counter : requests_) sum += get(counter);
  return sum;
}

void Stats::set_passthrough(std::string state) {
  const std::lock_guard lock(mutex_);
  passthrough_ = std::move(state);
}

std::string Stats::passthrough() const {
  const std::lock_guard lock(mutex_);
  return passthrough_;
}

uint64_t resident_bytes() {
  // "size resident shared …" in pages. Read in one go: a file of /proc has no size of its own.
  const std::string text = read_text("/proc/self/statm", 4096).value_or("");
  const size_t space = text.find(' ');
  if (space == std::string::npos) return 0;
  uint64_t pages = 0;
  std::from_chars(text.data() + space + 1, text.data() + text.size(), pages);
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace damfs
