// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/confined/acts.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <thread>

namespace damfs::testing {
namespace {

constexpr size_t kPage = 4096;
constexpr Act::Fate kEndsIt = Act::Fate::kEndsIt;
constexpr Act::Fate kIsRefused = Act::Fate::kIsRefused;
constexpr Act::Fate kIsAllowed = Act::Fate::kIsAllowed;

long open_at(const char* path, int flags) { return ::syscall(SYS_openat, AT_FDCWD, path, flags, 0600); }

long map(int protection) {
  return ::mmap(nullptr, kPage, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

long make_executable() {
  void* page = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return ::mprotect(page, kPage, PROT_READ | PROT_EXEC);
}

long execute() {
  std::array<char, 10> name{"/bin/true"};
  std::array<char*, 2> argv{name.data(), nullptr};
  return ::execve(name.data(), argv.data(), nullptr);
}

long raise_limit() {
  const rlimit more{RLIM_INFINITY, RLIM_INFINITY};
  return ::prlimit(0, RLIMIT_DATA, &more, nullptr);
}

long read_of_parent() {
  char byte = 0;
  iovec here{&byte, 1};
  iovec there{reinterpret_cast<void*>(kPage), 1};
  return ::process_vm_readv(::getppid(), &here, 1, &there, 1, 0);
}

long send_to_other_socket() {
  msghdr nothing{};
  return ::sendmsg(STDERR_FILENO, &nothing, 0);
}

long call_32_bit() {
#if defined(__x86_64__)
  long result = 20;  // getpid, there
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
  return result;
#else
  return ::syscall(SYS_mount, nullptr, nullptr, nullptr, 0, nullptr);  // no such calls: something else forbidden
#endif
}

long run_thread() {
  int seen = 0;
  std::thread([&] { seen = 1; }).join();
  return seen == 1 ? 0 : -1;
}

long stat_source() {
  struct stat st {};
  return ::fstat(STDIN_FILENO, &st);
}

constexpr Act kFiles[] = {
    {"open", kEndsIt, 0, [] { return open_at("/etc/hostname", O_RDONLY); }},
    {"open-of-memory", kEndsIt, 0, [] { return open_at("/proc/self/mem", O_RDWR); }},
    {"open-relative", kEndsIt, 0, [] { return open_at("damfs.toml", O_RDONLY); }},
    {"open-in-folder", kEndsIt, 0, [] { return ::syscall(SYS_openat, STDIN_FILENO, "x", O_RDONLY, 0); }},
    {"create", kEndsIt, 0, [] { return open_at("/tmp/damfs-confined-act", O_WRONLY | O_CREAT); }},
    {"create-among-system-data", kEndsIt, 0, [] { return open_at("/usr/damfs-confined-act", O_WRONLY | O_CREAT); }},
    {"open-as-of-2020", kEndsIt, 0, [] { return ::syscall(437, AT_FDCWD, "/etc/hostname", nullptr, 0); }},
    {"open-by-handle", kEndsIt, 0, [] { return ::syscall(SYS_open_by_handle_at, AT_FDCWD, nullptr, O_RDONLY); }},
    {"stat", kEndsIt, 0,
     [] {
       struct stat st {};
       return long{::stat("/etc/hostname", &st)};
     }},
    {"access", kEndsIt, 0, [] { return long{::access("/etc/hostname", R_OK)}; }},
    {"readlink", kEndsIt, 0,
     [] {
       char to[8];
       return long{::readlink("/proc/self/cwd", to, sizeof to)};
     }},
    {"list", kEndsIt, 0,
     [] {
       char room[64];
       return ::syscall(SYS_getdents64, STDIN_FILENO, room, sizeof room);
     }},
    {"unlink", kEndsIt, 0, [] { return long{::unlink("/tmp/damfs-confined-act")}; }},
    {"rename", kEndsIt, 0, [] { return long{::rename("/tmp/damfs-confined-act", "/tmp/damfs-confined-act-2")}; }},
    {"mkdir", kEndsIt, 0, [] { return long{::mkdir("/tmp/damfs-confined-act", 0700)}; }},
    {"link", kEndsIt, 0, [] { return long{::link("/etc/hostname", "/tmp/damfs-confined-act")}; }},
    {"chmod", kEndsIt, 0, [] { return long{::chmod("/tmp/damfs-confined-act", 0777)}; }},
    {"chmod-of-descriptor", kEndsIt, 0, [] { return long{::fchmod(STDIN_FILENO, 0777)}; }},
    {"truncate", kEndsIt, 0, [] { return long{::truncate("/tmp/damfs-confined-act", 0)}; }},
    {"chdir", kEndsIt, 0, [] { return long{::chdir("/etc")}; }},
    {"chroot", kEndsIt, 0, [] { return long{::chroot("/tmp")}; }},
    {"mount", kEndsIt, 0, [] { return ::syscall(SYS_mount, nullptr, nullptr, nullptr, 0, nullptr); }},
    {"watch", kEndsIt, 0, [] { return ::syscall(SYS_inotify_init1, 0); }},
    {"new-file-in-memory", kEndsIt, 0, [] { return ::syscall(SYS_memfd_create, "x", 0); }},
    {"set-xattr", kEndsIt, 0, [] { return ::syscall(SYS_fsetxattr, STDIN_FILENO, "user.x", "x", 1, 0); }},
};

constexpr Act kOthers[] = {
    {"socket-inet", kEndsIt, 0, [] { return long{::socket(AF_INET, SOCK_STREAM, 0)}; }},
    {"socket-unix", kEndsIt, 0, [] { return long{::socket(AF_UNIX, SOCK_STREAM, 0)}; }},
    {"socket-netlink", kEndsIt, 0, [] { return long{::socket(AF_NETLINK, SOCK_RAW, 0)}; }},
    {"connect", kEndsIt, 0, [] { return ::syscall(SYS_connect, STDIN_FILENO, nullptr, 0); }},
    {"send-elsewhere", kEndsIt, 0, send_to_other_socket},
    {"execute", kEndsIt, 0, execute},
    {"execute-descriptor", kEndsIt, 0, [] { return ::syscall(SYS_execveat, 0, "", nullptr, nullptr, AT_EMPTY_PATH); }},
    {"fork", kEndsIt, 0, [] { return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0); }},
    {"new-namespace", kEndsIt, 0, [] { return long{::unshare(CLONE_NEWUSER)}; }},
    {"kill-parent", kEndsIt, 0, [] { return long{::kill(::getppid(), 0)}; }},
    {"kill-all", kEndsIt, 0, [] { return long{::kill(-1, 0)}; }},
    {"kill-thread-of-parent", kEndsIt, 0, [] { return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0); }},
    {"queue-signal", kEndsIt, 0, [] { return ::syscall(SYS_rt_sigqueueinfo, ::getppid(), 0, nullptr); }},
    {"signal-by-descriptor", kEndsIt, 0, [] { return long{::fcntl(STDIN_FILENO, F_SETOWN, ::getppid())}; }},
    {"trace", kEndsIt, 0, [] { return ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr); }},
    {"read-parent", kEndsIt, 0, read_of_parent},
    {"take-descriptor", kEndsIt, 0, [] { return ::syscall(434, ::getppid(), 0); }},
};

constexpr Act kOwnProcess[] = {
    {"map-code", kEndsIt, 0, [] { return map(PROT_READ | PROT_WRITE | PROT_EXEC); }},
    {"make-code", kEndsIt, 0, make_executable},
    {"be-dumpable", kEndsIt, 0, [] { return long{::prctl(PR_SET_DUMPABLE, 1)}; }},
    {"outlive-parent", kEndsIt, 0, [] { return long{::prctl(PR_SET_PDEATHSIG, 0)}; }},
    {"raise-limit", kEndsIt, 0, raise_limit},
    {"be-root", kEndsIt, 0, [] { return long{::setuid(0)}; }},
    {"personality", kEndsIt, 0, [] { return ::syscall(SYS_personality, 0x0400000); }},
    {"io-uring", kEndsIt, 0, [] { return ::syscall(425, 1, nullptr); }},
    {"bpf", kEndsIt, 0, [] { return ::syscall(SYS_bpf, 0, nullptr, 0); }},
    {"perf", kEndsIt, 0, [] { return ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    {"userfaultfd", kEndsIt, 0, [] { return ::syscall(SYS_userfaultfd, 0); }},
    {"keys", kEndsIt, 0, [] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
    {"merge-pages", kEndsIt, 0, [] { return ::syscall(SYS_madvise, nullptr, 0, MADV_MERGEABLE); }},
    {"shared-memory", kEndsIt, 0, [] { return ::syscall(SYS_shmget, 0, kPage, 0600); }},
    {"call-of-32-bit", kEndsIt, 0, call_32_bit},
    {"call-that-is-none", kEndsIt, 0, [] { return ::syscall(100'000); }},

    {"terminal", kIsRefused, ENOTTY, [] { return ::syscall(SYS_ioctl, STDERR_FILENO, 0x5412, "x"); }},
    {"clone-unseen", kIsRefused, ENOSYS, [] { return ::syscall(435, nullptr, 0); }},
    {"statx", kIsRefused, ENOSYS, [] { return ::syscall(SYS_statx, AT_FDCWD, "/etc/hostname", 0, 0, nullptr); }},
    {"system-data", kIsRefused, ENOENT, [] { return open_at("/usr/bin/env", O_RDONLY); }},

    {"thread", kIsAllowed, 0, run_thread},
    {"free-pages", kIsAllowed, 0, [] { return ::syscall(SYS_madvise, nullptr, 0, MADV_DONTNEED); }},
    {"memory", kIsAllowed, 0, [] { return map(PROT_READ | PROT_WRITE); }},
    {"stat-of-descriptor", kIsAllowed, 0, stat_source},
    {"kept-file", kIsAllowed, 0, [] { return open_at("/sys/devices/system/cpu/online", O_RDONLY); }},
};

}  // namespace

int ended_by(const Act& act) {
  if (act.perform != call_32_bit) return SIGSYS;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGSEGV, SIG_DFL);
    act.perform();
    ::_exit(0);
  }
  int status = 0;
  const bool is_told = child > 0 && ::waitpid(child, &status, 0) == child;
  return is_told && WIFSIGNALED(status) ? WTERMSIG(status) : SIGSYS;
}

std::span<const Act> acts() {
  static const auto all = [] {
    std::array<Act, std::size(kFiles) + std::size(kOthers) + std::size(kOwnProcess)> joined{};
    auto* end = std::copy(std::begin(kFiles), std::end(kFiles), joined.begin());
    end = std::copy(std::begin(kOthers), std::end(kOthers), end);
    std::copy(std::begin(kOwnProcess), std::end(kOwnProcess), end);
    return joined;
  }();
  return all;
}

}  // namespace damfs::testing
