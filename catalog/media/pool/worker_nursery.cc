// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/pool/worker_nursery.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/now.h"

namespace damfs {
namespace {

constexpr std::chrono::milliseconds kRaising{5000};  // takes a few milliseconds
constexpr std::chrono::milliseconds kEnding{1000};

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

std::pair<UniqueFd, UniqueFd> socket_pair(int type) {
  std::array<int, 2> pair{-1, -1};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    throw_errno(errno, "cannot make a socket pair for a worker");
  }
  return {UniqueFd(pair[0]), UniqueFd(pair[1])};
}

// Above every number that the program is to find its descriptors at.
UniqueFd out_of_the_way(const UniqueFd& fd) {
  UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 10));
  if (!high) throw_errno(errno, "cannot make a socket pair for a worker");
  return high;
}

wire::Patience within(std::chrono::milliseconds time, int interrupt_fd = -1) {
  return {Clock::now() + time, interrupt_fd};
}

}  // namespace

WorkerNursery::WorkerNursery(const Path& program, int stderr_fd) {
  auto [first, their_first] = socket_pair(SOCK_STREAM);
  auto [control, their_control] = socket_pair(SOCK_SEQPACKET);
  first_socket_ = std::move(first);
  control_ = std::move(control);
  const UniqueFd worker_end = out_of_the_way(their_first);
  const UniqueFd nursery_end = out_of_the_way(their_control);

  SpawnActions actions;
  if (stderr_fd < 0) {
    actions.open_null(STDERR_FILENO, O_WRONLY);
  } else if (stderr_fd != STDERR_FILENO) {
    actions.dup2(stderr_fd, STDERR_FILENO);
  }
  actions.open_null(STDIN_FILENO, O_RDONLY);
  actions.open_null(STDOUT_FILENO, O_WRONLY);
  actions.dup2(worker_end.get(), wire::kWorkerSocket);
  actions.dup2(nursery_end.get(), wire::kNurserySocket);
  actions.close_from(wire::kNurserySocket + 1);
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

std::optional<int> WorkerNursery::receive_pid(const wire::Patience& patience) {
  wire::await_frame(control_.get(), patience);
  int number = 0;
  const ssize_t n = ::recv(control_.get(), &number, sizeof number, MSG_DONTWAIT);
  return n == sizeof number ? std::optional(number) : std::nullopt;
}

pid_t WorkerNursery::first_worker() {
  pollfd poll{control_.get(), POLLIN, 0};
  if (first_ > 0 || !control_ || ::poll(&poll, 1, 0) != 1 || (poll.revents & POLLIN) == 0) return first_;
  const auto number = receive_pid(within(kEnding));
  if (number && *number > 0) first_ = *number;
  return first_;
}

void WorkerNursery::ask() {
  if (asked_socket_ || pid_ < 0) return;
  auto [ours, theirs] = socket_pair(SOCK_STREAM);
  wire::send_descriptor(control_.get(), theirs.get());
  asked_socket_ = std::move(ours);
}

std::unique_ptr<WorkerProcess> WorkerNursery::take(int interrupt_fd) {
  ask();
  const auto number = receive_pid(within(kRaising, interrupt_fd));
  if (!number) fail(EPIPE, "no more workers are raised");
  if (*number <= 0) fail(EPIPE, "a worker cannot be raised: {}", std::strerror(-*number));
  return std::make_unique<WorkerProcess>(*number, std::move(asked_socket_));
}

void WorkerNursery::kill() {
  if (pid_ < 0) return;
  kill_child(std::exchange(pid_, -1));
  asked_socket_.reset();
  // Workers that nobody knows of yet: each has told of itself, or is about to.
  const bool knew_first = first_ > 0;
  try {
    while (const auto number = receive_pid(within(kEnding))) {
      if (*number > 0) WorkerProcess(*number, UniqueFd()).kill();
      if (!knew_first && *number > 0) first_ = *number;
    }
  } catch (const Error&) {  // a program that holds on to its end
  }
  control_.reset();
}

}  // namespace damfs
