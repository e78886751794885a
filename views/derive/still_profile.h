// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/library/preview_settings.h"
#include "catalog/media/job.h"
#include "catalog/model/rows.h"

namespace damfs {

class Catalog;

// The version of the recipe and when it was made: a new one means new bytes, and so a new mtime (docs/design.md 5).
inline constexpr int kStillRecipe = 3;
inline constexpr int64_t kStillEpochNs = 1'795'996'800'000'000'000;  // 2026-11-30

// A kind of preview. Its `code` is packed into node numbers: never renumber.
struct StillProfile {
  unsigned code = 0;
  std::string name;                        // its folder in previews/
  int64_t box = 0;                         // pixels on the long edge, at the most
  int64_t budget = 0;                      // bytes, for a source that fills the box
  Composition shows = Composition::kNone;  // kMaterial: a ball of what a texture pack's maps make
  StillFormat format = StillFormat::kWebp;
  int quality = 80;  // the best worth having
  int effort = 4;    // libwebp method
  int64_t made_ns = kStillEpochNs;
  std::string cache_name;  // another one for every spec: what is cached under it stays true

  std::string_view extension() const;  // with its dot
  std::string spec() const;            // everything that decides a preview's bytes
};

// Whether it shows such an asset at all.
bool has_still(const StillProfile& profile, const AssetRow& asset);

// The raster and the exact size in bytes of the still of a source, from catalogued facts alone (law 2).
Raster still_raster(const StillProfile& profile, Raster source);
int64_t still_bytes(const StillProfile& profile, Raster source);

// The kinds of previews of one library.
class StillProfiles {
 public:
  static StillProfiles built_in();
  // The built-in ones as the library's settings change them, and those that the settings add. Codes of what is not
  // built in are kept by the catalog, which a new one is written to.
  StillProfiles(Catalog& catalog, const std::vector<PreviewSetting>& settings);

  const StillProfile* find(unsigned code) const;  // null: none has that code
  const StillProfile* find(std::string_view name) const;
  std::string names() const;  // for messages: "small, medium, large"

  auto begin() const { return profiles_.begin(); }
  auto end() const { return profiles_.end(); }

 private:
  explicit StillProfiles(std::vector<StillProfile> profiles) : profiles_(std::move(profiles)) {}
  std::vector<StillProfile> profiles_;
};

}  // namespace damfs
