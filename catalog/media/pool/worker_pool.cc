// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/pool/worker_pool.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "catalog/base/log.h"
#include "catalog/base/now.h"
#include "catalog/media/jobs/job_types.h"
#include "catalog/media/pool/job_queue.h"
#include "catalog/media/pool/job_runner.h"

namespace damfs {
namespace {

// Whoever reads one file after the other asks for the next one within that: as good as if it were waiting already.
constexpr std::chrono::milliseconds kPause{30};

}  // namespace

class WorkerPool::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {
    if (options_.workers == 0) options_.workers = std::max(1U, std::thread::hardware_concurrency());
    if (options_.program.empty()) options_.program = default_worker_program();
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      for (Slot& slot : slots_) slot.runner.end();
    }
    wake_.notify_all();
    for (Slot& slot : slots_) slot.thread.join();
  }

  void make_ready(unsigned workers) {
    const std::lock_guard lock(mutex_);
    while (slots_.size() < std::min(workers, options_.workers) && !ending_) add_slot(true);
  }

  Ticket submit(Job job) {
    const std::lock_guard lock(mutex_);
    const Ticket ticket = ++last_ticket_;
    queue_.add(ticket, std::move(job));
    if (queue_.size() > idle_ && slots_.size() < options_.workers && !ending_) {
      add_slot(false);
    }
    make_room();
    wake_.notify_all();
    return ticket;
  }

  bool cancel(Ticket ticket) {
    std::optional<Job> dropped;  // its descriptors are closed after the lock is
    const std::lock_guard lock(mutex_);
    dropped = queue_.remove(ticket);
    return dropped.has_value();
  }

  void promote(Ticket ticket, JobClass job_class, uint64_t reader) {
    const std::lock_guard lock(mutex_);
    queue_.promote(ticket, job_class, reader);
    make_room();
    wake_.notify_all();
  }

  void stop(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    for (Slot& slot : slots_) {
      if (slot.running && slot.running->ticket == ticket) return stop(slot);
    }
    if (!queue_.is_run(ticket)) return;
    unstarted_.push_back(std::move(*queue_.remove(ticket)));
    wake_.notify_all();
  }

  Counters counters() const {
    const std::lock_guard lock(mutex_);
    Counters out = counters_;
    out.queued = static_cast<unsigned>(queue_.size());
    out.restarts = runner_counters_.restarts;
    out.workers_running = runner_counters_.workers;
    return out;
  }

  unsigned size() const { return options_.workers; }

 private:
  // What a worker is busy with.
  struct Running {
    Ticket ticket = 0;
    JobType type = JobType::kProbe;
    JobClass job_class = JobClass::kInteractive;
    Lane lane = 0;
    bool stopped = false;   // was asked to end soon
    bool answered = false;  // only its `done` is still under way
    bool gives_way() const { return is_run(type) && job_class > JobClass::kInteractive; }
  };

  // A thread and, from its first job on, a worker.
  struct Slot {
    Slot(unsigned n, const Options& options, JobRunner::Counters& counters)
        : number(n), runner(options.program, options.stderr_fd, counters) {}
    const unsigned number;
    JobRunner runner;
    std::thread thread;
    bool idle = true;
    std::optional<Running> running;
  };

  void add_slot(bool ready) {
    Slot& slot = slots_.emplace_back(static_cast<unsigned>(slots_.size()), options_, runner_counters_);
    ++idle_;
    slot.thread = std::thread([this, &slot, ready] {
      if (ready) slot.runner.make_ready();
      serve(slot);
    });
  }

  void serve(Slot& slot) {
    while (std::optional<Job> job = next_job(slot)) {
      const JobResult result = slot.runner.run(*job);
      finish(slot, *job, result);
    }
    slot.runner.retire_worker();
  }

  std::optional<Job> next_job(Slot& slot) {
    std::unique_lock lock(mutex_);
    // Not before its answer was taken: until then others would take over the lane.
    if (slot.running) queue_.release(slot.running->lane);
    slot.running.reset();
    if (!slot.idle) ++idle_;
    slot.idle = true;
    std::optional<Job> job = take(slot);
    const auto comes = [&] { return (job = take(slot)) || ending_; };
    if (!job && !Clock::wait_for(wake_, lock, kPause, comes)) {
      lock.unlock();
      slot.runner.tidy();
      lock.lock();
    }
    if (!job) wake_.wait(lock, comes);
    slot.idle = false;
    --idle_;
    // What was left for this worker's lane may now be another's.
    if (queue_.size() > 0) wake_.notify_all();
    return job;
  }

  std::optional<Job> take(Slot& slot) {
    slot.runner.forget_stop();
    if (!unstarted_.empty()) {
      Job job = std::move(unstarted_.front());
      unstarted_.pop_front();
      slot.runner.ask_to_stop();
      return job;
    }
    auto entry = ending_ ? queue_.take_any()
                         : queue_.take(slot.number, [this](unsigned worker) { return slots_.at(worker).idle; });
    if (!entry) return std::nullopt;
    slot.running = {entry->ticket, entry->job.type, entry->job.job_class, entry->job.lane};
    return std::move(entry->job);
  }

  void stop(Slot& slot) {
    if (slot.running->stopped) return;
    slot.running->stopped = true;
    slot.runner.ask_to_stop();
  }

  // Somebody waits: runs of clips that nobody waits for end early, if they are in the way. A still or a probe is soon
  // done and runs on.
  void make_room() {
    size_t coming_free = idle_ + (options_.workers - slots_.size());
    std::vector<Slot*> candidates;
    for (Slot& slot : slots_) {
      if (slot.running && slot.running->answered) ++coming_free;
      if (!slot.running || slot.running->answered || !slot.running->gives_way()) continue;
      if (slot.running->lane != 0 && queue_.is_awaited(slot.running->lane, JobClass::kInteractive)) stop(slot);
      if (slot.running->stopped) {
        ++coming_free;
      } else {
        candidates.push_back(&slot);
      }
    }
    if (candidates.empty()) return;
    std::stable_sort(candidates.begin(), candidates.end(), [](const Slot* a, const Slot* b) {
      return a->running->job_class > b->running->job_class;  // who can best be spared
    });
    const size_t waiting = queue_.startable(JobClass::kInteractive);
    for (Slot* slot : candidates) {
      if (coming_free >= waiting) return;
      stop(*slot);
      ++coming_free;
    }
  }

  void finish(Slot& slot, Job& job, const JobResult& result) {
    {
      const std::lock_guard lock(mutex_);
      if (slot.running) slot.running->answered = true;
      ++(result.ok ? counters_.jobs_done : counters_.jobs_failed);
    }
    job.source.reset();
    job.index.reset();
    try {
      if (job.done) job.done(result, std::move(job.output));
    } catch (const std::exception& error) {
      log::error("a job's answer was not taken: {}", error.what());
    }
  }

  Options options_;
  JobRunner::Counters runner_counters_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  JobQueue queue_;
  std::deque<Job> unstarted_;  // stopped while they were queued: only their `done` is still to be called
  std::deque<Slot> slots_;     // made one by one, as jobs need them
  size_t idle_ = 0;            // of the slots
  Ticket last_ticket_ = 0;
  bool ending_ = false;
  Counters counters_;
};

int WorkerPool::default_stderr() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return STDERR_FILENO;
#else
  return log::enabled(log::Level::kInfo) ? STDERR_FILENO : -1;
#endif
}

WorkerPool::WorkerPool(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
WorkerPool::~WorkerPool() = default;
void WorkerPool::make_ready(unsigned workers) { impl_->make_ready(workers); }
WorkerPool::Ticket WorkerPool::submit(Job job) { return impl_->submit(std::move(job)); }
bool WorkerPool::cancel(Ticket ticket) { return impl_->cancel(ticket); }
void WorkerPool::promote(Ticket ticket, JobClass job_class, uint64_t reader) {
  impl_->promote(ticket, job_class, reader);
}
void WorkerPool::stop(Ticket ticket) { impl_->stop(ticket); }
WorkerPool::Counters WorkerPool::counters() const { return impl_->counters(); }
unsigned WorkerPool::size() const { return impl_->size(); }

}  // namespace damfs
