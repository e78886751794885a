// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/media/wire.h"

namespace damfs {
namespace {

constexpr int kGraceMs = 1000;

class SpawnActions {
 public:
  SpawnActions() { check(::posix_spawn_file_actions_init(&actions_)); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  void open_null(int fd, int flags) { check(::posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", flags, 0)); }
  void dup2(int from, int to) { check(::posix_spawn_file_actions_adddup2(&actions_, from, to)); }
  void close_from(int fd) { check(::posix_spawn_file_actions_addclosefrom_np(&actions_, fd)); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  static void check(int error) {
    if (error != 0) throw_errno(error, "cannot prepare a worker");
  }
  posix_spawn_file_actions_t actions_;
};

// A worker starts with no signal blocked or ignored, and in a process group of its own, so that Ctrl-C on a
// terminal reaches only the program that is to end in good order.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    if (const int error = ::posix_spawnattr_init(&attributes_)) throw_errno(error, "cannot prepare a worker");
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// Nothing of the user's environment steers a decoder but what a local time is (archives have such); sanitizers keep
// their options. A confined worker
// can make no temporary file, where libvips would keep large pictures.
std::vector<std::string> worker_environment() {
  std::vector<std::string> out{"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", "VIPS_CONCURRENCY=1",
                               "VIPS_DISC_THRESHOLD=1024g", "OMP_NUM_THREADS=1"};
  for (const char* name : {"TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) out.push_back(std::string(name) + '=' + value);
  }
  return out;
}

std::string what_ended_it(int signal) {
  switch (signal) {
    case SIGSYS: return "the worker was stopped: it tried what a worker must not (a forbidden system call)";
    case SIGXCPU: return "the worker was stopped: it used more processor time than it is given";
    case SIGABRT:
    case SIGTRAP: return "the worker gave up, as libraries do when there is no more memory for them";
    case SIGXFSZ: return "the worker was stopped: it wrote more than any output takes";
    default: return fmt::format("the worker crashed (signal {})", signal);
  }
}

// Of all its threads, since it was started; what is not known counts as nothing.
std::chrono::seconds processor_time_of(pid_t pid) {
  clockid_t clock = 0;
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec);
}

}  // namespace

Path default_worker_program() {
  const Path folder = program_path().parent_path();
  const Path beside = folder / "damfs-worker";
  if (stat_path(beside)) return beside;
  return folder.parent_path() / "libexec" / "damfs" / "damfs-worker";
}

WorkerProcess::WorkerProcess(const Path& program, int stderr_fd) {
  std::array<int, 2> pair{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    throw_errno(errno, "cannot make a socket pair for a worker");
  }
  socket_ = UniqueFd(pair[0]);
  const UniqueFd low(pair[1]);
  // Above every number that the actions below write to.
  const UniqueFd theirs(::fcntl(low.get(), F_DUPFD_CLOEXEC, 10));
  if (!theirs) throw_errno(errno, "cannot make a socket pair for a worker");

  SpawnActions actions;
  if (stderr_fd < 0) {
    actions.open_null(STDERR_FILENO, O_WRONLY);
  } else if (stderr_fd != STDERR_FILENO) {
    actions.dup2(stderr_fd, STDERR_FILENO);
  }
  actions.open_null(STDIN_FILENO, O_RDONLY);
  actions.open_null(STDOUT_FILENO, O_WRONLY);
  actions.dup2(theirs.get(), wire::kWorkerSocket);
  actions.close_from(wire::kWorkerSocket + 1);
  const SpawnAttributes attributes;

  std::string name = program.string();
  std::array<char*, 2> argv{name.data(), nullptr};
  std::vector<std::string> environment = worker_environment();
  std::vector<char*> envp;
  for (std::string& entry : environment) envp.push_back(entry.data());
  envp.push_back(nullptr);
  const int error = ::posix_spawn(&pid_, name.c_str(), actions.get(), attributes.get(), argv.data(), envp.data());
  if (error != 0) {
    pid_ = -1;
    throw_errno(error, "cannot start " + name);
  }
}

WorkerProcess::~WorkerProcess() { kill(); }

bool WorkerProcess::is_alive() const {
  pollfd poll{socket_.get(), POLLIN, 0};
  return pid_ > 0 && ::poll(&poll, 1, 0) == 0;
}

void WorkerProcess::allow_processor_time(std::chrono::seconds more) {
  if (pid_ <= 0) return;
  // The one second is what the clock was rounded down by. A worker that has just ended is found out by its socket.
  const auto until = static_cast<rlim_t>((processor_time_of(pid_) + more).count()) + 1;
  rlimit now{};
  if (::prlimit(pid_, RLIMIT_CPU, nullptr, &now) != 0) return;
  const rlimit wanted{std::min(until, now.rlim_max), now.rlim_max};
  ::prlimit(pid_, RLIMIT_CPU, &wanted, nullptr);
}

WorkerProcess::End WorkerProcess::end() {
  End end{"the worker ended without a word", 0};
  if (pid_ <= 0) return end;
  siginfo_t info{};
  int waited = 0;
  for (; waited < kGraceMs; ++waited) {
    info.si_pid = 0;
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0) break;
    ::poll(nullptr, 0, 1);
  }
  if (info.si_pid != 0 && info.si_code == CLD_EXITED) {
    end.text = fmt::format("the worker ended by itself (status {})", info.si_status);
  } else if (info.si_pid != 0) {
    end.signal = info.si_status;
    end.text = what_ended_it(info.si_status);
  }
  kill();
  return end;
}

void WorkerProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  socket_.reset();
}

}  // namespace damfs
