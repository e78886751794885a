// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The C library's calls, as the program of the unit tests has them. Under the names that its headers give them where
// offsets have 64 bits.

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdint>

#include "tests/support/scripted_disk.h"

namespace damfs::test {
namespace {

using Disk = ScriptedDisk::Call;

// -1 with errno: the script says so.
bool is_refused(Disk call) noexcept {
  ScriptedDisk* disk = ScriptedDisk::current();
  const int error = disk == nullptr ? 0 : disk->begin(call);
  if (error == 0) return false;
  errno = error;
  return true;
}

size_t shortened(size_t size) noexcept {
  const ScriptedDisk* disk = ScriptedDisk::current();
  return disk == nullptr ? size : std::min(size, disk->most());
}

bool is_file(int fd) noexcept {
  struct stat st {};
  return ScriptedDisk::current() != nullptr && ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

bool is_there(int folder, const char* name) noexcept {
  struct stat st {};
  return ::fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

// A call that changes bytes of a file.
template <typename Work>
auto noting(const ScriptedDisk::Stretch& stretch, const Work& work) {
  ScriptedDisk* disk = ScriptedDisk::current();
  if (disk == nullptr) return work();
  disk->changes(stretch);
  const auto result = work();
  const int error = errno;
  disk->changed(stretch, result >= 0);
  errno = error;
  return result;
}

uint64_t size_of(int fd) noexcept {
  struct stat st {};
  return ::fstat(fd, &st) == 0 ? static_cast<uint64_t>(st.st_size) : 0;
}

// All from `offset` on.
ScriptedDisk::Stretch rest_of(int fd, uint64_t offset) noexcept {
  const uint64_t size = ScriptedDisk::current() == nullptr ? 0 : size_of(fd);
  return {fd, offset, size > offset ? size - offset : 0};
}

template <typename... Args>
int call_of(long number, Args... args) {
  return static_cast<int>(::syscall(number, args...));
}

// A file that is made is a name in its folder, too.
template <typename Open>
int opening(int folder, const char* name, int flags, const Open& open) {
  ScriptedDisk* disk = ScriptedDisk::current();
  if (disk == nullptr) return open();
  if (is_refused(Disk::kOpen)) return -1;
  const bool makes = (flags & O_CREAT) != 0 && !is_there(folder, name);
  const int fd = open();
  if (fd >= 0 && makes) disk->named(folder, name);
  return fd;
}

int flush(int file, long number) {
  ScriptedDisk* disk = ScriptedDisk::current();
  if (disk == nullptr) return call_of(number, file);
  if (is_refused(Disk::kFlush)) return -1;
  number == SYS_syncfs ? disk->flushed_all() : disk->flushed(file);
  return 0;
}

using SystemCall = long (*)(long, ...);
SystemCall real_syscall = nullptr;
// libfuse ends its threads by pthread_cancel(3), in their reads: a bare system call is no place where that can happen.
using Read = ssize_t (*)(int, void*, size_t);
Read real_read = nullptr;

__attribute__((constructor)) void find_real_calls() {
  real_syscall = reinterpret_cast<SystemCall>(::dlsym(RTLD_NEXT, "syscall"));
  real_read = reinterpret_cast<Read>(::dlsym(RTLD_NEXT, "read"));
}

}  // namespace
}  // namespace damfs::test

using namespace damfs::test;  // NOLINT: this file is these calls

extern "C" {

// openat2 has no other way. As the C library's own it takes six arguments, however many there are.
__attribute__((no_sanitize("address"))) long syscall(long number, ...) noexcept {
  va_list more;
  va_start(more, number);
  long a[6];
  for (long& each : a) each = va_arg(more, long);
  va_end(more);
  if (real_syscall == nullptr) find_real_calls();
  const auto call = [&] { return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]); };
  if (number != SYS_openat2 || ScriptedDisk::current() == nullptr) return call();
  const auto* how = reinterpret_cast<const open_how*>(a[2]);
  return opening(static_cast<int>(a[0]), reinterpret_cast<const char*>(a[1]), static_cast<int>(how->flags),
                 [&] { return static_cast<int>(call()); });
}

int openat64(int folder, const char* name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode = va_arg(more, mode_t);
  va_end(more);
  return opening(folder, name, flags, [&] { return call_of(SYS_openat, folder, name, flags, mode); });
}

// The thread sanitizer has its own of these, which tell it who waited for whom.
#ifndef __SANITIZE_THREAD__
ssize_t read(int file, void* buffer, size_t size) {
  if (is_file(file)) {
    if (is_refused(Disk::kRead)) return -1;
    size = shortened(size);
  }
  if (real_read == nullptr) find_real_calls();
  return real_read(file, buffer, size);
}

ssize_t write(int file, const void* buffer, size_t size) {
  if (!is_file(file)) return ::syscall(SYS_write, file, buffer, size);
  if (is_refused(Disk::kWrite)) return -1;
  const auto at = static_cast<uint64_t>(::syscall(SYS_lseek, file, 0L, SEEK_CUR));
  size = shortened(size);
  return noting({file, at, size}, [&] { return ::syscall(SYS_write, file, buffer, size); });
}
#endif

ssize_t pread64(int file, void* buffer, size_t size, off64_t offset) {
  if (is_refused(Disk::kRead)) return -1;
  return ::syscall(SYS_pread64, file, buffer, shortened(size), offset);
}

ssize_t __pread64_chk(int file, void* buffer, size_t size, off64_t offset, size_t) {
  return pread64(file, buffer, size, offset);
}

ssize_t pwrite64(int file, const void* buffer, size_t size, off64_t offset) {
  if (is_refused(Disk::kWrite)) return -1;
  size = shortened(size);
  return noting({file, static_cast<uint64_t>(offset), size},
                [&] { return ::syscall(SYS_pwrite64, file, buffer, size, offset); });
}

ssize_t copy_file_range(int in, off64_t* from, int out, off64_t* to, size_t size, unsigned flags) {
  if (is_refused(Disk::kCopy)) return -1;
  size = shortened(size);
  const auto stretch = rest_of(out, to == nullptr ? 0 : static_cast<uint64_t>(*to));
  const uint64_t most = std::min<uint64_t>(size, size_of(in));
  return noting({out, stretch.offset, std::max(stretch.bytes, most)},
                [&] { return ::syscall(SYS_copy_file_range, in, from, out, to, size, flags); });
}

int ftruncate64(int file, off64_t size) noexcept {
  if (is_refused(Disk::kResize)) return -1;
  return noting(rest_of(file, static_cast<uint64_t>(size)), [&] { return call_of(SYS_ftruncate, file, size); });
}

int fallocate64(int file, int mode, off64_t offset, off64_t size) {
  if (is_refused(Disk::kResize)) return -1;
  return noting(rest_of(file, static_cast<uint64_t>(offset)),
                [&] { return call_of(SYS_fallocate, file, mode, offset, size); });
}

int fsync(int file) { return flush(file, SYS_fsync); }
int fdatasync(int file) { return flush(file, SYS_fdatasync); }
int syncfs(int file) noexcept { return flush(file, SYS_syncfs); }

int linkat(int from, const char* old_name, int into, const char* name, int flags) noexcept {
  if (is_refused(Disk::kLink)) return -1;
  const int done = call_of(SYS_linkat, from, old_name, into, name, flags);
  if (done == 0 && ScriptedDisk::current() != nullptr) ScriptedDisk::current()->named(into, name);
  return done;
}

int renameat(int from, const char* old_name, int into, const char* name) noexcept {
  if (is_refused(Disk::kRename)) return -1;
  const int done = call_of(SYS_renameat, from, old_name, into, name);
  if (done == 0 && ScriptedDisk::current() != nullptr) ScriptedDisk::current()->named(into, name);
  return done;
}

int unlinkat(int folder, const char* name, int flags) noexcept {
  if (is_refused(Disk::kRemove)) return -1;
  return call_of(SYS_unlinkat, folder, name, flags);
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
  if (request != FICLONE) return call_of(SYS_ioctl, file, request, argument);
  if (is_refused(Disk::kClone)) return -1;
  return noting(rest_of(file, 0), [&] { return call_of(SYS_ioctl, file, request, argument); });
}

}  // extern "C"
