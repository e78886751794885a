// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <memory>

#include "catalog/base/error.h"
#include "catalog/media/wire.h"
#include "catalog/media/worker/confine.h"

namespace damfs::worker {
namespace {

// Allowed whatever their arguments are.
constexpr const char* kAllowed[] = {
    // descriptors that were handed over
    "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "lseek", "_llseek", "fstat",
    "ftruncate", "fadvise64", "close", "dup",
    // memory; mapping and protecting are below
    "brk", "munmap", "mremap", "madvise",
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
    set(SCMP_FLTATR_CTL_TSYNC, 1);                                   // threads that libraries have started already too
    ::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree; older ones have only the list
  }

  // A call that this libseccomp or this architecture does not have needs no rule.
  void rule(uint32_t action, const char* name, std::initializer_list<scmp_arg_cmp> conditions = {}) {
    const int call = ::seccomp_syscall_resolve_name(name);
    if (call < 0) return;
    check(::seccomp_rule_add_array(filter_.get(), action, call, static_cast<unsigned>(conditions.size()),
                                   conditions.begin()));
  }

  void load() { check(::seccomp_load(filter_.get())); }

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
  // abort() and the end by SIGSYS; nobody else is sent a signal.
  allow("tgkill", {is(0, static_cast<uint64_t>(::getpid()))});
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

}  // namespace

void filter_system_calls() {
  Filter filter;
  for (const char* name : kAllowed) filter.rule(SCMP_ACT_ALLOW, name);
  for (const char* name : kTakesPath) filter.rule(SCMP_ACT_TRAP, name);
  for (const Refused& refused : kRefusedCalls)
    filter.rule(SCMP_ACT_ERRNO(static_cast<uint32_t>(refused.error)), refused.name);
  allow_by_arguments(filter);
  filter.load();
}

}  // namespace damfs::worker
