// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/sandbox/kept_files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "catalog/base/error.h"

namespace damfs::worker {
namespace {

struct KeptFile {
  std::string path;
  int fd = -1;  // -1: it was not there
};

// Read by the signal handler, which must not allocate; process-wide, as signal handlers are.
struct KeptFiles {
  std::array<KeptFile, 64> files;
  size_t count = 0;
};
KeptFiles kept;

// Beginnings of paths that libraries ask for and do without: the system's own data, and where exiv2 looks for its
// user's settings.
constexpr std::string_view kNotThere[] = {"/usr/", "/lib/", "/lib64/", "/etc/fonts/", "/.exiv2", "/proc/self/exe"};

// The interrupted call's arguments and the place of its answer.
class Registers {
 public:
  explicit Registers(void* context) : machine_(static_cast<ucontext_t*>(context)->uc_mcontext) {}
#if defined(__x86_64__)
  uint64_t argument(size_t n) const {
    constexpr int kNames[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10};
    return static_cast<uint64_t>(machine_.gregs[kNames[n]]);
  }
  void answer(long value) { machine_.gregs[REG_RAX] = value; }
#elif defined(__aarch64__)
  uint64_t argument(size_t n) const { return machine_.regs[n]; }
  void answer(long value) { machine_.regs[0] = static_cast<uint64_t>(value); }
#else
#error "Tell where this processor passes a system call's arguments."
#endif
  const char* text(size_t n) const { return reinterpret_cast<const char*>(argument(n)); }
  struct stat* stat(size_t n) const {
    return reinterpret_cast<struct stat*>(argument(n));
  }

 private:
  mcontext_t& machine_;
};

// SIGSYS is blocked here and takes effect at return, before anything else of the thread runs.
int die() {
  ::signal(SIGSYS, SIG_DFL);
  ::raise(SIGSYS);
  return -EPERM;
}

long result_of(long value) { return value < 0 ? -errno : value; }

const KeptFile* find(std::string_view path) {
  for (size_t i = 0; i < kept.count; ++i) {
    if (kept.files[i].path == path) return &kept.files[i];
  }
  return nullptr;
}

// Its descriptor, else a negative errno; ends the process for any other path.
int descriptor_of(std::string_view path) {
  if (const KeptFile* file = find(path)) return file->fd >= 0 ? file->fd : -ENOENT;
  for (const std::string_view start : kNotThere) {
    if (path.starts_with(start)) return -ENOENT;
  }
  return die();
}

long open_kept(const char* path, uint64_t flags) {
  if ((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != O_RDONLY) return die();
  const int fd = descriptor_of(path);
  if (fd < 0) return fd;
  const int opened = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  // Duplicates share their position, and each user expects to start at the beginning.
  if (opened >= 0) ::lseek(opened, 0, SEEK_SET);
  return result_of(opened);
}

long stat_fd_into(int fd, struct stat* into) { return result_of(::syscall(SYS_fstat, fd, into)); }

long stat_kept(const char* path, struct stat* into) {
  const int fd = descriptor_of(path);
  return fd < 0 ? fd : stat_fd_into(fd, into);
}

// The C library's own fstat() may be this call with an empty path.
long stat_at(int fd, const char* path, struct stat* into, uint64_t flags) {
  if (*path == '\0' && (flags & AT_EMPTY_PATH) != 0 && fd >= 0) return stat_fd_into(fd, into);
  return stat_kept(path, into);
}

long access_kept(const char* path, uint64_t mode) {
  const int fd = descriptor_of(path);
  if (fd < 0) return fd;
  return (mode & (W_OK | X_OK)) == 0 ? 0 : -EACCES;
}

long readlink_kept(const char* path) {
  const int fd = descriptor_of(path);
  return fd < 0 ? fd : -EINVAL;  // as for what is no symbolic link
}

long answer_to(int call, const Registers& with) {
  switch (call) {
    case SYS_openat: return open_kept(with.text(1), with.argument(2));
    case SYS_newfstatat:
      return stat_at(static_cast<int>(with.argument(0)), with.text(1), with.stat(2), with.argument(3));
    case SYS_faccessat: return access_kept(with.text(1), with.argument(2));
    case SYS_readlinkat: return readlink_kept(with.text(1));
#ifdef SYS_faccessat2
    case SYS_faccessat2: return access_kept(with.text(1), with.argument(2));
#endif
#ifdef SYS_open
    case SYS_open: return open_kept(with.text(0), with.argument(1));
    case SYS_stat:
    case SYS_lstat: return stat_kept(with.text(0), with.stat(1));
    case SYS_access: return access_kept(with.text(0), with.argument(1));
    case SYS_readlink: return readlink_kept(with.text(0));
#endif
    default: return die();
  }
}

void on_path(int, siginfo_t* info, void* context) {
  const int saved = errno;
  Registers registers(context);
  registers.answer(answer_to(info->si_syscall, registers));
  errno = saved;
}

}  // namespace

void keep_file(const char* path) {
  if (kept.count == kept.files.size() || find(path) != nullptr) return;
  kept.files[kept.count++] = {path, ::open(path, O_RDONLY | O_CLOEXEC)};
}

void answer_for_kept_files() {
  struct sigaction action {};
  action.sa_sigaction = on_path;
  action.sa_flags = SA_SIGINFO;
  if (::sigaction(SIGSYS, &action, nullptr) != 0) throw_errno(errno, "cannot watch over system calls");
}

}  // namespace damfs::worker
