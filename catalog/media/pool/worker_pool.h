// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>

#include "catalog/base/file.h"
#include "catalog/media/job.h"

namespace damfs {

// damfs-worker processes, one a core, fed from one queue. A worker that dies or overruns its job's deadline is
// killed and replaced; its job is given to a fresh one once more (two strikes; of a run, two at the same unit),
// then fails with the reason.
// Workers are started when a job needs them, or ahead of that by make_ready(), and end with the pool. Thread-safe.
class WorkerPool {
 public:
  // This process's stderr when somebody asked for a log (-v) or the build is to report its own mistakes, else -1:
  // some codecs print about every odd file.
  static int default_stderr();

  struct Options {
    Path program;          // damfs-worker; empty: beside this process's own program, else in $PATH's libexec
    unsigned workers = 0;  // 0: one a core
    int stderr_fd = default_stderr();  // where what libraries print goes; -1: nowhere
  };
  struct Counters {  // since the pool began
    uint64_t jobs_done = 0;
    uint64_t jobs_failed = 0;
    uint64_t restarts = 0;  // workers replaced because they died or were killed
    unsigned workers_running = 0;
    unsigned queued = 0;
  };
  using Ticket = uint64_t;  // names a submitted job; never 0, never reused

  explicit WorkerPool(Options options);
  ~WorkerPool();  // fails what is queued (not permanent), kills what runs, waits for every `done`
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Starts workers until there are so many: one takes as long to start as a still to make.
  void make_ready(unsigned workers);

  Ticket submit(Job job);

  // Takes a job out of the queue: true when it had not started (its `done` is then never called).
  // A job that runs already, runs on.
  bool cancel(Ticket ticket);

  // Somebody waits for it now: a queued job moves up to that class and becomes that reader's. One that runs, or has
  // that class or a lower one already, stays as it is.
  void promote(Ticket ticket, JobClass job_class, uint64_t reader);

  // Asks a run to end behind the unit at hand; queued, it ends with none. Its `done` is called as ever.
  void stop(Ticket ticket);

  Counters counters() const;
  unsigned size() const;  // workers at the most

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace damfs
