// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/derived/derived_cache.h"
#include "catalog/media/pool/worker_pool.h"
#include "views/frame/node.h"

namespace damfs {

// Numbered pieces of one run of a derived file: a clip's frames, seconds of a track, stretches of a packed member.
struct PieceUnits {
  size_t run = 0;     // of SparseLayout::runs
  int64_t first = 0;  // within the run
  int64_t count = 0;
};

// The pieces that bytes [offset, offset + size) of a file of that layout touch.
std::vector<PieceUnits> units_of(const SparseLayout& layout, uint64_t offset, uint64_t size);

// One derived file that is made piece by piece, which somebody has open or which is being warmed: which of its pieces
// are being made, by which run of which worker, and who waits for them. Thread-safe; answers are given with no lock
// held.
class PieceSession : public std::enable_shared_from_this<PieceSession> {
 public:
  struct Counters {
    std::atomic<uint64_t> started{0}, done{0}, failed{0};  // runs
  };
  struct Parts {
    SparseFileRef file;
    UniqueFd source;
    std::string name;  // of what a worker keeps open for it
    // Readers of the source that each run of the layout may have: who looks elsewhere does not disturb who goes on.
    std::vector<size_t> lanes;
    std::function<void(const PieceUnits& units, Job& job)> describe;  // what the job is, but for its run
    WorkerPool& workers;
    Counters& counters;
    int64_t deadline_ms;
    std::function<void(const std::string& reason)> hopeless;  // told when not one piece could be made, and never will
  };
  explicit PieceSession(Parts parts);
  ~PieceSession();

  const SparseFile& file() const { return *parts_.file; }
  // All of it is there, and stays while the pin lives; null: it is not.
  SparseFile::Pin pin_all() const { return parts_.file->pin(0, sparse_.units()); }

  void read(uint64_t offset, size_t size, ReadAnswerRef answer, uint64_t reader);
  bool cancel(const ReadAnswer& answer);

  // Has what is missing of those pieces made ahead, for `owner`, who cancels that with release().
  using Owner = const void*;
  void prefetch(PieceUnits units, Owner owner, uint64_t reader);
  void release(Owner owner);

  // Makes all that is missing. `progress` is told how many pieces there are by now, of how many; `done` the reason of
  // the first that could not be made, or "".
  using Progress = std::function<void(int64_t made, int64_t total)>;
  using Done = std::function<void(const std::string& reason)>;
  void warm(Progress progress, Done done, JobClass job_class = JobClass::kWarm);
  void stop_warming() { warming_stopped_ = true; }

  // What tells workers where in the source they can begin, once there is such a thing.
  void set_index(UniqueFd index);

 private:
  struct Run;
  struct Waiter;
  struct Warming;
  struct LaneState {
    Lane lane = 0;
    int64_t position = 0;  // the unit behind the last one that was ordered from it
    uint64_t used = 0;     // when, in orders
  };
  using RunRef = std::shared_ptr<Run>;
  using WaiterRef = std::shared_ptr<Waiter>;
  // What is to be done once the mutex is free.
  struct Errands {
    std::vector<RunRef> start, stop;
    std::vector<std::pair<RunRef, uint64_t>> promote;  // with the reader who waits now
    std::vector<WaiterRef> ready, failed;
  };

  // These need mutex_:
  bool is_there(int64_t number) const;
  void order(PieceUnits units, JobClass job_class, Owner owner, uint64_t reader, Errands& errands);
  void order_run(PieceUnits units, JobClass job_class, Owner owner, uint64_t reader, Errands& errands);
  LaneState& choose_lane(PieceUnits units, Errands& errands);
  bool is_awaited(const Run& run) const;
  void drop_waiter(const WaiterRef& waiter);
  void fail_waiters(int64_t number, Errands& errands);
  void end_of(const RunRef& run, const JobResult& result, Errands& errands);

  int64_t number(const PieceUnits& units, int64_t index) const { return base_[units.run] + units.first + index; }
  void run_errands(Errands errands);
  Job make_job(const RunRef& run);
  void on_progress(const RunRef& run, int64_t done, int output);
  void on_done(const RunRef& run, const JobResult& result);
  bool keep(int64_t number, int output, uint64_t offset, uint64_t size);
  void answer(const Waiter& waiter);
  bool answer_from_memory(const Waiter& waiter);
  void warm_on(const std::shared_ptr<Warming>& warming);

  Parts parts_;
  const SparseLayout sparse_;
  std::vector<int64_t> base_;  // the number of each run's first unit

  mutable std::mutex mutex_;
  std::vector<RunRef> active_;         // ordered and not ended
  std::map<int64_t, RunRef> pending_;  // unit number → the run that makes it
  std::multimap<int64_t, WaiterRef> waiters_;
  std::map<int64_t, std::string> failed_;             // unit number → why; for good
  std::map<int64_t, std::vector<std::byte>> unkept_;  // made, but there was no room for them in the cache
  std::vector<std::vector<LaneState>> lanes_;         // by run of the layout
  UniqueFd index_;
  uint64_t orders_ = 0;
  bool made_any_ = false;
  std::atomic<bool> warming_stopped_{false};
};

}  // namespace damfs
