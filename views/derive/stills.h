// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "catalog/media/job.h"
#include "catalog/model/rows.h"
#include "catalog/store/derived_cache.h"
#include "views/derive/keeper.h"
#include "views/derive/still_profile.h"
#include "views/node.h"

namespace damfs {

class Catalog;
class ObjectStore;
class WorkerPool;

// Makes stills when somebody first reads them: one render at a time of the same one, however many ask; the
// cache first; failures remembered with their reason. Thread-safe. Outlives every Content it gave out, and is
// destroyed after the pool has ended its jobs.
class Stills {
 public:
  struct Parts {
    Catalog& catalog;
    ObjectStore& objects;
    DerivedCache& cache;
    WorkerPool& workers;
    int64_t deadline_ms = 30'000;
  };
  explicit Stills(Parts parts);
  ~Stills();
  Stills(const Stills&) = delete;
  Stills& operator=(const Stills&) = delete;

  // The still of a version whose largest still has the raster `source`. Returns at once; if it is not in the
  // cache its making starts now. Throws Error(EIO) with the reason when it is known to fail, ENOENT when the
  // version is gone.
  ContentRef open(int64_t version, const StillProfile& profile, Raster source);

  // Why it failed, if it did; looks, never works.
  std::optional<std::string> failure(int64_t version, const StillProfile& profile);

  // Makes one ahead of time unless it is cached. `done` hears how it went: empty reason for well.
  using Done = std::function<void(const std::string& reason)>;
  void warm(int64_t version, const StillProfile& profile, Raster source, bool retry, Done done);

  struct Counters {
    uint64_t started = 0;
    uint64_t done = 0;
    uint64_t failed = 0;
  };
  Counters counters() const;

 private:
  class Rendition;
  class StillContent;
  using RenditionRef = std::shared_ptr<Rendition>;

  // What is to be made of which bytes.
  struct Order {
    BytesRow bytes;
    const StillProfile& profile;
    Raster source;
    DerivedKey key() const { return {bytes.sha256, std::string(profile.name), kStillRecipe}; }
  };
  BytesRow bytes_of(int64_t version);  // ENOENT: gone
  RenditionRef find_or_start(const Order& order, JobClass job_class);
  Job make_job(const Order& order, const RenditionRef& rendition);
  void finish(const RenditionRef& rendition, JobResult result, UniqueFd output);
  void forget(const DerivedKey& key);
  void abandon(const RenditionRef& rendition);

  Parts parts_;
  std::mutex mutex_;  // taken before a rendition's own; never held across I/O, a job's submission or an answer
  std::unordered_map<std::string, RenditionRef> in_flight_;
  std::atomic<uint64_t> started_{0}, done_{0}, failed_{0};
  Keeper keeper_;  // last: what it keeps at the end still touches the others
};

}  // namespace damfs
