// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/still_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "catalog/model/catalog.h"
#include "catalog/model/profiles.h"

namespace damfs {
namespace {

constexpr int64_t kStep = 4096;

// What else the formats differ in, and how many more bytes than a WebP they take for the same picture.
struct FormatFacts {
  StillFormat format;
  std::string_view name, extension;
  int quality;
  double bulk;
};
constexpr FormatFacts kFormats[] = {
    {StillFormat::kWebp, "webp", ".webp", 80, 1},
    {StillFormat::kJpeg, "jpeg", ".jpg", 85, 1.5},
    {StillFormat::kPng, "png", ".png", 100, 8},
};

const FormatFacts& format_facts(StillFormat format) {
  return *std::find_if(std::begin(kFormats), std::end(kFormats),
                       [&](const FormatFacts& facts) { return facts.format == format; });
}

// Larger pictures need fewer bytes a pixel.
int64_t usual_budget(int64_t box, StillFormat format) {
  const double bytes = 16'384 * std::pow(static_cast<double>(box) / 200, 1.5) * format_facts(format).bulk;
  return static_cast<int64_t>(std::ceil(bytes / static_cast<double>(kStep))) * kStep;
}

StillProfile changed(StillProfile profile, const PreviewSetting& setting) {
  const StillFormat format = setting.format.value_or(profile.format);
  const bool as_usual = format == profile.format && (!setting.box || *setting.box == profile.box) && profile.budget > 0;
  profile.name = setting.name;
  profile.box = setting.box.value_or(profile.box);
  if (!as_usual) profile.budget = usual_budget(profile.box, format);
  if (!as_usual) profile.quality = format_facts(format).quality;
  profile.format = format;
  profile.budget = setting.budget.value_or(profile.budget);
  profile.quality = setting.quality.value_or(profile.quality);
  return profile;
}

}  // namespace

std::string_view StillProfile::extension() const { return format_facts(format).extension; }

std::string StillProfile::spec() const {
  return fmt::format("box={} budget={} format={} quality={} effort={}", box, budget, format_facts(format).name, quality,
                     effort);
}

StillProfiles StillProfiles::built_in() {
  struct BuiltIn {
    unsigned code;
    int64_t box, budget;
    Composition shows;
  };
  constexpr BuiltIn kBuiltIn[] = {{ProfileCode::kSmall, 200, 16 << 10, Composition::kNone},
                                  {ProfileCode::kMedium, 800, 128 << 10, Composition::kNone},
                                  {ProfileCode::kLarge, 1920, 512 << 10, Composition::kNone},
                                  {ProfileCode::kMaterial, 512, 64 << 10, Composition::kMaterial}};
  static_assert(std::size(kBuiltIn) == std::size(kBuiltInPreviews));
  std::vector<StillProfile> profiles;
  for (size_t i = 0; i < std::size(kBuiltIn); ++i) {
    profiles.push_back({.code = kBuiltIn[i].code,
                        .name = kBuiltInPreviews[i],
                        .box = kBuiltIn[i].box,
                        .budget = kBuiltIn[i].budget,
                        .shows = kBuiltIn[i].shows,
                        .cache_name = kBuiltInPreviews[i]});
  }
  return StillProfiles(std::move(profiles));
}

StillProfiles::StillProfiles(Catalog& catalog, const std::vector<PreviewSetting>& settings)
    : StillProfiles(built_in()) {
  for (const PreviewSetting& setting : settings) {
    const auto place = std::find_if(profiles_.begin(), profiles_.end(),
                                    [&](const StillProfile& profile) { return profile.name == setting.name; });
    const bool is_new = place == profiles_.end();
    StillProfile profile = changed(is_new ? StillProfile{} : *place, setting);
    if (!is_new && profile.spec() == place->spec()) continue;
    const ProfileRow row = ensure_profile(catalog, profile.name, profile.spec());
    profile.code = static_cast<unsigned>(row.code);
    profile.made_ns = std::max(kStillEpochNs, row.added_ns);
    profile.cache_name = fmt::format("{}-{}", row.name, row.code);
    if (is_new) {
      profiles_.push_back(std::move(profile));
    } else {
      *place = std::move(profile);
    }
  }
}

const StillProfile* StillProfiles::find(unsigned code) const {
  const auto found = std::find_if(profiles_.begin(), profiles_.end(),
                                  [&](const StillProfile& profile) { return profile.code == code; });
  return found == profiles_.end() ? nullptr : &*found;
}

const StillProfile* StillProfiles::find(std::string_view name) const {
  const auto found = std::find_if(profiles_.begin(), profiles_.end(),
                                  [&](const StillProfile& profile) { return profile.name == name; });
  return found == profiles_.end() ? nullptr : &*found;
}

std::string StillProfiles::names() const {
  std::string text;
  for (const StillProfile& profile : profiles_) text += (text.empty() ? "" : ", ") + profile.name;
  return text;
}

bool has_still(const StillProfile& profile, const AssetRow& asset) {
  return asset.still && (profile.shows != Composition::kMaterial || asset.kind == Kind::kTexturePack);
}

Raster still_raster(const StillProfile& profile, Raster source) {
  if (profile.shows == Composition::kMaterial) return {profile.box, profile.box};
  return fit_box(source, profile.box);
}

int64_t still_bytes(const StillProfile& profile, Raster source) {
  const Raster raster = still_raster(profile, source);
  // The whole budget is meant for the commonest shape, 3:2 across the box.
  const int64_t full = profile.box * profile.box * 2 / 3;
  const int64_t scaled = profile.budget * raster.width * raster.height / full;
  return std::clamp((scaled + kStep - 1) / kStep * kStep, kStep, profile.budget);
}

}  // namespace damfs
