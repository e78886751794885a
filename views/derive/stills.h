// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/media/job.h"
#include "catalog/model/rows.h"
#include "catalog/store/derived_cache.h"
#include "views/derive/keeper.h"
#include "views/derive/rendition.h"
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
    StillProfiles profiles = StillProfiles::built_in();
  };
  explicit Stills(Parts parts);
  ~Stills();
  Stills(const Stills&) = delete;
  Stills& operator=(const Stills&) = delete;

  const StillProfiles& profiles() const { return parts_.profiles; }

  // The still of a version whose largest still has the raster `source`. Returns at once; if it is not in the
  // cache its making starts now. Throws Error(EIO) with the reason when it is known to fail, ENOENT when the
  // version is gone.
  ContentRef open(int64_t version, const StillProfile& profile, Raster source, uint64_t reader);

  // Why it failed, if it did; looks, never works.
  std::optional<std::string> failure(int64_t version, const StillProfile& profile);

  // What is kept of it goes; it is made again for whoever reads it next.
  void drop(int64_t version, const StillProfile& profile);

  // One picture of up to kMaxCollage others, made of their stills: a square of the profile's box. What cannot be
  // shown of them is left out.
  struct Shown {
    int64_t version = 0;
    Raster source;
  };
  static Raster collage_raster(const StillProfile& profile) { return {profile.box, profile.box}; }
  ContentRef open_collage(std::span<const Shown> shown, const StillProfile& profile, uint64_t reader);

  // Makes those that are not cached ahead of time, from one decode. `done` hears of each profile how it went: an empty
  // reason for well. ENOENT: the version is gone, and nothing is heard.
  using Warmed = std::function<void(const StillProfile& profile, const std::string& reason)>;
  void warm(int64_t version, std::span<const StillProfile* const> profiles, Raster source, bool retry,
            const Warmed& done);

  struct Counters {
    uint64_t started = 0;
    uint64_t done = 0;
    uint64_t failed = 0;
  };
  Counters counters() const;

 private:
  class StillContent;
  struct Gathering;

  // What is to be made of which bytes.
  struct Order {
    const BytesRow& bytes;
    const StillProfile& profile;
    Raster source;
    DerivedKey key() const { return {bytes.sha256, profile.cache_name, kStillRecipe}; }
    StillSpec spec() const;
  };
  // One job's stills, each with its output; of the first the job has it.
  struct Item {
    StillSpec spec;
    RenditionRef rendition;
    UniqueFd output;
  };
  struct Batch {
    BytesRow bytes;  // of the source; of a collage only what it is called
    std::vector<Item> items;
    JobClass job_class = JobClass::kInteractive;
    uint64_t reader = 0;
  };

  BytesRow bytes_of(int64_t version);  // ENOENT: gone
  struct Claim {
    RenditionRef rendition;  // with its `users` counted up, so that it cannot be abandoned meanwhile
    bool is_mine = false;    // to be made by who claimed it
  };
  Claim claim(const DerivedKey& key, int64_t bytes);
  bool take_from_cache(const RenditionRef& rendition);
  RenditionRef find_or_start(const Order& order, JobClass job_class, uint64_t reader);
  void start(Batch of);
  void submit(const std::shared_ptr<Batch>& batch, Job job);
  void gather(const std::shared_ptr<Gathering>& gathering, std::span<const Shown> shown, const StillProfile& profile);
  void assemble(Gathering& gathering);
  void finish(Batch& batch, const JobResult& result, UniqueFd output);
  void finish_one(Item& item, const JobResult& result);
  void lose(const RenditionRef& rendition, const std::string& reason);  // for this time only
  void forget(const DerivedKey& key);
  void abandon(const RenditionRef& rendition);

  const Parts parts_;
  std::mutex mutex_;  // taken before a rendition's own; never held across I/O, a job's submission or an answer
  std::unordered_map<std::string, RenditionRef> in_flight_;
  std::atomic<uint64_t> started_{0}, done_{0}, failed_{0};
  Keeper keeper_;  // last: what it keeps at the end still touches the others
};

}  // namespace damfs
