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

#include "catalog/derived/derived_cache.h"
#include "catalog/media/job.h"
#include "catalog/model/rows.h"
#include "views/derive/keeper.h"
#include "views/derive/members.h"
#include "views/derive/rendition.h"
#include "views/derive/still_profile.h"
#include "views/frame/node.h"

namespace damfs {

class Catalog;
class Places;
class WorkerPool;

// What a preview is of: a version, a member of an archive, or a material.
struct StillSubject {
  enum class What : uint8_t { kVersion, kMember, kMaterial };
  What what = What::kVersion;
  int64_t id = 0;
};

// Whether a material's ball shows that map.
bool is_on_ball(const MemberRow& map);

// Makes stills when somebody first reads them: one render at a time of the same one, however many ask; the
// cache first; failures remembered with their reason. Thread-safe. Outlives every Content it gave out, and is
// destroyed after the pool has ended its jobs.
class Stills {
 public:
  struct Parts {
    Catalog& catalog;
    Places& places;
    Members& members;
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

  // The still of something whose largest still has the raster `source`. Returns at once; if it is not in the
  // cache its making starts now. Throws Error(EIO) with the reason when it is known to fail, ENOENT when the
  // subject is gone.
  ContentRef open(const StillSubject& subject, const StillProfile& profile, Raster source, uint64_t reader);

  // Why it failed, if it did; looks, never works.
  std::optional<std::string> failure(const StillSubject& subject, const StillProfile& profile);

  // What is wrong with what is shown, as with a picture of which only a part can be decoded; looks, never works.
  std::optional<std::string> note(const StillSubject& subject, const StillProfile& profile);

  // Removes it from the cache; it is made again when it is read next.
  void drop(const StillSubject& subject, const StillProfile& profile);

  // One picture of up to kMaxCollage others, made of their stills: a square of the profile's box. What cannot be
  // shown of them is left out.
  struct Shown {
    StillSubject subject;
    Raster source;
  };
  static Raster collage_raster(const StillProfile& profile) { return {profile.box, profile.box}; }
  ContentRef open_collage(std::span<const Shown> shown, const StillProfile& profile, uint64_t reader);

  // Makes those that are not cached ahead of time, from one decode. `done` is called for each profile; an empty reason:
  // it is there. ENOENT: the version is gone, and `done` is not called.
  using Warmed = std::function<void(const StillProfile& profile, const std::string& reason)>;
  void warm(const StillSubject& subject, std::span<const StillProfile* const> profiles, Raster source, bool retry,
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

  // The bytes that a subject is made of.
  struct Origin {
    BytesRow bytes;    // of the file, or of the archive around the members; kind and type are the picture's
    std::string part;  // of an archive; empty: it is the whole file
    std::vector<MemberRow> members;  // one, or the maps of a material
    Composition composition = Composition::kNone;
  };
  // What is to be made of which bytes.
  struct Order {
    const Origin& origin;
    const StillProfile& profile;
    Raster source;
    DerivedKey key() const { return {origin.bytes.sha256, profile.cache_name + origin.part, kStillRecipe}; }
    StillSpec spec() const;
  };
  // One job's stills, each with its output; of the first the job has it.
  struct Item {
    StillSpec spec;
    RenditionRef rendition;
    UniqueFd output;
  };
  struct Batch {
    Origin origin;  // empty for a collage
    std::vector<Item> items;
    JobClass job_class = JobClass::kInteractive;
    uint64_t reader = 0;
    std::vector<Members::File> files{};  // of its members
  };

  Origin origin_of(const StillSubject& subject, const StillProfile& profile);  // ENOENT: gone
  static Origin origin_of_version(PackReader& packs, int64_t version, const BytesRow& bytes);
  static Origin origin_of_member(PackReader& packs, const MemberRow& member);
  static Origin origin_of_material(PackReader& packs, int64_t material);
  struct Claim {
    RenditionRef rendition;  // with its `users` counted up, so that it cannot be abandoned meanwhile
    bool is_mine = false;    // to be made by who claimed it
  };
  Claim claim(const DerivedKey& key, int64_t bytes);
  bool take_from_cache(const RenditionRef& rendition);
  RenditionRef find_or_start(const Order& order, JobClass job_class, uint64_t reader);
  void start(Batch of);
  void find_members(const std::shared_ptr<Batch>& batch);
  void submit_with(const std::shared_ptr<Batch>& batch, std::vector<UniqueFd> sources);
  void submit(const std::shared_ptr<Batch>& batch, Job job);
  void gather(const std::shared_ptr<Gathering>& gathering, std::span<const Shown> shown, const StillProfile& profile);
  void assemble(Gathering& gathering);
  void finish(Batch& batch, const JobResult& result, UniqueFd output);
  void finish_one(Item& item, const JobResult& result);
  void lose(const RenditionRef& rendition, const std::string& reason);  // for this time only
  void forget(const DerivedKey& key);
  void abandon(const RenditionRef& rendition);

  const Parts parts_;
  std::mutex mutex_;  // never held across I/O, a job's submission or an answer
  std::unordered_map<std::string, RenditionRef> in_flight_;
  std::atomic<uint64_t> started_{0}, done_{0}, failed_{0};
  Keeper keeper_;  // last: what it keeps at the end still touches the others
};

}  // namespace damfs
