// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/pool/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/now.h"
#include "catalog/media/pool/worker_nursery.h"

namespace damfs {
namespace {

constexpr std::chrono::milliseconds kGrace{1000};
constexpr std::chrono::milliseconds kDying{5000};  // as long as much memory takes to be given back

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

bool reap(pid_t pid) {
  int status = 0;
  pid_t reaped = 0;
  do {
    reaped = ::waitpid(pid, &status, WNOHANG);
  } while (reaped < 0 && errno == EINTR);
  return reaped != 0;
}

// Waits until a child has ended; false: it has not within that time. It stays to be reaped.
bool await_end(pid_t child, std::chrono::milliseconds patience) {
  const UniqueFd end = open_pidfd(child);
  const auto until = Clock::now() + patience;
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0) {
      return true;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd poll{end.get(), POLLIN, 0};
    ::poll(&poll, end ? 1 : 0, end ? static_cast<int>(left) : 1);
  }
}

}  // namespace

void kill_child(pid_t child) {
  ::kill(child, SIGKILL);
  if (!await_end(child, kDying)) log::warning("process {} of a worker cannot be ended yet", child);
  static std::mutex mutex;
  static std::vector<pid_t> killed;  // and not reaped
  const std::lock_guard lock(mutex);
  killed.push_back(child);
  std::erase_if(killed, reap);
}

Path default_worker_program() {
  const Path folder = program_path().parent_path();
  const Path beside = folder / "damfs-worker";
  if (stat_path(beside)) return beside;
  return folder.parent_path() / "libexec" / "damfs" / "damfs-worker";
}

WorkerProcess::WorkerProcess(const Path& program, int stderr_fd)
    : own_(std::make_unique<WorkerNursery>(program, stderr_fd)), nursery_(own_.get()), socket_(own_->first_socket()) {}
WorkerProcess::WorkerProcess(pid_t pid, UniqueFd socket) : pid_(pid), socket_(std::move(socket)) {}
WorkerProcess::WorkerProcess(WorkerNursery& nursery, UniqueFd socket)
    : nursery_(&nursery), socket_(std::move(socket)) {}
WorkerProcess::~WorkerProcess() { kill(); }

pid_t WorkerProcess::pid() {
  if (nursery_ == nullptr) return pid_;
  const pid_t first = nursery_->first_worker();
  if (first < 0) return nursery_->pid();  // it is starting still, or it is a program that raises none
  nursery_ = nullptr;
  return pid_ = first;
}

bool WorkerProcess::is_alive() const {
  pollfd poll{socket_.get(), POLLIN, 0};
  return socket_ && ::poll(&poll, 1, 0) == 0;
}

void WorkerProcess::allow_processor_time(std::chrono::seconds more) {
  const pid_t pid = this->pid();
  if (pid <= 0) return;
  // The one second is what the clock was rounded down by. A worker that has just ended is found out by its socket.
  const auto until = static_cast<rlim_t>((processor_time_of(pid) + more).count()) + 1;
  rlimit now{};
  if (::prlimit(pid, RLIMIT_CPU, nullptr, &now) != 0) return;
  const rlimit wanted{std::min(until, now.rlim_max), now.rlim_max};
  ::prlimit(pid, RLIMIT_CPU, &wanted, nullptr);
}

WorkerProcess::End WorkerProcess::end() {
  End end{"the worker ended without a word", 0};
  const pid_t pid = this->pid();
  if (pid <= 0) return end;
  siginfo_t info{};
  if (await_end(pid, kGrace)) ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
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
  const pid_t pid = this->pid();
  socket_.reset();
  if (nursery_ != nullptr) {
    std::exchange(nursery_, nullptr)->kill();
  } else if (pid > 0) {
    kill_child(pid);
    pid_ = -1;
  }
  own_.reset();
}

bool WorkerProcess::is_gone() {
  const pid_t pid = this->pid();
  if (nursery_ != nullptr || pid <= 0) {
    kill();
    return true;
  }
  ::kill(pid, SIGKILL);
  socket_.reset();
  if (!reap(pid)) return false;
  pid_ = -1;
  return true;
}

}  // namespace damfs
