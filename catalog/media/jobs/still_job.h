// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "catalog/media/facts.h"
#include "catalog/media/jobs/member_job.h"
#include "catalog/media/texture_map.h"

namespace damfs {

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

}  // namespace damfs
