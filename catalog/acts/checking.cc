// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/checking.h"

#include <fcntl.h>

#include <set>
#include <utility>

#include "catalog/derived/derived_cache.h"
#include "catalog/media/pool/worker_pool.h"
#include "catalog/model/read/check.h"

namespace damfs {
namespace {

constexpr int64_t kWorkerDeadlineMs = 10'000;

}  // namespace

VerifiedLibrary verify_library(const Library& library, Catalog& catalog, ObjectStore& objects,
                               const LibraryEvents& events, const std::atomic<bool>& stop) {
  VerifiedLibrary verified;
  VerifyProgress all;
  {
    const auto reader = catalog.reader();
    for (const std::string& problem : check_catalog(*reader)) {
      events.bad_catalog(problem);
      ++verified.problems;
    }
    const auto totals = reader->totals();
    verified.all_objects = all.all_objects = totals.blobs;
    all.all_bytes = totals.original_bytes;
  }
  DerivedCache cache(library.derived(), library.config().derived_max_bytes);
  const auto progress = [&](const VerifyReport& now) {
    all.objects = now.objects;
    all.bytes = now.bytes;
    events.progress(all);
  };
  verified.objects = verify_objects(catalog, objects, cache, {.bad = events.bad_object, .progress = progress}, stop);
  verified.problems += verified.objects.bad;
  return verified;
}

LookedAtObjects look_at_objects(Reader& reader, const Places& places,
                                const std::function<void(const FlawedObject&)>& flawed) {
  LookedAtObjects looked;
  std::set<Digest> told;
  for (const DamagedRow& damaged : damaged_blobs(reader)) {
    flawed({damaged.sha256, damaged.reason, damaged.found_ns});
    told.insert(damaged.sha256);
  }
  each_object(reader, [&](const Digest& sha256, int64_t size) {
    ++looked.objects;
    if (places.has(sha256, size)) return;
    ++looked.missing;
    if (!told.contains(sha256)) flawed({.sha256 = sha256});
  });
  return looked;
}

std::string worker_problem(const Library& library) {
  std::string problem = "no answer";
  try {
    WorkerPool workers({.program = {}, .workers = 1});
    Job job;
    job.source = library.folder().open("damfs.toml", O_RDONLY);
    job.name = "damfs.toml";
    job.deadline_ms = kWorkerDeadlineMs;
    std::atomic<bool> answered{false};
    job.done = [&](const JobResult& result, UniqueFd) {
      problem = result.ok ? "" : result.reason;
      answered = true;
      answered.notify_all();
    };
    workers.submit(std::move(job));
    answered.wait(false);
  } catch (const std::exception& error) {
    problem = error.what();
  }
  return problem;
}

}  // namespace damfs
