// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "catalog/base/digest.h"
#include "catalog/derived/derived_cache.h"
#include "catalog/media/clip.h"

namespace damfs {

// A size of editing proxy. Its `code` is packed into node numbers: never renumber.
struct ClipProfile {
  unsigned code;
  std::string_view name;  // its folder in proxies/
  ClipCodec codec;
  int64_t short_edge;  // pixels, at the most; 0: as the source
};

std::span<const ClipProfile> clip_profiles();
const ClipProfile* clip_profile(std::string_view name);  // null: none has that name

// The version of the recipe and when it was made: a new one means new bytes, and so a new mtime (docs/design.md 5).
inline constexpr int kClipRecipe = 2;
inline constexpr int64_t kClipEpochNs = 1'795'996'800'000'000'000;  // 2026-11-30

// The raster of a proxy's frames: even edges, the source's shape, never enlarged but to the codec's least, 256x120.
Raster clip_raster(const ClipProfile& profile, const ClipFacts& facts);

// Where everything in an editing proxy stands, from catalogued facts alone (law 2). All sound comes before all
// pictures, so that who only looks at the one never causes the other; every frame stands on pages of its own.
//
//   pictures   ftyp moov free mdat[ start time code, free | track 1 | track 2 | … | frame 0, frame 1, … ]   .mov
//   sound only RIFF … fmt data[ samples ]                                                                  .wav
class ClipLayout {
 public:
  ClipLayout(const ClipProfile& profile, const ClipFacts& facts);

  std::string_view extension() const { return facts_.frames > 0 ? ".mov" : ".wav"; }
  uint64_t size() const { return size_; }

  const ClipProfile& profile() const { return profile_; }
  const ClipFacts& facts() const { return facts_; }
  Raster raster() const { return raster_; }

  // The tracks' runs in their order (a unit is a second), then the frames'.
  SparseLayout sparse() const;
  // What stands before the first run. `reel`: of the source's time code, or empty.
  std::string head(const Digest& source, std::string_view reel) const;

 private:
  const ClipProfile& profile_;
  ClipFacts facts_;
  Raster raster_;
  uint64_t head_bytes_ = 0;
  uint64_t size_ = 0;
};

}  // namespace damfs
