// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "catalog/base/file.h"
#include "catalog/base/unique_fd.h"
#include "catalog/media/job.h"
#include "catalog/media/pool/worker_nursery.h"
#include "catalog/media/pool/worker_process.h"
#include "catalog/media/wire.h"

namespace damfs {

class HandedOutputs;

// Runs jobs on one worker at a time, and once more on a fresh one where it died, hung or answered nonsense: two strikes
// fail a job (of a run: two at the same unit; a fresh worker goes on behind the units made). So that what one source
// did to a worker does not travel to the next one's answers, a worker is replaced by one that has seen nothing as soon
// as no job waits, and after a few jobs anyway; but runs of a source go on with the one that has it open. For one
// thread, but for what is said to be for any.
class JobRunner {
 public:
  struct Counters {
    std::atomic<uint64_t> restarts{0};
    std::atomic<unsigned> workers{0};
  };
  JobRunner(Path program, int stderr_fd, Counters& counters);
  ~JobRunner() { retire_worker(); }
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  void make_ready();  // starts what the first job would start
  JobResult run(Job& job);
  // When no job has come for a while: the next one is for a worker that has seen nothing, and those that were killed
  // are waited for.
  void tidy();
  void retire_worker();  // before the thread ends

  // Any thread; these hold from the moment they are called.
  void forget_stop() { stop_ = false; }  // before a new job is run
  void ask_to_stop();                    // a run ends behind the unit at hand
  void end();                            // whatever is asked of it from now on, fails at once

 private:
  // Why a worker had to be given up in the middle of a job.
  struct Strike {
    std::string text;
    bool permanent = true;  // the file is to blame
  };
  static Strike strike_of(WorkerProcess::End end);
  static JobResult after_two(const Strike& first, const Strike& second);

  JobResult run_twice(Job& job);
  std::optional<Strike> attempt(Job& job, JobResult& result);
  JobResult converse(Job& job);
  void await_frame(const Job& job, const wire::Deadline& deadline, bool& stop_sent);
  static void take_progress(Job& job, int64_t done, const HandedOutputs& outputs);
  void ensure_nursery();
  void ensure_worker(const Job& job);
  void ensure_worker_or_nursery(const Job& job);
  bool has_worker_for(const std::string& source, const Job& job);
  bool has_seen_enough();
  void set_worker_aside();
  void keep_one_ready();
  void lose_nursery();
  void replace_worker();
  void reap();

  const Path program_;
  const int stderr_fd_;
  Counters& counters_;
  const UniqueFd end_event_;   // readable from end() on, so that no wait outlasts it
  const UniqueFd stop_event_;  // readable when ask_to_stop() or end() was called
  std::atomic<bool> stop_{false};
  std::atomic<bool> ending_{false};

  // A worker and the source that it has seen; of none: nothing yet.
  struct Assigned {
    std::unique_ptr<WorkerProcess> worker;
    std::string source{};
    JobClass job_class = JobClass::kInteractive;
    int jobs = 0;
    bool may_stay = false;  // it has something open that its source's next run goes on with
  };
  std::unique_ptr<WorkerNursery> nursery_;
  Assigned current_;
  std::list<Assigned> aside_;                          // last used first
  std::list<std::unique_ptr<WorkerProcess>> leaving_;  // killed, and not yet gone
};

}  // namespace damfs
