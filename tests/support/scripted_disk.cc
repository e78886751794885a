// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/support/scripted_disk.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdint>

namespace damfs::test {
namespace {

thread_local ScriptedDisk* of_this_thread = nullptr;

using Call = ScriptedDisk::Call;

// -1 with errno: the script says so.
bool is_refused(Call call) noexcept {
  const int error = of_this_thread == nullptr ? 0 : of_this_thread->begin(call);
  if (error == 0) return false;
  errno = error;
  return true;
}

size_t shortened(size_t size) noexcept {
  return of_this_thread == nullptr ? size : std::min(size, of_this_thread->most());
}

template <typename Result>
Result noting(Result result, int file) {
  if (result >= 0 && of_this_thread != nullptr) of_this_thread->written(file);
  return result;
}

template <typename... Args>
int call_of(long number, Args... args) {
  return static_cast<int>(::syscall(number, args...));
}

}  // namespace

ScriptedDisk::ScriptedDisk() { of_this_thread = this; }
ScriptedDisk::~ScriptedDisk() { of_this_thread = nullptr; }
ScriptedDisk* ScriptedDisk::current() noexcept { return of_this_thread; }

void ScriptedDisk::fail(Call call, int nth, int error) { rules_[index(call)] = {0, nth, nth, error}; }
void ScriptedDisk::fail_from(Call call, int nth, int error) { rules_[index(call)] = {0, nth, INT_MAX, error}; }

int ScriptedDisk::begin(Call call) noexcept {
  Rule& rule = rules_[index(call)];
  ++rule.made;
  return rule.made >= rule.from && rule.made <= rule.to ? rule.error : 0;
}

void ScriptedDisk::note(int fd, const std::string& name) {
  struct stat st {};
  if (::fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) return;
  const Inode inode{st.st_dev, st.st_ino};
  const bool is_known = std::any_of(unflushed_.begin(), unflushed_.end(),
                                    [&](const Unflushed& each) { return each.inode == inode && each.name == name; });
  if (!is_known) unflushed_.push_back({inode, UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)), name});
}

void ScriptedDisk::written(int file) { note(file, {}); }
void ScriptedDisk::named(int folder, const char* name) { note(folder, name); }

void ScriptedDisk::flushed(int file) {
  struct stat st {};
  if (::fstat(file, &st) != 0) return;
  std::erase_if(unflushed_, [&](const Unflushed& each) { return each.inode == Inode{st.st_dev, st.st_ino}; });
}

void ScriptedDisk::flushed_all() { unflushed_.clear(); }

void ScriptedDisk::lose_what_was_not_flushed() {
  const auto lost = std::exchange(unflushed_, {});
  for (const Unflushed& each : lost) {
    if (each.name.empty()) {
      call_of(SYS_ftruncate, each.fd.get(), 0L);
    } else {
      ::unlinkat(each.fd.get(), each.name.c_str(), 0);
    }
  }
}

}  // namespace damfs::test

using damfs::test::call_of;
using damfs::test::is_refused;
using damfs::test::noting;
using damfs::test::of_this_thread;
using damfs::test::shortened;
using Disk = damfs::test::ScriptedDisk::Call;

// Under the names that the C library's headers give them where offsets have 64 bits.
extern "C" {

ssize_t pread64(int file, void* buffer, size_t size, off64_t offset) {
  if (is_refused(Disk::kRead)) return -1;
  return ::syscall(SYS_pread64, file, buffer, shortened(size), offset);
}

ssize_t __pread64_chk(int file, void* buffer, size_t size, off64_t offset, size_t) {
  return pread64(file, buffer, size, offset);
}

ssize_t pwrite64(int file, const void* buffer, size_t size, off64_t offset) {
  if (is_refused(Disk::kWrite)) return -1;
  return noting(::syscall(SYS_pwrite64, file, buffer, shortened(size), offset), file);
}

ssize_t copy_file_range(int in, off64_t* from, int out, off64_t* to, size_t size, unsigned flags) {
  if (is_refused(Disk::kCopy)) return -1;
  return noting(::syscall(SYS_copy_file_range, in, from, out, to, shortened(size), flags), out);
}

int ftruncate64(int file, off64_t size) noexcept {
  if (is_refused(Disk::kResize)) return -1;
  return noting(call_of(SYS_ftruncate, file, size), file);
}

int fallocate64(int file, int mode, off64_t offset, off64_t size) {
  if (is_refused(Disk::kResize)) return -1;
  return noting(call_of(SYS_fallocate, file, mode, offset, size), file);
}

int fsync(int file) {
  if (is_refused(Disk::kFlush)) return -1;
  const int done = call_of(SYS_fsync, file);
  if (done == 0 && of_this_thread != nullptr) of_this_thread->flushed(file);
  return done;
}

int syncfs(int file) noexcept {
  if (is_refused(Disk::kFlush)) return -1;
  const int done = call_of(SYS_syncfs, file);
  if (done == 0 && of_this_thread != nullptr) of_this_thread->flushed_all();
  return done;
}

int linkat(int from, const char* old_name, int into, const char* name, int flags) noexcept {
  if (is_refused(Disk::kLink)) return -1;
  const int done = call_of(SYS_linkat, from, old_name, into, name, flags);
  if (done == 0 && of_this_thread != nullptr) of_this_thread->named(into, name);
  return done;
}

int renameat(int from, const char* old_name, int into, const char* name) noexcept {
  if (is_refused(Disk::kRename)) return -1;
  const int done = call_of(SYS_renameat, from, old_name, into, name);
  if (done == 0 && of_this_thread != nullptr) of_this_thread->named(into, name);
  return done;
}

int mkdirat(int in, const char* name, mode_t mode) noexcept {
  if (is_refused(Disk::kFolder)) return -1;
  return call_of(SYS_mkdirat, in, name, mode);
}

int fchmod(int file, mode_t mode) noexcept {
  if (is_refused(Disk::kMode)) return -1;
  return call_of(SYS_fchmod, file, mode);
}

// FICLONE alone.
int ioctl(int file, unsigned long request, ...) noexcept {
  va_list more;
  va_start(more, request);
  const auto argument = va_arg(more, uintptr_t);
  va_end(more);
  const bool is_clone = request == FICLONE;
  if (is_clone && is_refused(Disk::kClone)) return -1;
  const int done = call_of(SYS_ioctl, file, request, argument);
  return is_clone ? noting(done, file) : done;
}

}  // extern "C"
