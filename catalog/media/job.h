// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "catalog/base/unique_fd.h"
#include "catalog/media/charsets.h"
#include "catalog/media/facts.h"
#include "catalog/media/texture_map.h"

namespace damfs {

// What a worker can be asked to do. A worker sees descriptors, never a path.
enum class JobType : uint8_t {
  kProbe = 1,
  kStill = 2,
  kClip = 3,
  kClipIndex = 4,
  kPackIndex = 5,
  kMember = 6,
};

// Whether such jobs make a run of pieces, one behind the other, and tell of each.
constexpr bool is_run(JobType type) { return type == JobType::kClip || type == JobType::kMember; }

// The numbers are part of profiles' specs in catalogs: never renumber.
enum class StillFormat : uint8_t { kWebp = 1, kJpeg = 2, kPng = 3 };

// A picture that fits a box and a number of bytes (docs/design.md 5). The result is a complete file of its format
// whose own length fields already count `declared_bytes`; the output descriptor gets the real bytes only, the filler
// stays a hole.
struct StillSpec {
  Raster target;  // exact raster of the result: upright, never larger than the source
  int64_t declared_bytes = 0;
  StillFormat format = StillFormat::kWebp;
  int quality = 80;  // the best worth having, where the search for one that fits starts: 1..100
  int effort = 4;    // WebP: libwebp's method, 0..6
};

// An archive's member, as bytes of what it holds (PackMember). The source is the file that holds it: the archive, or
// one within it that was unpacked.
struct MemberRequest {
  int64_t number = 0;
  int64_t size = 0;  // bytes, when read
  uint16_t method = 0;
  int64_t offset = 0;       // of what is stored, in the source
  int64_t stored_size = 0;  // bytes
  uint32_t crc = 0;
  // Its own archive, and the number it has in that one's directory.
  int64_t archive_offset = 0;  // in the source
  int64_t archive_size = 0;    // bytes
  int64_t entry = 0;
  int64_t indexed_size = 0;  // of the outermost archive, which the index is of
};

// What a still is made of, when that is not one file.
enum class Composition : uint8_t {
  kNone = 0,
  kCollage = 1,   // up to kMaxCollage stills
  kMaterial = 2,  // up to kMaxMaps maps of a material: what they make of a ball
};

// A still, and with `also` further ones of the same source from one decode: each has the bytes it has when it is made
// alone.
struct StillRequest : StillSpec {
  std::vector<StillSpec> also;
  Composition composition = Composition::kNone;
  int sources = 1;
  std::vector<MemberRequest> members;  // what of each source is meant; empty: all of it
  std::vector<MapRole> roles;          // of a material's sources
  Kind kind = Kind::kImage;
  std::string mime;     // of the source
  int64_t seek_us = 0;  // video: which moment to show; kMomentOfLength: moment_to_show() of what its container says
};
inline constexpr int64_t kMomentOfLength = -1;
constexpr int64_t moment_to_show(int64_t duration_us) { return std::min<int64_t>(3'000'000, duration_us / 10); }
inline constexpr int kMaxCollage = 4;
inline constexpr int kMaxMaps = 12;
inline constexpr size_t kMaxStills = 6;  // of one job

// A run of a derived file's pieces (units), made one behind the other. Unit i of the run is written to the output at
// i * unit_bytes and then reported (Job::progress). Each has as many bytes as are declared, or it is not made.
struct RunRequest {
  int64_t unit_bytes = 0;
  int64_t first = 0;
  int64_t count = 1;
  int64_t last_bytes = 0;  // of the run's last unit; 0: it is as long as the others
  // So many of them stand in the output already, made by a worker that was lost: this one goes on behind them. The
  // pool's; what is reported counts them too.
  int64_t made = 0;
  std::string session;  // names source and recipe: what a worker has open under that name it goes on with

  // Of the run's first `units`.
  int64_t bytes_of(int64_t units) const {
    return units * unit_bytes - (units == count && last_bytes > 0 ? unit_bytes - last_bytes : 0);
  }
};

// Of an editing proxy.
struct ClipRequest {
  ClipFacts facts;
  ClipCodec codec = ClipCodec::kDnxhrLb;
  Raster raster;    // of the proxy's frames
  int track = -1;   // units are seconds of facts.sound[track]; -1: frames
  int threads = 1;  // codec threads; the bytes do not depend on it
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
  bool hash_members = false;          // pack index: with the SHA-256 of each
  bool look_at_pictures = true;       // pack index: what stills the members have
  std::string charset{kAutoCharset};  // pack index: of names that do not tell theirs
  int64_t deadline_ms = 30'000;       // from the moment a worker starts on it; of a run: for each unit
  // Run: units that were not told of before, up to `done`, stand in `output`: what they are is to be taken before this
  // returns. On a thread of the pool, with no lock held, before `done`; the last call tells of as many units as the
  // result.
  std::function<void(int64_t done, int output)> progress;
  // Called exactly once, on a thread of the pool, with no lock held. The output descriptor comes back with it.
  std::function<void(JobResult, UniqueFd output)> done;
};

}  // namespace damfs
