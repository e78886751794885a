// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "catalog/base/unique_fd.h"
#include "catalog/media/facts.h"

namespace damfs {

// What a worker can be asked to do. A worker sees descriptors, never a path.
enum class JobType : uint8_t { kProbe = 1, kStill = 2 };

// A picture that fits a box and a number of bytes (DESIGN 5). The result is a complete file of its format
// whose own length fields already count `declared_bytes`; the output descriptor gets the real bytes only and is
// then extended to `declared_bytes` by ftruncate, so that the filler is a hole.
struct StillRequest {
  Raster target;  // exact raster of the result: upright, never larger than the source
  int64_t declared_bytes = 0;
  Kind kind = Kind::kImage;
  std::string mime;     // of the source
  int quality = 75;     // where the search for a quality that fits starts, 1..100
  int effort = 4;       // libwebp method, 0..6
  int64_t seek_us = 0;  // video: which moment to show
};

struct JobResult {
  bool ok = false;
  std::string reason;      // when not ok: a sentence for a person, already free of control characters
  bool permanent = true;   // when not ok: the same bytes will fail again (a damaged file); false: cancelled, no worker
  MediaFacts facts;        // probe
  int64_t real_bytes = 0;  // still: bytes before the filler
};

// Who waits. Lower runs first; equal ones run in the order they came.
enum class JobClass : uint8_t { kInteractive = 0, kPrefetch = 1, kWarm = 2, kImport = 3 };

struct Job {
  JobType type = JobType::kProbe;
  JobClass job_class = JobClass::kInteractive;
  UniqueFd source;   // read-only, at any position: workers seek
  UniqueFd output;   // still only: read-write, empty
  std::string name;  // probe: the file's own name, only as a hint where content is ambiguous
  StillRequest still;
  int64_t deadline_ms = 30'000;  // from the moment a worker starts on it
  // Called exactly once, on a thread of the pool, with no lock held. The output descriptor comes back with it.
  std::function<void(JobResult, UniqueFd output)> done;
};

}  // namespace damfs
