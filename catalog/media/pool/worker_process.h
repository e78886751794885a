// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "catalog/base/file.h"
#include "catalog/base/unique_fd.h"

namespace damfs {

class WorkerNursery;

// "…/damfs-worker" beside this process's own program, else ../libexec/damfs/ from there.
Path default_worker_program();

// One running worker and this side's end of its socket pair. Killed and reaped when it goes.
// For one thread, and that thread must outlive it: the kernel kills the worker when its starter ends.
class WorkerProcess {
 public:
  // A program of its own, by a nursery of its own (worker_nursery.h). Throws Error naming the program when it cannot be
  // started. -1: this process's own stderr.
  WorkerProcess(const Path& program, int stderr_fd);
  // A child of this process's.
  WorkerProcess(pid_t pid, UniqueFd socket);
  // The first one that a nursery raises, whose own number is not known until it is raised.
  WorkerProcess(WorkerNursery& nursery, UniqueFd socket);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  int socket() const { return socket_.get(); }
  pid_t pid();            // -1: it has been killed
  bool is_alive() const;  // as far as is known

  // Counted over all its threads from now on; a worker that uses more is stopped by SIGXCPU. It cannot renew this by
  // itself, so the pool does before each job. A second line: what it does slowly is ended by the job's deadline.
  void allow_processor_time(std::chrono::seconds more);

  // How a worker whose socket closed came to its end, for people: "the worker crashed (signal 11)". What has
  // not ended by itself within a moment is killed.
  struct End {
    std::string text;
    int signal = 0;  // 0: it exited, or nobody knows
  };
  End end();

  // Returns when it has ended, or after a moment: a process that the kernel cannot end now holds up nobody.
  void kill();
  // Kills it and waits for nothing; true once it has ended.
  bool is_gone();

 private:
  std::unique_ptr<WorkerNursery> own_;
  WorkerNursery* nursery_ = nullptr;  // while it is not known which process it is
  pid_t pid_ = -1;
  UniqueFd socket_;
};

// Kills a child and reaps it. What the kernel cannot end within a while, for it waits for a disk, is reaped when the
// next one is.
void kill_child(pid_t child);

}  // namespace damfs
