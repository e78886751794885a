// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "catalog/media/facts.h"

namespace damfs {

// A size of preview. Its `code` is packed into node numbers: never renumber.
struct StillProfile {
  unsigned code;
  std::string_view name;  // its folder in previews/
  int64_t box;            // pixels on the long edge, at the most
  int64_t budget;         // bytes, for a source that fills the box
  int quality;            // where the encoder starts
  int effort;             // libwebp method
};

std::span<const StillProfile> still_profiles();
const StillProfile* still_profile(unsigned code);  // null: none has that code
const StillProfile* still_profile(std::string_view name);

// The version of the recipe and when it was made: a new one means new bytes, and so a new mtime (DESIGN 5).
inline constexpr int kStillRecipe = 1;
inline constexpr int64_t kStillEpochNs = 1'795'000'000'000'000'000;  // 2026-11-18

// The raster and the exact size in bytes of the still of a source, from catalogued facts alone (law 2).
Raster still_raster(const StillProfile& profile, Raster source);
int64_t still_bytes(const StillProfile& profile, Raster source);

}  // namespace damfs
