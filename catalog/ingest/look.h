// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "catalog/base/digest.h"
#include "catalog/base/unique_fd.h"
#include "catalog/derived/derived_key.h"
#include "catalog/media/job.h"

namespace damfs {

class DerivedCache;
class WorkerPool;

// An object that is to be looked at.
struct ToLook {
  UniqueFd object;
  Digest sha256;
  std::string name;  // a hint for the probe
  int64_t size = 0;  // bytes
  JobClass job_class = JobClass::kImport;
  int64_t deadline_ms = 30'000;       // of one that is small
  bool hash_members = false;          // of an archive
  bool look_at_pictures = true;       // in an archive
  std::string charset{kAutoCharset};  // of an archive: Job::charset
};

// Has a worker find out what it is, and of an archive what is inside (MediaFacts::pack); its index is left in `cache`
// for those who read in it (null: it is not kept). `done` is called once, on a thread of the workers, with no lock
// held.
void look_at(WorkerPool& workers, DerivedCache* cache, ToLook what, std::function<void(JobResult)> done);

// Only the index, made anew: the cache had lost it.
void make_pack_index(WorkerPool& workers, DerivedCache* cache, ToLook what,
                     std::function<void(JobResult, UniqueFd)> done);

DerivedKey pack_index_key(const Digest& archive);

}  // namespace damfs
