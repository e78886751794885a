// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/piece_session.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/base/log.h"

namespace damfs {
namespace {

// A run is held in memory until it is kept.
constexpr uint64_t kMostRunBytes = 16U << 20;
constexpr int64_t kMostRunUnits = 256;
// How far one reader of the source goes on rather than another one seeks, in units.
constexpr int64_t kNear = 48;
constexpr size_t kMostUnkept = 64;

Lane new_lane() {
  static std::atomic<Lane> last{0};
  return ++last;
}

}  // namespace

std::vector<PieceUnits> units_of(const SparseLayout& layout, uint64_t offset, uint64_t size) {
  std::vector<PieceUnits> units;
  for (size_t i = 0; i < layout.runs.size(); ++i) {
    const SparseLayout::Run& run = layout.runs[i];
    const uint64_t from = std::max(offset, run.offset);
    const uint64_t to = std::min(offset + size, run.offset + run.bytes);
    if (from >= to) continue;
    const auto first = static_cast<int64_t>((from - run.offset) / run.unit_bytes);
    const auto last = static_cast<int64_t>((to - 1 - run.offset) / run.unit_bytes);
    units.push_back({i, first, last - first + 1});
  }
  return units;
}

struct PieceSession::Run {
  PieceUnits units;
  JobClass job_class;
  Owner owner;
  uint64_t reader;
  Lane lane;
  int64_t made = 0;
  std::function<void(const JobResult&)> ended;
  // Guarded by the session's mutex:
  WorkerPool::Ticket ticket = 0;
  bool unwanted = false;
};

struct PieceSession::Waiter {
  ReadAnswerRef answer;
  uint64_t offset;
  size_t size;
  uint64_t reader;
  std::vector<PieceUnits> units;
  size_t missing = 0;  // guarded by the session's mutex
};

struct PieceSession::Warming {
  Progress progress;
  Done done;
  JobClass job_class = JobClass::kWarm;
  size_t run = 0;
  int64_t next = 0;
  int64_t made = 0;
  std::string reason;
};

PieceSession::PieceSession(Parts parts) : parts_(std::move(parts)), sparse_(parts_.file->layout()) {
  int64_t base = 0;
  for (size_t i = 0; i < sparse_.runs.size(); ++i) {
    base_.push_back(base);
    base += sparse_.runs[i].units();
    lanes_.emplace_back(parts_.lanes.at(i));
    for (LaneState& state : lanes_.back()) state.lane = new_lane();
  }
}
PieceSession::~PieceSession() = default;

bool PieceSession::is_there(int64_t number) const { return parts_.file->has(number) || unkept_.contains(number); }

void PieceSession::read(uint64_t offset, size_t size, ReadAnswerRef answer, uint64_t reader) {
  if (offset >= sparse_.size) return answer->bytes({});
  size = static_cast<size_t>(std::min<uint64_t>(size, sparse_.size - offset));
  const auto waiter = std::make_shared<Waiter>(Waiter{std::move(answer), offset, size, reader, {}, 0});
  waiter->units = units_of(sparse_, offset, size);
  Errands errands;
  {
    const std::lock_guard lock(mutex_);
    std::vector<int64_t> missing;
    bool fails = false;
    for (const PieceUnits& units : waiter->units) {
      for (int64_t i = 0; i < units.count; ++i) {
        const int64_t n = number(units, i);
        if (is_there(n)) continue;
        missing.push_back(n);
        fails |= failed_.contains(n);
      }
    }
    if (fails) {
      errands.failed.push_back(waiter);
    } else if (missing.empty()) {
      errands.ready.push_back(waiter);
    } else {
      waiter->missing = missing.size();
      for (const int64_t n : missing) waiters_.emplace(n, waiter);
      for (const PieceUnits& units : waiter->units) order(units, JobClass::kInteractive, nullptr, reader, errands);
    }
  }
  run_errands(std::move(errands));
}

// Has everything of `units` made that is not there and not being made; what is being made for nobody in particular,
// is now made for `reader`.
void PieceSession::order(PieceUnits units, JobClass job_class, Owner owner, uint64_t reader, Errands& errands) {
  const auto most = static_cast<int64_t>(kMostRunBytes / sparse_.runs[units.run].unit_bytes);
  const int64_t longest = std::clamp<int64_t>(most, 1, kMostRunUnits);
  PieceUnits gap{units.run, 0, 0};
  const auto close_gap = [&] {
    if (gap.count > 0) order_run(gap, job_class, owner, reader, errands);
    gap.count = 0;
  };
  for (int64_t i = 0; i < units.count; ++i) {
    const int64_t n = number(units, i);
    const auto pending = pending_.find(n);
    if (pending != pending_.end() && job_class == JobClass::kInteractive && pending->second->job_class != job_class) {
      if (errands.promote.empty() || errands.promote.back().first != pending->second) {
        errands.promote.emplace_back(pending->second, reader);
      }
    }
    if (is_there(n) || pending != pending_.end() || failed_.contains(n) || gap.count == longest) close_gap();
    if (is_there(n) || pending != pending_.end() || failed_.contains(n)) continue;
    if (gap.count == 0) gap.first = units.first + i;
    ++gap.count;
  }
  close_gap();
}

void PieceSession::order_run(PieceUnits units, JobClass job_class, Owner owner, uint64_t reader, Errands& errands) {
  LaneState& lane = choose_lane(units, errands);
  lane.position = units.first + units.count;
  lane.used = ++orders_;
  const auto run = std::make_shared<Run>(Run{units, job_class, owner, reader, lane.lane, 0, {}, 0, false});
  for (int64_t i = 0; i < units.count; ++i) pending_[number(units, i)] = run;
  active_.push_back(run);
  errands.start.push_back(run);
}

PieceSession::LaneState& PieceSession::choose_lane(PieceUnits units, Errands& errands) {
  auto& lanes = lanes_[units.run];
  LaneState* chosen = nullptr;
  for (LaneState& lane : lanes) {
    const int64_t ahead = units.first - lane.position;
    const bool is_near = lane.used != 0 && ahead >= 0 && ahead <= kNear;
    if (is_near && (chosen == nullptr || lane.position > chosen->position)) chosen = &lane;
  }
  if (chosen != nullptr) return *chosen;
  chosen = &*std::min_element(lanes.begin(), lanes.end(), [](const auto& a, const auto& b) { return a.used < b.used; });
  // What was to be made ahead from there is of no use to whoever jumped away.
  for (const RunRef& run : active_) {
    if (run->lane == chosen->lane && run->owner != nullptr && !is_awaited(*run)) errands.stop.push_back(run);
  }
  return *chosen;
}

bool PieceSession::is_awaited(const Run& run) const {
  for (int64_t i = run.made; i < run.units.count; ++i) {
    if (waiters_.contains(number(run.units, i))) return true;
  }
  return false;
}

void PieceSession::run_errands(Errands errands) {
  for (const WaiterRef& waiter : errands.failed) waiter->answer->fail(EIO);
  for (const WaiterRef& waiter : errands.ready) answer(*waiter);
  const auto ticket_of = [this](const RunRef& run, bool unwanted) {
    const std::lock_guard lock(mutex_);
    run->unwanted |= unwanted;
    return run->ticket;
  };
  for (const RunRef& run : errands.stop) {
    if (const auto ticket = ticket_of(run, true)) parts_.workers.stop(ticket);
  }
  for (const RunRef& run : errands.start) {
    try {
      ++parts_.counters.started;
      const WorkerPool::Ticket ticket = parts_.workers.submit(make_job(run));
      bool unwanted = false;
      {
        const std::lock_guard lock(mutex_);
        run->ticket = ticket;
        unwanted = run->unwanted;
      }
      if (unwanted) parts_.workers.stop(ticket);
    } catch (const std::exception& error) {
      JobResult result;
      result.reason = error.what();
      result.permanent = false;
      on_done(run, result);
    }
  }
  for (const auto& [run, reader] : errands.promote) {
    if (const auto ticket = ticket_of(run, false)) parts_.workers.promote(ticket, JobClass::kInteractive, reader);
  }
}

Job PieceSession::make_job(const RunRef& run) {
  Job job;
  job.job_class = run->job_class;
  job.reader = run->reader;
  job.lane = run->lane;
  job.source = duplicate(parts_.source.get(), "a source");
  {
    const std::lock_guard lock(mutex_);
    if (index_) job.index = duplicate(index_.get(), "an index");
  }
  const SparseLayout::Run& layout = sparse_.runs[run->units.run];
  job.run.unit_bytes = static_cast<int64_t>(layout.unit_bytes);
  job.run.first = run->units.first;
  job.run.count = run->units.count;
  job.run.last_bytes = static_cast<int64_t>(layout.bytes_of_unit(run->units.first + run->units.count - 1));
  job.run.session = parts_.name;
  job.deadline_ms = parts_.deadline_ms;
  parts_.describe(run->units, job);
  // The session lives until its last run has ended.
  job.progress = [self = shared_from_this(), run](int64_t done, int output) { self->on_progress(run, done, output); };
  job.done = [self = shared_from_this(), run](const JobResult& result, const UniqueFd&) { self->on_done(run, result); };
  return job;
}

// False: it cannot be had, and who waits for it is told so.
bool PieceSession::keep(int64_t number, int output, uint64_t offset, uint64_t size) {
  try {
    parts_.file->put(number, output, offset);
    return true;
  } catch (const std::exception& error) {
    log::info("cannot keep a piece of {}: {}", parts_.name, error.what());
  }
  try {
    // Who waits is served all the same; only the next reader pays, with another run.
    std::vector<std::byte> bytes(size);
    if (pread_some(output, bytes, offset, "a run's output") != size) fail(EIO, "it ends early");
    const std::lock_guard lock(mutex_);
    if (unkept_.size() >= kMostUnkept) unkept_.erase(unkept_.begin());
    unkept_[number] = std::move(bytes);
    return true;
  } catch (const std::exception& error) {
    log::error("a piece of {} is lost: {}", parts_.name, error.what());
    return false;
  }
}

void PieceSession::on_progress(const RunRef& run, int64_t done, int output) {
  const SparseLayout::Run& layout = sparse_.runs[run->units.run];
  const int64_t from = run->made;
  std::vector<bool> lost(static_cast<size_t>(done - from));
  for (int64_t i = from; i < done; ++i) {
    lost[static_cast<size_t>(i - from)] =
        !keep(number(run->units, i), output, static_cast<uint64_t>(i) * layout.unit_bytes,
              layout.bytes_of_unit(run->units.first + i));
  }
  Errands errands;
  {
    const std::lock_guard lock(mutex_);
    made_any_ |= done > from;
    for (int64_t i = from; i < done; ++i) {
      const int64_t n = number(run->units, i);
      pending_.erase(n);
      if (lost[static_cast<size_t>(i - from)]) {
        fail_waiters(n, errands);
        continue;
      }
      const auto [begin, end] = waiters_.equal_range(n);
      for (auto it = begin; it != end; ++it) {
        if (--it->second->missing == 0) errands.ready.push_back(it->second);
      }
      waiters_.erase(begin, end);
    }
    run->made = std::max(run->made, done);
  }
  run_errands(std::move(errands));
}

void PieceSession::fail_waiters(int64_t number, Errands& errands) {
  for (auto found = waiters_.find(number); found != waiters_.end(); found = waiters_.find(number)) {
    const WaiterRef waiter = found->second;
    errands.failed.push_back(waiter);
    drop_waiter(waiter);
  }
}

void PieceSession::drop_waiter(const WaiterRef& waiter) {
  std::erase_if(waiters_, [&](const auto& entry) { return entry.second == waiter; });
}

// What a run leaves unmade: the piece it failed at fails who waits for it; what others wait for is ordered anew.
void PieceSession::end_of(const RunRef& run, const JobResult& result, Errands& errands) {
  std::erase(active_, run);
  for (int64_t i = run->made; i < run->units.count; ++i) pending_.erase(number(run->units, i));
  const bool for_now = !result.ok && !result.permanent;
  if (!result.ok && result.permanent) failed_[number(run->units, run->made)] = result.reason;
  for (int64_t i = run->made; i < run->units.count; ++i) {
    const int64_t n = number(run->units, i);
    if (for_now || failed_.contains(n)) fail_waiters(n, errands);
    const auto found = waiters_.find(n);
    if (found != waiters_.end() && !pending_.contains(n)) {
      PieceUnits rest{run->units.run, run->units.first + i, 1};
      while (i + rest.count < run->units.count && waiters_.contains(n + rest.count)) ++rest.count;
      order(rest, JobClass::kInteractive, nullptr, found->second->reader, errands);
    }
  }
}

void PieceSession::on_done(const RunRef& run, const JobResult& result) {
  Errands errands;
  bool hopeless = false;
  {
    const std::lock_guard lock(mutex_);
    hopeless = !result.ok && result.permanent && !made_any_;
    end_of(run, result, errands);
  }
  ++(result.ok ? parts_.counters.done : parts_.counters.failed);
  if (!result.ok) log::info("a piece of {} failed: {}", parts_.name, result.reason);
  if (hopeless) parts_.hopeless(result.reason);
  run_errands(std::move(errands));
  if (run->ended) run->ended(result);
}

void PieceSession::answer(const Waiter& waiter) {
  std::vector<SparseFile::Pin> pins;
  bool all = true;
  for (const PieceUnits& units : waiter.units) {
    auto pin = parts_.file->pin(number(units, 0), units.count);
    all = all && pin;
    pins.push_back(std::move(pin));
  }
  if (all) return waiter.answer->slice(parts_.file->fd(), waiter.offset, waiter.size);
  pins.clear();
  if (answer_from_memory(waiter)) return;
  // Evicted in this very moment: from the beginning.
  read(waiter.offset, waiter.size, waiter.answer, waiter.reader);
}

// Where the cache had no room for some of the pieces. False: now others are missing.
bool PieceSession::answer_from_memory(const Waiter& waiter) {
  std::vector<std::byte> bytes(waiter.size);
  if (pread_some(parts_.file->fd(), bytes, waiter.offset, parts_.name) != bytes.size()) {
    log::error("the file that {} is kept in was cut short by somebody", parts_.name);
    waiter.answer->fail(EIO);
    return true;
  }
  {
    const std::lock_guard lock(mutex_);
    for (const PieceUnits& units : waiter.units) {
      const SparseLayout::Run& layout = sparse_.runs[units.run];
      for (int64_t i = 0; i < units.count; ++i) {
        const auto unkept = unkept_.find(number(units, i));
        if (unkept == unkept_.end()) {
          if (!parts_.file->has(number(units, i))) return false;
          continue;
        }
        const uint64_t at = layout.offset + static_cast<uint64_t>(units.first + i) * layout.unit_bytes;
        const uint64_t from = std::max(at, waiter.offset);
        const uint64_t to = std::min(at + unkept->second.size(), waiter.offset + waiter.size);
        std::copy_n(unkept->second.begin() + static_cast<int64_t>(from - at), to - from,
                    bytes.begin() + static_cast<int64_t>(from - waiter.offset));
      }
    }
  }
  waiter.answer->bytes(bytes);
  return true;
}

bool PieceSession::cancel(const ReadAnswer& answer) {
  WaiterRef dropped;  // destroyed outside the lock
  Errands errands;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(waiters_.begin(), waiters_.end(),
                                    [&](const auto& entry) { return entry.second->answer.get() == &answer; });
    if (found == waiters_.end()) return false;
    dropped = found->second;
    drop_waiter(dropped);
    for (const RunRef& run : active_) {
      if (run->job_class == JobClass::kInteractive && !is_awaited(*run)) errands.stop.push_back(run);
    }
  }
  run_errands(std::move(errands));
  return true;
}

