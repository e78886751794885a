// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/stills.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/media/worker_pool.h"
#include "catalog/model/catalog.h"
#include "catalog/store/object_store.h"

namespace damfs {

// One still that is being made or has been: who waits for it, and its bytes.
class Stills::Rendition {
 public:
  Rendition(DerivedKey key, int64_t size) : key_(std::move(key)), size_(size) {}

  const DerivedKey& key() const { return key_; }
  uint64_t size() const { return static_cast<uint64_t>(size_); }

  void read(uint64_t offset, size_t size, ReadAnswerRef answer) {
    {
      const std::lock_guard lock(mutex_);
      if (state_ == State::kPending) {
        waiters_.push_back({std::move(answer), offset, size});
        return;
      }
    }
    // From here on nothing of this object changes any more.
    give({std::move(answer), offset, size});
  }

  bool cancel(const ReadAnswer& answer) {
    ReadAnswerRef dropped;  // destroyed outside the lock
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(waiters_.begin(), waiters_.end(),
                                    [&](const Waiter& waiter) { return waiter.answer.get() == &answer; });
    if (found == waiters_.end()) return false;
    dropped = std::move(found->answer);
    waiters_.erase(found);
    return true;
  }

  void on_done(Done done) {
    {
      const std::lock_guard lock(mutex_);
      if (state_ == State::kPending) {
        listeners_.push_back(std::move(done));
        return;
      }
    }
    done(reason_);
  }

  void complete(UniqueFd fd) { settle(State::kReady, std::move(fd), ""); }
  void fail(const std::string& reason) { settle(State::kFailed, {}, reason); }

  // How many opened files look at it; guarded by Stills::mutex_.
  int users = 0;
  WorkerPool::Ticket ticket = 0;
  bool wanted = false;  // by a warm-up: goes on although nobody has it open

 private:
  enum class State { kPending, kReady, kFailed };
  struct Waiter {
    ReadAnswerRef answer;
    uint64_t offset;
    size_t size;
  };

  void settle(State state, UniqueFd fd, const std::string& reason) {
    std::vector<Waiter> waiters;
    std::vector<Done> listeners;
    {
      const std::lock_guard lock(mutex_);
      fd_ = std::move(fd);
      reason_ = reason;
      state_ = state;
      waiters.swap(waiters_);
      listeners.swap(listeners_);
    }
    for (Waiter& waiter : waiters) give(std::move(waiter));
    for (const Done& done : listeners) done(reason);
  }

  void give(Waiter waiter) {
    if (state_ == State::kFailed) {
      waiter.answer->fail(EIO);
    } else if (waiter.offset >= size()) {
      waiter.answer->bytes({});
    } else {
      waiter.answer->slice(fd_.get(), waiter.offset, std::min<uint64_t>(waiter.size, size() - waiter.offset));
    }
  }

  const DerivedKey key_;
  const int64_t size_;
  std::mutex mutex_;
  State state_ = State::kPending;  // once not pending, it, fd_ and reason_ stay as they are
  UniqueFd fd_;
  std::string reason_;
  std::vector<Waiter> waiters_;
  std::vector<Done> listeners_;
};

class Stills::StillContent final : public Content {
 public:
  StillContent(Stills& stills, RenditionRef rendition) : stills_(stills), rendition_(std::move(rendition)) {}
  ~StillContent() override { stills_.abandon(rendition_); }
  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override {
    rendition_->read(offset, size, std::move(answer));
  }
  bool cancel(const ReadAnswer& answer) override { return rendition_->cancel(answer); }

