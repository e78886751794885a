// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker_pool.h"

#include <unistd.h>

#include <signal.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/media/wire.h"
#include "catalog/media/worker_process.h"

namespace damfs {
namespace {

JobResult failure(std::string reason, bool permanent) {
  JobResult result;
  result.reason = std::move(reason);
  result.permanent = permanent;
  return result;
}

// Why a worker had to be given up in the middle of a job.
struct Strike {
  std::string text;
  bool permanent = true;  // the file is to blame
};

Strike strike_of(WorkerProcess::End end) {
  // The file is mapped: this is what a disk that fails, or somebody else's truncation, looks like.
  if (end.signal == SIGBUS) return {"the file could not be read while it was being looked at", false};
  return {std::move(end.text), true};
}

std::string two_strikes(const Strike& first, const Strike& second) {
  return first.text == second.text ? first.text + ", twice" : first.text + "; then " + second.text;
}

std::string seconds(int64_t ms) {
  return ms % 1000 == 0 ? fmt::format("{} s", ms / 1000) : fmt::format("{:.1f} s", static_cast<double>(ms) / 1000.0);
}

}  // namespace

class WorkerPool::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)), stop_event_(::eventfd(0, EFD_CLOEXEC)) {
    if (!stop_event_) throw_errno(errno, "cannot make an event descriptor");
    if (options_.workers == 0) options_.workers = std::max(1U, std::thread::hardware_concurrency());
    if (options_.program.empty()) options_.program = default_worker_program();
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    ::eventfd_write(stop_event_.get(), 1);
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  Ticket submit(Job job) {
    const std::lock_guard lock(mutex_);
    const Ticket ticket = ++last_ticket_;
    queue_.emplace(std::pair(job.job_class, ticket), std::move(job));
    if (queue_.size() > idle_ && threads_.size() < options_.workers) {
      threads_.emplace_back([this] { serve(); });
    }
    wake_.notify_one();
    return ticket;
  }

  bool cancel(Ticket ticket) {
    std::optional<Job> dropped;  // its descriptors are closed after the lock is
    const std::lock_guard lock(mutex_);
    for (const JobClass job_class : {JobClass::kInteractive, JobClass::kPrefetch, JobClass::kWarm, JobClass::kImport}) {
      if (const auto it = queue_.find({job_class, ticket}); it != queue_.end()) {
        dropped = std::move(it->second);
        queue_.erase(it);
        return true;
      }
    }
    return false;
  }

  Counters counters() const {
    const std::lock_guard lock(mutex_);
    Counters out = counters_;
    out.queued = static_cast<unsigned>(queue_.size());
    return out;
  }

  unsigned size() const { return options_.workers; }

 private:
  // One slot of the pool: a thread and, from its first job on, a worker.
  void serve() {
    std::unique_ptr<WorkerProcess> worker;
    while (std::optional<Job> job = next_job()) {
      const JobResult result = run(*job, worker);
      finish(*job, result);
    }
    retire(worker);
  }

  std::optional<Job> next_job() {
    std::unique_lock lock(mutex_);
    ++idle_;
    wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return std::nullopt;
    auto node = queue_.extract(queue_.begin());
    return std::move(node.mapped());
  }

  void finish(Job& job, const JobResult& result) {
    {
      const std::lock_guard lock(mutex_);
      ++(result.ok ? counters_.jobs_done : counters_.jobs_failed);
    }
    job.source.reset();
    try {
      if (job.done) job.done(result, std::move(job.output));
    } catch (const std::exception& error) {
      log::error("a job's answer was not taken: {}", error.what());
    }
  }

  JobResult run(Job& job, std::unique_ptr<WorkerProcess>& worker) {
    std::optional<Strike> first;
    for (;;) {
      if (is_stopping()) return failure("the program is ending", false);
      try {
        ensure(worker);
      } catch (const Error& error) {
        return failure(error.what(), false);
      }
      JobResult result;
      const std::optional<Strike> strike = attempt(job, *worker, result);
      if (!strike) return result;
      if (is_stopping()) return failure("the program is ending", false);
      replace(worker);
      if (first) return failure(two_strikes(*first, *strike), first->permanent && strike->permanent);
      first = strike;
      if (job.output && ::ftruncate(job.output.get(), 0) != 0) {
        return failure("the output of a lost worker cannot be emptied", false);
      }
    }
  }

  // Has a worker do the job. Empty: `result` is the answer.
  std::optional<Strike> attempt(const Job& job, WorkerProcess& worker, JobResult& result) {
    const wire::Patience patience{std::chrono::steady_clock::now() + std::chrono::milliseconds(job.deadline_ms),
                                  stop_event_.get()};
    try {
      std::vector<int> descriptors{job.source.get()};
      if (job.output) descriptors.push_back(job.output.get());
      wire::send_frame(worker.socket(), wire::request_to_payload(job), descriptors, patience);
      const auto frame = wire::receive_frame(worker.socket(), 0, patience);
      if (!frame) return strike_of(worker.end());
      result = wire::result_from_payload(frame->payload, job);
      if (result.ok && job.type == JobType::kStill) check_size(job);
      return std::nullopt;
    } catch (const Error& error) {
      if (error.code() == ETIMEDOUT) return Strike{"no answer within " + seconds(job.deadline_ms), true};
      if (error.code() == EPIPE) return strike_of(worker.end());
      return Strike{"the worker's answer makes no sense (" + printable(error.what()) + ")", error.code() == EPROTO};
    }
  }

  static void check_size(const Job& job) {
    const int64_t size = stat_fd(job.output.get(), "a still").st_size;
    if (size != job.still.declared_bytes) {
      fail(EPROTO, "the still has {} bytes, {} were declared", size, job.still.declared_bytes);
    }
  }

  bool is_stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

  // A worker that died while it had nothing to do is no strike against the next job.
  void ensure(std::unique_ptr<WorkerProcess>& worker) {
    if (worker && worker->is_alive()) return;
    if (worker) replace(worker);
    worker = std::make_unique<WorkerProcess>(options_.program, options_.stderr_fd);
    const std::lock_guard lock(mutex_);
    ++counters_.workers_running;
  }

  void replace(std::unique_ptr<WorkerProcess>& worker) {
    retire(worker);
    const std::lock_guard lock(mutex_);
    ++counters_.restarts;
  }

  void retire(std::unique_ptr<WorkerProcess>& worker) {
    if (!worker) return;
    worker.reset();
    const std::lock_guard lock(mutex_);
    --counters_.workers_running;
  }

  Options options_;
  UniqueFd stop_event_;  // readable from the moment the pool ends, so that no wait outlasts it

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::pair<JobClass, Ticket>, Job> queue_;  // the first is the next
  std::vector<std::thread> threads_;
  size_t idle_ = 0;  // threads waiting for a job
  Ticket last_ticket_ = 0;
  bool stopping_ = false;
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
WorkerPool::Ticket WorkerPool::submit(Job job) { return impl_->submit(std::move(job)); }
bool WorkerPool::cancel(Ticket ticket) { return impl_->cancel(ticket); }
WorkerPool::Counters WorkerPool::counters() const { return impl_->counters(); }
unsigned WorkerPool::size() const { return impl_->size(); }

}  // namespace damfs
