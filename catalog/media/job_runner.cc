// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/job_runner.h"

#include <unistd.h>

#include <signal.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"

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

wire::Deadline deadline_of(const Job& job) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(job.deadline_ms);
}

UniqueFd make_event() {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) throw_errno(errno, "cannot make an event descriptor");
  return event;
}

// Every unit counted must be there; the last one of a run may be a shorter one.
void check_units(const Job& job, int64_t done) {
  const int64_t size = stat_fd(job.output.get(), "a run").st_size;
  const int64_t unit = job.run.unit_bytes;
  if (size > job.run.count * unit || (done > 0 && size <= (done - 1) * unit)) {
    fail(EPROTO, "{} bytes for {} units of {}", size, done, unit);
  }
}

// What a job writes to besides its first output.
std::span<const UniqueFd> more_outputs(const Job& job) {
  if (job.type != JobType::kStill) return {};
  return std::span(job.more).subspan(std::min(job.more.size(), static_cast<size_t>(job.still.sources) - 1));
}

void check_size(const UniqueFd& output, int64_t declared) {
  const int64_t size = stat_fd(output.get(), "a worker's output").st_size;
  if (size != declared) fail(EPROTO, "the output has {} bytes, {} were declared", size, declared);
}

void check_output(const Job& job, const JobResult& result) {
  if (job.type == JobType::kClipIndex || job.type == JobType::kPackIndex) check_size(job.output, result.real_bytes);
  if (job.type != JobType::kStill) return;
  check_size(job.output, job.still.declared_bytes);
  const auto more = more_outputs(job);
  for (size_t i = 0; i < more.size(); ++i) check_size(more[i], job.still.also.at(i).declared_bytes);
}

// What a lost worker may have written is gone; a run's units are written again as they were.
bool empty_outputs(const Job& job) {
  if (!job.output || is_run(job.type)) return true;
  bool all = ::ftruncate(job.output.get(), 0) == 0;
  for (const UniqueFd& output : more_outputs(job)) all = ::ftruncate(output.get(), 0) == 0 && all;
  return all;
}

// What every core can compute until the deadline, which a run has for each unit.
std::chrono::seconds processor_time_for(const Job& job) {
  const int64_t units = is_run(job.type) ? std::max<int64_t>(1, job.run.count) : 1;
  const int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::chrono::seconds((job.deadline_ms / 1000 + 1) * units * cores);
}

}  // namespace

JobRunner::JobRunner(Path program, int stderr_fd, Counters& counters)
    : program_(std::move(program)),
      stderr_fd_(stderr_fd),
      counters_(counters),
      end_event_(make_event()),
      nudge_event_(make_event()) {}

void JobRunner::ask_to_stop() {
  stop_ = true;
  ::eventfd_write(nudge_event_.get(), 1);
}

void JobRunner::end() {
  ending_ = true;
  ::eventfd_write(end_event_.get(), 1);
  ::eventfd_write(nudge_event_.get(), 1);
}

JobRunner::Strike JobRunner::strike_of(WorkerProcess::End end) {
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
    ensure_worker();
  } catch (const Error& error) {
    log::info("no worker ahead of its first job: {}", error.what());
  }
}

JobResult JobRunner::run(Job& job) {
  JobResult result = run_twice(job);
  if (is_run(job.type)) result.units_done = job.run.made;
  return result;
}

JobResult JobRunner::run_twice(Job& job) {
  std::optional<Strike> first;
  int64_t struck_at = 0;
  for (;;) {
    if (ending_) return failure("the program is ending", false);
    if (stop_ && is_run(job.type)) return stopped();
    try {
      ensure_worker();
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
    if (!empty_outputs(job)) return failure("the output of a lost worker cannot be emptied", false);
  }
}

// Has the worker do the job. Empty: `result` is the answer.
std::optional<JobRunner::Strike> JobRunner::attempt(Job& job, JobResult& result) {
  try {
    result = converse(job);
    return std::nullopt;
  } catch (const Error& error) {
    if (error.code() == ETIMEDOUT) return Strike{"no answer within " + seconds(job.deadline_ms), true};
    if (error.code() == EPIPE) return strike_of(worker_->end());
    return Strike{"the worker's answer makes no sense (" + printable(error.what()) + ")", error.code() == EPROTO};
  }
}

JobResult JobRunner::converse(Job& job) {
  const int socket = worker_->socket();
  std::vector<int> descriptors{job.source.get()};
  if (job.output) descriptors.push_back(job.output.get());
  if (job.index) descriptors.push_back(job.index.get());
  for (const UniqueFd& fd : job.more) descriptors.push_back(fd.get());
  worker_->allow_processor_time(processor_time_for(job));
  wire::Deadline deadline = deadline_of(job);
  wire::send_frame(socket, wire::request_to_payload(job), descriptors, {deadline, end_event_.get()});
  for (bool stop_sent = false;;) {
    await_frame(job, deadline, stop_sent);
    const auto frame = wire::receive_frame(socket, 0, {deadline, end_event_.get()});
    if (!frame) fail(EPIPE, "the worker is gone");
    if (const auto done = wire::progress_from_payload(frame->payload, job)) {
      if (take_progress(job, *done)) deadline = deadline_of(job);
      continue;
    }
    JobResult result = wire::result_from_payload(frame->payload, job);
    if (!result.ok) return result;
    check_output(job, result);
    if (is_run(job.type)) {
      take_progress(job, result.units_done);
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
      wire::await_frame(worker_->socket(), {deadline, nudge_event_.get()});
      return;
    } catch (const Error& error) {
      if (error.code() != EINTR || ending_) throw;
    }
    eventfd_t count = 0;
    ::eventfd_read(nudge_event_.get(), &count);
    if (!stop_ || stop_sent || !is_run(job.type)) continue;
    stop_sent = true;
    wire::send_frame(worker_->socket(), wire::kStopPayload, {}, {deadline, end_event_.get()});
  }
}

// False: nothing new.
bool JobRunner::take_progress(Job& job, int64_t done) {
  if (done <= job.run.made) return false;
  check_units(job, done);
  job.run.made = done;
  if (!job.progress) return true;
  try {
    job.progress(done, job.output.get());
  } catch (const std::exception& error) {
    log::error("a job's progress was not taken: {}", error.what());
  }
  return true;
}

// A worker that died while it had nothing to do is no strike against the next job.
void JobRunner::ensure_worker() {
  if (worker_ && worker_->is_alive()) return;
  if (worker_) replace_worker();
  worker_ = std::make_unique<WorkerProcess>(program_, stderr_fd_);
  ++counters_.workers;
}

void JobRunner::replace_worker() {
  retire_worker();
  ++counters_.restarts;
}

void JobRunner::retire_worker() {
  if (!worker_) return;
  worker_.reset();
  --counters_.workers;
}

}  // namespace damfs
