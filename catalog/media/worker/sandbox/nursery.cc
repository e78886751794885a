// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/sandbox/nursery.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>

#include "catalog/base/error.h"
#include "catalog/base/unique_fd.h"
#include "catalog/media/wire.h"
#include "catalog/media/worker/sandbox/confine.h"

namespace damfs::worker {
namespace {

#ifndef PR_GET_TID_ADDRESS
constexpr int PR_GET_TID_ADDRESS = 40;
#endif

// Where the C library keeps this thread's number, which a copy of the process has to know anew; null where the kernel
// does not tell.
int* own_thread_number() {
  int* place = nullptr;
  if (::prctl(PR_GET_TID_ADDRESS, &place) != 0 || place == nullptr) return nullptr;
  return *place == static_cast<int>(::syscall(SYS_gettid)) ? place : nullptr;
}

// Shared with each copy: its number as it is known outside, which it cannot ask for itself.
int* shared_number() {
  void* page = ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? nullptr : static_cast<int*>(page);
}

void tell(int number) { (void)!::send(wire::kNurserySocket, &number, sizeof number, MSG_NOSIGNAL); }

class Nursery {
 public:
  Nursery(int* thread_number, int* number) : thread_number_(thread_number), number_(number) {
    ::prctl(PR_GET_NAME, name_.data());
    ::prctl(PR_SET_NAME, "damfs-nursery");
  }

  // True in the worker.
  bool raise(UniqueFd socket) {
    // The C library's fork() cannot make it the pool's child.
    const unsigned long flags =
        CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
    const long child = clone(flags);
    if (child < 0) tell(-errno);
    if (child != 0) return false;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, name_.data());
    if (socket.get() != wire::kWorkerSocket && ::dup2(socket.get(), wire::kWorkerSocket) < 0) ::_exit(1);
    if (socket.get() == wire::kWorkerSocket) (void)socket.release();
    tell(*number_);
    ::close(wire::kNurserySocket);
    return true;
  }

 private:
  long clone(unsigned long flags) {
#if defined(__x86_64__)
    return ::syscall(SYS_clone, flags, nullptr, number_, thread_number_, 0);
#else
    return ::syscall(SYS_clone, flags, nullptr, number_, 0, thread_number_);
#endif
  }

  int* const thread_number_;
  int* const number_;
  std::array<char, 16> name_{};
};

}  // namespace

void raise_workers(const std::function<void()>& serve) {
  int* const thread_number = own_thread_number();
  int* const number = thread_number != nullptr ? shared_number() : nullptr;
  const bool is_asked = ::fcntl(wire::kNurserySocket, F_GETFD) >= 0;
  if (!kCanConfine || !is_asked || number == nullptr || !is_only_thread()) {
    ::close(wire::kNurserySocket);
    give_up_privileges(Raises::kNobody);
    confine();
    return serve();
  }
  const bool has_namespace = give_up_privileges(Raises::kWorkers);
  confine_nursery();
  if (has_namespace) keep_namespace();
  Nursery nursery(thread_number, number);
  for (UniqueFd socket(wire::kWorkerSocket); socket; socket = wire::receive_descriptor(wire::kNurserySocket)) {
    if (!nursery.raise(std::move(socket))) continue;
    confine_raised();
    return serve();
  }
}

}  // namespace damfs::worker
