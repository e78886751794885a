// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>

#include "catalog/base/file.h"
#include "catalog/base/unique_fd.h"
#include "catalog/media/pool/worker_process.h"
#include "catalog/media/wire.h"

namespace damfs {

// damfs-worker as it was started: its libraries are set up, it has given up what it can, and it raises workers that
// have seen nobody's bytes yet (worker/nursery.h). The first one comes unasked, and may be given its job while the
// program still starts. A program that raises no further ones is itself the first, and stays it. For one thread;
// outlives its workers.
class WorkerNursery {
 public:
  WorkerNursery(const Path& program, int stderr_fd);  // throws Error naming the program when it cannot be started
  ~WorkerNursery() { kill(); }
  WorkerNursery(const WorkerNursery&) = delete;
  WorkerNursery& operator=(const WorkerNursery&) = delete;

  pid_t pid() const { return pid_; }  // of the program; -1: it has ended
  pid_t first_worker();               // -1: none has told of itself yet
  bool raises() { return first_worker() > 0; }
  UniqueFd first_socket() { return std::move(first_socket_); }  // once

  // Has one more raised; take() gives it. These are for one that raises.
  void ask();
  // Throws Error: ETIMEDOUT or EPIPE when there is none to be had from here any more, EINTR when interrupted.
  std::unique_ptr<WorkerProcess> take(int interrupt_fd);

  void kill();  // with the one that was asked for and the first one, if nobody has taken it

 private:
  std::optional<int> receive_pid(const wire::Patience& patience);  // empty: there will be no more

  pid_t pid_ = -1;
  UniqueFd control_;
  UniqueFd first_socket_;
  pid_t first_ = -1;
  UniqueFd asked_socket_;  // of the one that was asked for
};

}  // namespace damfs
