// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "catalog/base/file.h"
#include "catalog/base/unique_fd.h"

namespace damfs {

// "…/damfs-worker" beside this process's own program, else ../libexec/damfs/ from there.
Path default_worker_program();

// One running damfs-worker and this side's end of its socket pair. Killed and reaped when it goes.
// For one thread, and that thread must outlive it: the kernel kills the worker when its starter ends.
class WorkerProcess {
 public:
  // Throws Error naming the program when it cannot be started. -1: this process's own stderr.
  WorkerProcess(const Path& program, int stderr_fd);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  int socket() const { return socket_.get(); }
  pid_t pid() const { return pid_; }  // -1: it has been killed
  bool is_alive() const;              // nothing has been heard of its end

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

  void kill();

 private:
  pid_t pid_ = -1;
  UniqueFd socket_;
};

}  // namespace damfs
