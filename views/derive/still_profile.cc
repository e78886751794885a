// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/still_profile.h"

#include <algorithm>

namespace damfs {
namespace {

constexpr StillProfile kProfiles[] = {
    {.code = 1, .name = "small", .box = 200, .budget = 16 << 10, .quality = 75, .effort = 4},
    {.code = 2, .name = "medium", .box = 800, .budget = 128 << 10, .quality = 75, .effort = 4},
    {.code = 3, .name = "large", .box = 1920, .budget = 512 << 10, .quality = 75, .effort = 4},
};
constexpr int64_t kStep = 4096;

}  // namespace

std::span<const StillProfile> still_profiles() { return kProfiles; }

const StillProfile* still_profile(unsigned code) {
  const auto* found = std::find_if(std::begin(kProfiles), std::end(kProfiles),
                                   [&](const StillProfile& profile) { return profile.code == code; });
  return found == std::end(kProfiles) ? nullptr : found;
}

const StillProfile* still_profile(std::string_view name) {
  const auto* found = std::find_if(std::begin(kProfiles), std::end(kProfiles),
                                   [&](const StillProfile& profile) { return profile.name == name; });
  return found == std::end(kProfiles) ? nullptr : found;
}

Raster still_raster(const StillProfile& profile, Raster source) { return fit_box(source, profile.box); }

int64_t still_bytes(const StillProfile& profile, Raster source) {
  const Raster raster = still_raster(profile, source);
  // The whole budget is meant for the commonest shape, 3:2 across the box.
  const int64_t full = profile.box * profile.box * 2 / 3;
  const int64_t scaled = profile.budget * raster.width * raster.height / full;
  return std::clamp((scaled + kStep - 1) / kStep * kStep, kStep, profile.budget);
}

}  // namespace damfs
