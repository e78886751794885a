// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/pool/job_runner.h"

#include <unistd.h>

#include <signal.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/base/now.h"
#include "catalog/media/jobs/job_types.h"
#include "catalog/media/jobs/messages.h"
#include "catalog/media/pool/handed_outputs.h"

namespace damfs {
namespace {

JobResult failure(std::string reason, bool permanent) {
  JobResult result;
  result.reason = std::move(reason);
  result.permanent = permanent;
  return result;
}

JobResult stopped() {
  JobResult result;
  result.ok = true;
  return result;
}

std::string seconds(int64_t ms) {
  return ms % 1000 == 0 ? fmt::format("{} s", ms / 1000) : fmt::format("{:.1f} s", static_cast<double>(ms) / 1000.0);
}

wire::Deadline deadline_of(const Job& job) { return Clock::now() + std::chrono::milliseconds(job.deadline_ms); }

UniqueFd make_event() {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) throw_errno(errno, "cannot make an event descriptor");
  return event;
}

// Of sources that workers have open beside the one at hand: somebody plays a clip, and something looks through others.
constexpr size_t kMostAside = 3;

// How many jobs one worker does while others wait or come at once; when none does, the next one is for a worker that
// has seen nothing (tidy). To raise one takes about as long as to look at two small photos, or at a dozen small files
// of no medium, so under load a bad file can spoil what is made of those few that came right behind it, and in an
// import what is found of the next hundred or so; of nobody else's.
int jobs_a_worker(JobClass job_class) { return job_class == JobClass::kImport ? 128 : 8; }

// Tells the sources of a job from all others.
std::string name_of_source(const Job& job) {
  const struct stat st = stat_fd(job.source.get(), "a source");
  return fmt::format("{}:{}:{}:{}", st.st_dev, st.st_ino, st.st_size, to_ns(st.st_ctim));
}

// What every core can compute until its deadlines are over.
std::chrono::seconds processor_time_for(const Job& job) {
  const int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::chrono::seconds((job.deadline_ms / 1000 + 1) * job_type(job.type).deadlines(job) * cores);
}

}  // namespace

JobRunner::JobRunner(Path program, int stderr_fd, Counters& counters)
    : program_(std::move(program)),
      stderr_fd_(stderr_fd),
      counters_(counters),
      end_event_(make_event()),
      stop_event_(make_event()) {}

void JobRunner::ask_to_stop() {
  stop_ = true;
  ::eventfd_write(stop_event_.get(), 1);
}

void JobRunner::end() {
  ending_ = true;
  ::eventfd_write(end_event_.get(), 1);
  ::eventfd_write(stop_event_.get(), 1);
}

JobRunner::Strike JobRunner::strike_of(WorkerProcess::End end) {
  // Somebody who wants memory back or the machine shut down: that says nothing of the file.
  if (end.signal == SIGKILL || end.signal == SIGTERM || end.signal == SIGINT || end.signal == SIGHUP) {
    return {"the worker was ended from outside (signal " + std::to_string(end.signal) + ")", false};
  }
  // The file is mapped: this is what a disk that fails, or somebody else's truncation, looks like.
  if (end.signal == SIGBUS) return {"the file could not be read while it was being looked at", false};
  return {std::move(end.text), true};
}

JobResult JobRunner::after_two(const Strike& first, const Strike& second) {
  const std::string text = first.text == second.text ? first.text + ", twice" : first.text + "; then " + second.text;
  return failure(text, first.permanent && second.permanent);
}

void JobRunner::make_ready() {
  try {
    ensure_nursery();
  } catch (const Error& error) {
    log::info("no worker ahead of its first job: {}", error.what());
  }
}

JobResult JobRunner::run(Job& job) {
  JobResult result = run_twice(job);
  if (is_run(job.type)) result.units_done = job.run.made;
  ++current_.jobs;
  if (has_seen_enough()) set_worker_aside();
  keep_one_ready();
  return result;
}

