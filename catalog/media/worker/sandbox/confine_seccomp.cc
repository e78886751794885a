// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/media/wire.h"
#include "catalog/media/worker/sandbox/confine.h"

namespace damfs::worker {
namespace {

// Allowed whatever their arguments are.
constexpr const char* kAllowed[] = {
    // descriptors that were handed over
    "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "lseek", "_llseek", "fstat",
    "ftruncate", "fadvise64", "close", "dup",
    // memory; mapping, protecting and advising are below
    "brk", "munmap", "mremap",
    // waiting
    "poll", "ppoll", "futex", "nanosleep", "clock_nanosleep", "restart_syscall",
    // threads; starting them is below
    "exit", "exit_group", "gettid", "getpid", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity",
    "sched_getparam", "sched_getscheduler", "getcpu", "membarrier",
    // a thread's own signals
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
    // what anybody may know
    "clock_gettime", "clock_getres", "gettimeofday", "time", "times", "getrusage", "sysinfo", "getrandom", "uname",
    "getuid", "geteuid", "getgid", "getegid", "getcwd"};

// Answered from the files that were opened at start-up, see kept_files.h.
constexpr const char* kTakesPath[] = {"open",   "openat",    "stat",       "lstat",    "newfstatat",
                                      "access", "faccessat", "faccessat2", "readlink", "readlinkat"};

// Refused with an error, as libraries try them and go on without.
struct Refused {
  const char* name;
  int error;
};
constexpr Refused kRefusedCalls[] = {
    {"clone3", ENOSYS},             // the C library then calls clone, whose flags a filter can see
    {"statx", ENOSYS},              // Rust's library then calls fstat
    {"ioctl", ENOTTY},              // is this a terminal?
    {"sched_setaffinity", EPERM},   // encoders that would like a core each
    {"sched_setscheduler", EPERM},  // the same
    {"setpriority", EPERM},         // the same
    {"get_mempolicy", ENOSYS},      // libnuma, which x265 brings along
    {"set_mempolicy", ENOSYS},
    {"mbind", ENOSYS}};

struct FilterDeleter {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};

class Filter {
 public:
  // Whatever no rule names ends the process, not only the thread, so that no lock stays taken behind it.
  Filter() : filter_(::seccomp_init(SCMP_ACT_KILL_PROCESS)) {
    if (!filter_) fail(ENOMEM, "cannot make a filter of system calls");
    set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);             // 32-bit calls, which have other numbers
    ::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree; older ones have only the list
  }

  // A call that this libseccomp or this architecture does not have needs no rule.
  void rule(uint32_t action, const char* name, std::initializer_list<scmp_arg_cmp> conditions = {}) {
    const int call = ::seccomp_syscall_resolve_name(name);
    if (call < 0) return;
    check(::seccomp_rule_add_array(filter_.get(), action, call, static_cast<unsigned>(conditions.size()),
                                   conditions.begin()));
  }

  // As the kernel takes it.
  std::vector<sock_filter> program() const {
    const UniqueFd file(::memfd_create("damfs-filter", MFD_CLOEXEC));
    if (!file) throw_errno(errno, "cannot make a filter of system calls");
    check(::seccomp_export_bpf(filter_.get(), file.get()));
    std::vector<sock_filter> steps(static_cast<size_t>(stat_fd(file.get(), "a filter").st_size) / sizeof(sock_filter));
    pread_some(file.get(), std::as_writable_bytes(std::span(steps)), 0, "a filter");
    return steps;
  }

 private:
  void set(scmp_filter_attr attribute, uint32_t value) { check(::seccomp_attr_set(filter_.get(), attribute, value)); }
  static void check(int error) {
    if (error < 0) throw_errno(-error, "cannot confine the worker: this kernel needs seccomp filters");
  }

  std::unique_ptr<void, FilterDeleter> filter_;
};

// Argument n equals a value, in all bits or in those of a mask.
scmp_arg_cmp is(unsigned n, uint64_t value) { return {n, SCMP_CMP_EQ, value, 0}; }
scmp_arg_cmp masked(unsigned n, uint64_t mask, uint64_t value) { return {n, SCMP_CMP_MASKED_EQ, mask, value}; }

void allow_by_arguments(Filter& filter) {
  const auto allow = [&](const char* name, std::initializer_list<scmp_arg_cmp> conditions) {
    filter.rule(SCMP_ACT_ALLOW, name, conditions);
  };
  // Memory is never made executable.
  for (const char* name : {"mmap", "mmap2", "mprotect"}) allow(name, {masked(2, PROT_EXEC, 0)});
  // Threads, not processes, and in no new namespace.
  constexpr uint64_t kNamespaces =
      CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;
  constexpr uint64_t kThread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
  allow("clone", {masked(0, kThread | kNamespaces, kThread)});
  // Only the pool is talked to.
  for (const char* name : {"sendmsg", "recvmsg"}) allow(name, {is(0, wire::kWorkerSocket)});
  // Nothing that has pages shared with other processes, poisoned or thrown out.
  for (const int advice : {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE,
                           MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP}) {
    allow("madvise", {is(2, static_cast<uint64_t>(advice))});
  }
  // abort() and the end by SIGSYS; `to_nobody_else` sees to it that nobody else is sent a signal.
  allow("tgkill", {});
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_DUPFD, F_DUPFD_CLOEXEC}) {
    allow("fcntl", {is(1, static_cast<uint64_t>(command))});
  }
  // The limits can be read; renewing them is the pool's.
  allow("prlimit64", {is(0, 0), is(2, 0)});
  allow("getrlimit", {});
  constexpr int kNameMemory = 0x53564d41;  // PR_SET_VMA, by which newer C libraries label stacks
  for (const int option : {PR_SET_NAME, PR_GET_NAME, kNameMemory}) {
    allow("prctl", {is(0, static_cast<uint64_t>(option))});
  }
}

// Which process this is cannot stand in a filter that is made before its copies are.
std::array<sock_filter, 6> to_nobody_else() {
  const auto own = static_cast<uint32_t>(::syscall(SYS_getpid));
  constexpr uint32_t kFirstArgument = offsetof(seccomp_data, args);  // its low half: these machines are little-endian
  return {sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
          sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 2),
          sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFirstArgument),
          sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, own, 0, 1),
          sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
          sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
}

// Of threads that libraries have started already too.
void load(std::span<sock_filter> steps) {
  sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
    throw_errno(errno, "cannot confine the worker: this kernel needs seccomp filters");
  }
}

// Made once, inherited by copies of the process.
std::vector<sock_filter>& prepared() {
  static auto& steps = *new std::vector<sock_filter>;
  return steps;
}

}  // namespace

void prepare_filter() {
  Filter filter;
  for (const char* name : kAllowed) filter.rule(SCMP_ACT_ALLOW, name);
  for (const char* name : kTakesPath) filter.rule(SCMP_ACT_TRAP, name);
  for (const Refused& refused : kRefusedCalls)
    filter.rule(SCMP_ACT_ERRNO(static_cast<uint32_t>(refused.error)), refused.name);
  allow_by_arguments(filter);
  prepared() = filter.program();
}

void filter_system_calls() {
  auto own = to_nobody_else();
  load(own);
  load(prepared());
}

}  // namespace damfs::worker
