// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "catalog/media/job.h"

namespace damfs {

// Which job runs next. Classes go strictly one before the other. Within a class readers take turns by start-time fair
// queueing: each reader has a virtual time, which a job of its moves on by the job's cost; the reader that is furthest
// behind is next, and one that comes back after a pause has saved nothing up. Time is counted when a job is taken, so
// that what was cancelled in the queue costs its reader nothing. Not thread-safe.
class JobQueue {
 public:
  using Ticket = uint64_t;

  struct Entry {
    Ticket ticket = 0;
    Job job;
  };

  void add(Ticket ticket, Job job);
  std::optional<Job> remove(Ticket ticket);  // empty: not queued
  void promote(Ticket ticket, JobClass job_class, uint64_t reader);

  // The next job for that worker; its lane is busy until released. A lane's jobs are kept for the worker that ran its
  // last one as long as `is_idle` says that this one is about to ask.
  std::optional<Entry> take(unsigned worker, const std::function<bool(unsigned worker)>& is_idle);
  std::optional<Entry> take_any();  // when all is ending: in order, whatever its lane
  void release(Lane lane);

  // How many jobs of the class could begin now, each on a worker of its own.
  size_t startable(JobClass job_class) const;
  bool is_awaited(Lane lane, JobClass job_class) const;  // a job of that lane and class is queued
  bool is_run(Ticket ticket) const;                      // it is queued, and a run
  size_t size() const { return entries_.size(); }

 private:
  // One reader's jobs of one class.
  struct Flow {
    uint64_t start = 0;  // the virtual time at which its next job starts
    std::map<Ticket, Lane> jobs;
  };
  struct Class {
    uint64_t now = 0;  // virtual start of the job taken last
    std::map<uint64_t, Flow> flows;
  };
  struct LaneState {
    unsigned worker = 0;  // that ran its last job
    bool is_running = false;
  };

  void enqueue(Ticket ticket, const Job& job);
  void dequeue(Ticket ticket, const Job& job);
  const LaneState* state_of(Lane lane) const;  // null: nothing is known of it
  Entry take_from(Class& of, Flow& flow, Ticket ticket);

  std::unordered_map<Ticket, Job> entries_;
  std::array<Class, 4> classes_;
  std::unordered_map<Lane, LaneState> lanes_;
};

}  // namespace damfs