// The next one is raised while this one's answer is taken.
void JobRunner::keep_one_ready() {
  try {
    if (nursery_ && nursery_->raises()) nursery_->ask();
  } catch (const Error& error) {
    log::info("no worker ahead of its job: {}", error.what());
  }
}

// No other source's bytes are for it.
bool JobRunner::has_seen_enough() {
  return nursery_ && nursery_->raises() && !current_.may_stay && current_.jobs >= jobs_a_worker(current_.job_class);
}

JobResult JobRunner::run_twice(Job& job) {
  std::optional<Strike> first;
  int64_t struck_at = 0;
  for (;;) {
    if (ending_) return failure("the program is ending", false);
    if (stop_ && is_run(job.type)) return stopped();
    try {
      ensure_worker_or_nursery(job);
    } catch (const Error& error) {
      return failure(error.what(), false);
    }
    JobResult result;
    const std::optional<Strike> strike = attempt(job, result);
    if (!strike) return result;
    if (ending_) continue;
    replace_worker();
    if (first && struck_at == job.run.made) return after_two(*first, *strike);
    first = strike;
    struck_at = job.run.made;
  }
}

// Has the worker do the job. Empty: `result` is the answer.
std::optional<JobRunner::Strike> JobRunner::attempt(Job& job, JobResult& result) {
  try {
    result = converse(job);
    return std::nullopt;
  } catch (const Error& error) {
    if (error.code() == ETIMEDOUT) return Strike{"no answer within " + seconds(job.deadline_ms), true};
    if (error.code() == EPIPE) return strike_of(current_.worker->end());
    if (error.code() != EPROTO) return Strike{printable(error.what()), false};
    return Strike{"the worker's answer makes no sense (" + printable(error.what()) + ")", true};
  }
}

JobResult JobRunner::converse(Job& job) {
  const int socket = current_.worker->socket();
  const HandedOutputs outputs(job);
  const std::vector<int> descriptors = outputs.descriptors(job);
  current_.worker->allow_processor_time(processor_time_for(job));
  wire::Deadline deadline = deadline_of(job);
  wire::send_frame(socket, wire::request_to_payload(job), descriptors, {deadline, end_event_.get()});
  for (bool stop_sent = false;;) {
    await_frame(job, deadline, stop_sent);
    const auto frame = wire::receive_frame(socket, 0, {deadline, end_event_.get()});
    if (!frame) fail(EPIPE, "the worker is gone");
    if (const auto done = wire::progress_from_payload(frame->payload, job)) {
      take_progress(job, *done, outputs);
      deadline = deadline_of(job);
      continue;
    }
    JobResult result = wire::result_from_payload(frame->payload, job);
    if (!result.ok) return result;
    outputs.take_whole(job, result);
    if (is_run(job.type)) {
      take_progress(job, result.units_done, outputs);
      if (job.run.made < job.run.count && !stop_sent) fail(EPROTO, "a run that ended early, unasked");
    }
    return result;
  }
}

// Nobody but this thread may write to the socket, or a frame could end up within another: so this is where a stop is
// sent, and the wait for an answer ends between two frames only.
void JobRunner::await_frame(const Job& job, const wire::Deadline& deadline, bool& stop_sent) {
  for (;;) {
    try {
      wire::await_frame(current_.worker->socket(), {deadline, stop_event_.get()});
      return;
    } catch (const Error& error) {
      if (error.code() != EINTR || ending_) throw;
    }
    eventfd_t count = 0;
    ::eventfd_read(stop_event_.get(), &count);
    if (!stop_ || stop_sent || !is_run(job.type)) continue;
    stop_sent = true;
    wire::send_frame(current_.worker->socket(), wire::kStopPayload, {}, {deadline, end_event_.get()});
  }
}