void PieceSession::prefetch(PieceUnits units, Owner owner, uint64_t reader) {
  Errands errands;
  {
    const std::lock_guard lock(mutex_);
    units.count = std::min(units.count, sparse_.runs[units.run].units() - units.first);
    if (units.count > 0) order(units, JobClass::kPrefetch, owner, reader, errands);
  }
  run_errands(std::move(errands));
}

void PieceSession::release(Owner owner) {
  Errands errands;
  {
    const std::lock_guard lock(mutex_);
    for (const RunRef& run : active_) {
      if (run->owner == owner && !is_awaited(*run)) errands.stop.push_back(run);
    }
  }
  run_errands(std::move(errands));
}

void PieceSession::set_index(UniqueFd index) {
  const std::lock_guard lock(mutex_);
  index_ = std::move(index);
}

void PieceSession::warm(Progress progress, Done done, JobClass job_class) {
  auto warming = std::make_shared<Warming>();
  warming->progress = std::move(progress);
  warming->done = std::move(done);
  warming->job_class = job_class;
  for (int64_t n = 0; n < sparse_.units(); ++n) warming->made += parts_.file->has(n) ? 1 : 0;
  warm_on(warming);
}

// Orders the next stretch that is missing; its end calls this again.
void PieceSession::warm_on(const std::shared_ptr<Warming>& warming) {
  Errands errands;
  {
    const std::lock_guard lock(mutex_);
    while (warming->run < sparse_.runs.size() && errands.start.empty() && !warming_stopped_) {
      const int64_t units = sparse_.runs[warming->run].units();
      PieceUnits next{warming->run, warming->next, 0};
      const auto is_missing = [&](int64_t i) { return !is_there(i) && !pending_.contains(i) && !failed_.contains(i); };
      while (next.first < units && !is_missing(number(next, 0))) ++next.first;
      const auto most = static_cast<int64_t>(kMostRunBytes / sparse_.runs[warming->run].unit_bytes);
      const int64_t longest = std::clamp<int64_t>(most, 1, kMostRunUnits);
      while (next.first + next.count < units && next.count < longest && is_missing(number(next, next.count))) {
        ++next.count;
      }
      warming->next = next.first + next.count;
      if (next.count == 0) {
        ++warming->run;
        warming->next = 0;
      } else {
        order(next, warming->job_class, nullptr, 0, errands);
      }
    }
    for (const RunRef& run : errands.start) {
      run->ended = [self = shared_from_this(), warming, run = run.get()](const JobResult& result) {
        warming->made += run->made;
        if (!result.ok && warming->reason.empty()) warming->reason = result.reason;
        // It was asked to end early, for somebody who waits; or it failed, and what lies behind that piece is tried
        // still.
        if (run->made < run->units.count) warming->next = run->units.first + run->made + (result.ok ? 0 : 1);
        if (warming->progress) warming->progress(warming->made, self->sparse_.units());
        self->warm_on(warming);
      };
    }
  }
  if (errands.start.empty()) return warming->done(warming_stopped_ ? "stopped" : warming->reason);
  run_errands(std::move(errands));
}

}  // namespace damfs