 private:
  Stills& stills_;
  RenditionRef rendition_;
};

Stills::Stills(Parts parts) : parts_(parts), keeper_(parts.cache) {}
Stills::~Stills() = default;

BytesRow Stills::bytes_of(int64_t version) {
  auto bytes = parts_.catalog.reader()->bytes_of_version(version);
  if (!bytes) damfs::fail(ENOENT, "version {} is gone", version);
  return std::move(*bytes);
}

std::optional<std::string> Stills::failure(int64_t version, const StillProfile& profile) {
  return parts_.cache.failure(Order{bytes_of(version), profile, {}}.key());
}

// Returns with the rendition's `users` counted up, so that it cannot be abandoned meanwhile.
Stills::RenditionRef Stills::find_or_start(const Order& order, JobClass job_class) {
  const DerivedKey key = order.key();
  const std::string name = key.text();
  const auto rendition = std::make_shared<Rendition>(key, still_bytes(order.profile, order.source));
  {
    const std::lock_guard lock(mutex_);
    const auto [place, is_new] = in_flight_.try_emplace(name, rendition);
    ++place->second->users;
    if (!is_new) return place->second;
  }
  // This thread alone makes it; others who ask from now on wait on the rendition.
  try {
    if (auto fd = parts_.cache.open(key)) {
      if (static_cast<uint64_t>(stat_fd(fd->get(), name).st_size) == rendition->size()) {
        forget(key);
        rendition->complete(std::move(*fd));
        return rendition;
      }
    }
    Job job = make_job(order, rendition);
    job.job_class = job_class;
    ++started_;
    const auto ticket = parts_.workers.submit(std::move(job));
    const std::lock_guard lock(mutex_);
    rendition->ticket = ticket;
  } catch (const std::exception& error) {
    forget(key);
    rendition->fail(error.what());
    throw;
  }
  return rendition;
}

Job Stills::make_job(const Order& order, const RenditionRef& rendition) {
  auto object = parts_.objects.open(order.bytes.sha256);
  if (!object) damfs::fail(EIO, "the original is missing from the library's objects; see `damfs doctor`");
  Job job;
  job.type = JobType::kStill;
  job.source = std::move(*object);
  job.output = parts_.cache.stage();
  job.still.target = still_raster(order.profile, order.source);
  job.still.declared_bytes = still_bytes(order.profile, order.source);
  job.still.kind = order.bytes.kind;
  job.still.mime = order.bytes.mime;
  job.still.quality = order.profile.quality;
  job.still.effort = order.profile.effort;
  job.still.seek_us = std::min<int64_t>(3'000'000, order.bytes.duration_us / 10);
  job.deadline_ms = parts_.deadline_ms;
  job.done = [this, rendition](JobResult result, UniqueFd output) {
    finish(rendition, std::move(result), std::move(output));
  };
  return job;
}

void Stills::forget(const DerivedKey& key) {
  const std::lock_guard lock(mutex_);
  in_flight_.erase(key.text());
}

void Stills::finish(const RenditionRef& rendition, JobResult result, UniqueFd output) {
  const DerivedKey& key = rendition->key();
  struct stat st {};
  if (result.ok && (::fstat(output.get(), &st) != 0 || static_cast<uint64_t>(st.st_size) != rendition->size())) {
    result.ok = false;
    result.reason = "the worker made a file of the wrong size";
  }
  if (result.ok) {
    ++done_;
    const int fd = output.get();
    rendition->complete(std::move(output));
    // Who asks until it is kept, is given this rendition.
    keeper_.keep({.key = key, .fd = fd, .owner = rendition, .kept = [this, key] { forget(key); }});
    return;
  }
  ++failed_;
  log::info("preview {} failed: {}", key.text(), result.reason);
  if (result.permanent) parts_.cache.remember_failure(key, result.reason);
  forget(key);
  rendition->fail(result.reason);
}

// The last reader is gone: what has not begun is not begun. A render that runs, runs on into the cache.
void Stills::abandon(const RenditionRef& rendition) {
  WorkerPool::Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    if (--rendition->users > 0 || rendition->wanted) return;
    ticket = rendition->ticket;
    const auto found = in_flight_.find(rendition->key().text());
    if (ticket == 0 || found == in_flight_.end() || found->second != rendition) return;
    // Out of the table first: whoever opens it from now on starts afresh.
    if (!parts_.workers.cancel(ticket)) return;
    in_flight_.erase(found);
  }
  --started_;
  rendition->fail("cancelled");
}

ContentRef Stills::open(int64_t version, const StillProfile& profile, Raster source) {
  const Order order{bytes_of(version), profile, source};
  if (const auto reason = parts_.cache.failure(order.key())) damfs::fail(EIO, "{}", *reason);
  return std::make_shared<StillContent>(*this, find_or_start(order, JobClass::kInteractive));
}

void Stills::warm(int64_t version, const StillProfile& profile, Raster source, bool retry, Done done) {
  const Order order{bytes_of(version), profile, source};
  if (retry) parts_.cache.forget_failure(order.key());
  if (const auto reason = parts_.cache.failure(order.key())) return done(*reason);
  const auto rendition = find_or_start(order, JobClass::kWarm);
  {
    const std::lock_guard lock(mutex_);
    rendition->wanted = true;
    --rendition->users;
  }
  rendition->on_done(std::move(done));
}

Stills::Counters Stills::counters() const { return {started_, done_, failed_}; }

}  // namespace damfs