void JobRunner::take_progress(Job& job, int64_t done, const HandedOutputs& outputs) {
  if (done <= job.run.made) return;
  const int output = outputs.take_units(job, job.run.made, done);
  job.run.made = done;
  if (!job.progress) return;
  try {
    job.progress(done, output);
  } catch (const std::exception& error) {
    log::error("a job's progress was not taken: {}", error.what());
  }
}

void JobRunner::ensure_nursery() {
  if (nursery_) return;
  nursery_ = std::make_unique<WorkerNursery>(program_, stderr_fd_);
  current_ = {std::make_unique<WorkerProcess>(*nursery_, nursery_->first_socket())};
  ++counters_.workers;
}

// Whether what is at hand may look at that source. A program that raises no workers is one for all.
bool JobRunner::has_worker_for(const std::string& source, const Job& job) {
  if (!current_.worker || !current_.worker->is_alive()) return false;
  if (current_.source.empty() || !nursery_->raises()) return true;
  if (is_run(job.type)) return current_.may_stay && current_.source == source;
  return !current_.may_stay && current_.job_class == job.job_class && !has_seen_enough();
}

void JobRunner::set_worker_aside() {
  if (!current_.worker) return;
  if (current_.may_stay && current_.worker->is_alive()) {
    aside_.push_front(std::move(current_));
  } else if (!current_.worker->is_gone()) {
    leaving_.push_back(std::move(current_.worker));
  }
  current_ = {};
  if (aside_.size() <= kMostAside) return;
  if (!aside_.back().worker->is_gone()) leaving_.push_back(std::move(aside_.back().worker));
  aside_.pop_back();
}

// Where one nursery has no more workers, a new one may.
void JobRunner::ensure_worker_or_nursery(const Job& job) {
  try {
    ensure_worker(job);
  } catch (const Error& error) {
    if (!nursery_ || error.code() == EINTR) throw;
    log::info("the nursery of workers is replaced: {}", error.what());
    lose_nursery();
    ++counters_.restarts;
    ensure_worker(job);
  }
}

// A worker that died while it had nothing to do is no strike against the next job.
void JobRunner::ensure_worker(const Job& job) {
  reap();
  const std::string source = name_of_source(job);
  const bool run = is_run(job.type);
  if (current_.worker && !current_.worker->is_alive()) replace_worker();
  ensure_nursery();
  if (!has_worker_for(source, job)) {
    set_worker_aside();
    const auto kept = std::find_if(aside_.begin(), aside_.end(), [&](const Assigned& each) {
      return run && each.source == source && each.worker->is_alive();
    });
    if (kept != aside_.end()) {
      current_ = std::move(*kept);
      aside_.erase(kept);
    } else {
      current_.worker = nursery_->take(end_event_.get());
      if (!current_.worker->is_alive()) fail(EPIPE, "a worker ended before it had a job");
    }
  }
  current_.source = source;
  current_.job_class = job.job_class;
  current_.may_stay = run;
  keep_one_ready();
}

void JobRunner::tidy() {
  // What looks at files as they come looks at one after the other, also where each finds nobody waiting.
  const bool is_done_with = current_.job_class != JobClass::kImport || has_seen_enough();
  if (nursery_ && nursery_->raises() && !current_.may_stay && !current_.source.empty() && is_done_with) {
    set_worker_aside();
  }
  for (auto& worker : leaving_) worker->kill();
  leaving_.clear();
}

void JobRunner::reap() {
  std::erase_if(leaving_, [](const auto& worker) { return worker->is_gone(); });
}

void JobRunner::lose_nursery() {
  aside_.clear();
  current_ = {};
  if (!nursery_) return;
  nursery_.reset();
  --counters_.workers;
}

void JobRunner::replace_worker() {
  const bool is_alone = nursery_ && !nursery_->raises();
  current_ = {};
  if (is_alone) lose_nursery();
  ++counters_.restarts;
}

void JobRunner::retire_worker() {
  lose_nursery();
  leaving_.clear();
}

}  // namespace damfs
