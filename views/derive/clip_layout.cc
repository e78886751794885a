// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/clip_layout.h"

#include <algorithm>
#include <cerrno>

#include "catalog/base/error.h"
#include "views/derive/clip_head.h"

namespace damfs {
namespace {

constexpr ClipProfile kProfiles[] = {
    {.code = ProfileCode::kEdit, .name = "edit", .codec = ClipCodec::kDnxhrLb, .short_edge = 540},
    {.code = ProfileCode::kEditHq, .name = "edit-hq", .codec = ClipCodec::kDnxhrSq, .short_edge = 0},
};
constexpr uint64_t kPage = 4096;
// What DNxHR can be encoded at.
constexpr int64_t kLeastWidth = 256;
constexpr int64_t kLeastHeight = 120;

uint64_t page_up(uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }
int64_t even(int64_t edge) { return (edge + 1) / 2 * 2; }
// edge * num / den, rounded half up.
int64_t scaled(int64_t edge, int64_t num, int64_t den) { return (2 * edge * num + den) / (2 * den); }

uint64_t frame_of_sound(const ClipSound& track) { return static_cast<uint64_t>(track.channels) * 2; }

}  // namespace

std::span<const ClipProfile> clip_profiles() { return kProfiles; }

const ClipProfile* clip_profile(std::string_view name) {
  const auto* found = std::find_if(std::begin(kProfiles), std::end(kProfiles),
                                   [&](const auto& profile) { return profile.name == name; });
  return found == std::end(kProfiles) ? nullptr : found;
}

Raster clip_raster(const ClipProfile& profile, const ClipFacts& facts) {
  Raster raster = facts.raster;
  const int64_t edge = std::min(raster.width, raster.height);
  if (profile.short_edge > 0 && edge > profile.short_edge) {
    raster = {scaled(raster.width, profile.short_edge, edge), scaled(raster.height, profile.short_edge, edge)};
  }
  if (raster.width < kLeastWidth) raster = {kLeastWidth, scaled(raster.height, kLeastWidth, raster.width)};
  if (raster.height < kLeastHeight) raster = {scaled(raster.width, kLeastHeight, raster.height), kLeastHeight};
  return {even(raster.width), even(raster.height)};
}

ClipLayout::ClipLayout(const ClipProfile& profile, const ClipFacts& facts)
    : profile_(profile), facts_(facts), raster_(facts.frames > 0 ? clip_raster(profile, facts) : Raster{}) {
  head_bytes_ = page_up(facts_.frames > 0 ? mov_head_room(facts_) : wav_head_room());
  const SparseLayout layout = sparse();
  // Nothing follows the samples of a .wav but the byte that makes their number even, and that it is already.
  const SparseLayout::Run& last = layout.runs.back();
  size_ = last.offset + last.bytes;
}

SparseLayout ClipLayout::sparse() const {
  SparseLayout layout;
  uint64_t at = head_bytes_;
  for (const ClipSound& track : facts_.sound) {
    const auto samples = static_cast<uint64_t>(facts_.samples_of(track));
    if (samples > 0) {
      const uint64_t second = frame_of_sound(track) * static_cast<uint64_t>(track.sample_rate);
      layout.runs.push_back({at, second, samples * frame_of_sound(track)});
    } else {
      layout.runs.push_back({at, 1, 0});
    }
    at = page_up(at + layout.runs.back().bytes);
  }
  if (facts_.frames > 0) {
    const auto frame = static_cast<uint64_t>(clip_frame_bytes(profile_.codec, raster_));
    layout.runs.push_back({at, frame, frame * static_cast<uint64_t>(facts_.frames)});
  }
  layout.size = size_;
  return layout;
}

std::string ClipLayout::head(const Digest& source, std::string_view reel) const {
  const ClipHeadInput input{facts_, profile_, raster_, sparse(), head_bytes_, size_, source, reel};
  std::string head = facts_.frames > 0 ? mov_head(input) : wav_head(input);
  if (head.size() != head_bytes_)
    fail(EOVERFLOW, "a clip's head of {} bytes where {} were declared", head.size(), head_bytes_);
  return head;
}

}  // namespace damfs
