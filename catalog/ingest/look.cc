// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/look.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/base/flush.h"
#include "catalog/base/log.h"
#include "catalog/derived/derived_cache.h"
#include "catalog/media/pool/worker_pool.h"
#include "catalog/media/texture_map.h"

namespace damfs {
namespace {

// Counting packets and unpacking members read the whole file: a large one gets the time of a slow disk on top.
int64_t deadline_for(const ToLook& what) { return what.deadline_ms + what.size / 20'000; }
// Reading a member can be slower than that by as much as it is larger when unpacked.
constexpr int64_t kIndexTimes = 20;

UniqueFd place_for_index(DerivedCache* cache) {
  if (cache != nullptr) return cache->stage();
  UniqueFd fd(::memfd_create("damfs-pack", MFD_CLOEXEC));
  if (!fd) throw_errno(errno, "cannot make a file in memory");
  return fd;
}

// Its bytes are on the disk before it has a name: the cache trusts what it finds.
void keep_index(DerivedCache* cache, const Digest& sha256, int index) {
  if (cache == nullptr) return;
  try {
    if (const int code = flush_data(index)) throw_errno(code, "cannot write an archive's index");
    cache->insert(pack_index_key(sha256), index);
  } catch (const std::exception& error) {
    log::info("an archive's index is not kept: {}", error.what());
  }
}

void take_names(const NamesRead& names, MediaFacts& facts) {
  if (names.charset == nullptr) return;
  nlohmann::json told = {{kNamesReadAs, names.charset->name}};
  if (names.runner_up != nullptr) told[kNamesRunnerUp] = names.runner_up->name;
  facts.metadata["format"] = told.dump();
}

// What the worker found inside; what makes no sense is the archive's problem.
void take_inside(const ToLook& what, int index, JobResult& result) {
  try {
    const auto reader = PackIndexReader::open(index, what.size);
    if (!reader) fail(EPROTO, "a worker's index of an archive is none");
    result.facts.pack = std::make_shared<const Pack>(reader->members());
    take_names(reader->names(), result.facts);
    const auto primary = primary_picture(*result.facts.pack);
    if (primary) result.facts.still = (*result.facts.pack)[*primary].still;
  } catch (const Error& error) {
    result.facts.problem = error.what();
  }
}

}  // namespace

DerivedKey pack_index_key(const Digest& archive) { return {archive, "pack-index", kPackRecipe}; }

void make_pack_index(WorkerPool& workers, DerivedCache* cache, ToLook what,
                     std::function<void(JobResult, UniqueFd)> done) {
  Job job;
  job.type = JobType::kPackIndex;
  job.job_class = what.job_class;
  job.pack_index = {what.hash_members, what.look_at_pictures, what.charset};
  job.deadline_ms = kIndexTimes * deadline_for(what);
  job.source = std::move(what.object);
  job.output = place_for_index(cache);
  job.done = [cache, sha256 = what.sha256, done = std::move(done)](JobResult result, UniqueFd index) {
    if (result.ok) keep_index(cache, sha256, index.get());
    done(std::move(result), std::move(index));
  };
  workers.submit(std::move(job));
}

namespace {

using Found = std::function<void(JobResult)>;

class InsideLook : public std::enable_shared_from_this<InsideLook> {
 public:
  InsideLook(WorkerPool& workers, DerivedCache* cache, ToLook what, JobResult probed, Found done)
      : workers_(workers), cache_(cache), what_(std::move(what)), found_(std::move(probed)), done_(std::move(done)) {
    found_.facts.pack_charset = what_.charset;
  }

  void start() {
    try {
      ToLook once{.object = duplicate(what_.object.get(), "an object"),
                  .sha256 = what_.sha256,
                  .name = {},
                  .size = what_.size,
                  .job_class = what_.job_class,
                  .deadline_ms = what_.deadline_ms,
                  .hash_members = what_.hash_members,
                  .look_at_pictures = what_.look_at_pictures,
                  .charset = what_.charset};
      make_pack_index(
          workers_, cache_, std::move(once),
          [self = shared_from_this()](const JobResult& indexed, const UniqueFd& index) { self->take(indexed, index); });
    } catch (const std::exception& error) {
      JobResult passing;
      passing.permanent = false;
      passing.reason = error.what();
      done_(std::move(passing));
    }
  }

 private:
  void take(const JobResult& indexed, const UniqueFd& index) {
    if (!indexed.ok && !indexed.permanent) return done_(indexed);
    // A picture that is too much for a worker keeps nobody from the rest of its archive.
    if (!indexed.ok && std::exchange(what_.look_at_pictures, false)) return start();
    if (indexed.ok) {
      take_inside(what_, index.get(), found_);
    } else {
      found_.facts.problem = indexed.reason;
    }
    done_(std::move(found_));
  }

  WorkerPool& workers_;
  DerivedCache* const cache_;
  ToLook what_;
  JobResult found_;
  const Found done_;
};

}  // namespace

void look_at(WorkerPool& workers, DerivedCache* cache, ToLook what, Found done) {
  const auto again = std::make_shared<ToLook>(std::move(what));
  Job job;
  job.type = JobType::kProbe;
  job.job_class = again->job_class;
  job.source = duplicate(again->object.get(), "an object");
  job.name = again->name;
  job.deadline_ms = deadline_for(*again);
  job.done = [&workers, cache, again, done = std::move(done)](JobResult probed, UniqueFd) {
    if (!probed.ok || !probed.facts.is_archive) return done(std::move(probed));
    std::make_shared<InsideLook>(workers, cache, std::move(*again), std::move(probed), done)->start();
  };
  workers.submit(std::move(job));
}

}  // namespace damfs
