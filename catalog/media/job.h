// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "catalog/base/unique_fd.h"
#include "catalog/media/facts.h"
#include "catalog/media/jobs/clip_job.h"
#include "catalog/media/jobs/member_job.h"
#include "catalog/media/jobs/pack_index_job.h"
#include "catalog/media/jobs/run.h"
#include "catalog/media/jobs/still_job.h"

namespace damfs {

// What a worker can be asked to do. A worker sees descriptors, never a path. What each is, its row says
// (jobs/job_types.h).
enum class JobType : uint8_t {
  kProbe = 1,
  kStill = 2,
  kClip = 3,
  kClipIndex = 4,
  kPackIndex = 5,
  kMember = 6,
};

struct JobResult {
  bool ok = false;
  std::string reason;      // when not ok: a sentence for a person, already free of control characters
  bool permanent = true;   // when not ok: the same bytes will fail again (a damaged file); false: cancelled, no worker
  MediaFacts facts;        // probe
  int64_t real_bytes = 0;  // stills: bytes without filler; an index: of the whole
  int64_t encodes = 0;     // stills: how often an encoder ran
  std::string note;        // stills: what is wrong with a source of which a part is shown, as `reason`
  int64_t units_done = 0;  // run: how many of it are made, also when not ok; ok and fewer than asked: stopped,
                           // by WorkerPool::stop or for somebody who waits. Who still wants the rest asks again
};

// Who waits. A lower class runs first; within one, readers take turns (start-time fair queueing, job_queue.h), and each
// one's jobs run in the order they came. What runs is not interrupted for a lower class, with one exception: a
// run of kPrefetch or kWarm ends early when an interactive job has no other worker to wait for, or waits for its lane.
// So all workers may be busy warming: a reader waits for one still at most.
enum class JobClass : uint8_t { kInteractive = 0, kPrefetch = 1, kWarm = 2, kImport = 3 };

// Jobs of one lane never run at once, within a class run in their order, and go to the worker that ran the lane's last
// one, which still has its decoder there; but an idle worker takes over a lane whose worker is busy with something
// else.
using Lane = uint64_t;  // 0: none, any worker will do

struct Job {
  JobType type = JobType::kProbe;
  JobClass job_class = JobClass::kInteractive;
  uint64_t reader = 0;  // who is to have a fair share: one number a program; 0: nobody in particular
  Lane lane = 0;
  UniqueFd source;  // read-only, at any position: workers seek
  // All but probe: read-write, empty. No worker ever sees it; what one made is copied here. Of a run it may be missing:
  // then its units are told to `progress` alone.
  UniqueFd output;
  UniqueFd index;  // run: what kClipIndex or kPackIndex made of this source, or none
  // Still: the collage's sources behind the first, then the outputs of `still.also`. Duplicates of what the asker has.
  std::vector<UniqueFd> more;
  std::string name;  // probe: the file's own name, only as a hint where content is ambiguous
  StillRequest still;
  RunRequest run;
  ClipRequest clip;
  MemberRequest member;
  PackIndexRequest pack_index;
  int64_t deadline_ms = 30'000;  // from the moment a worker starts on it; of a run: for each unit
  // Run: units that were not told of before, up to `done`, stand in `output`: what they are is to be taken before this
  // returns. On a thread of the pool, with no lock held, before `done`; the last call tells of as many units as the
  // result.
  std::function<void(int64_t done, int output)> progress;
  // Called exactly once, on a thread of the pool, with no lock held. The output descriptor comes back with it.
  std::function<void(JobResult, UniqueFd output)> done;
};

}  // namespace damfs
