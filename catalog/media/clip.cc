// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/clip.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace damfs {
namespace {

constexpr std::string_view kFormat = "clip2";
constexpr std::string_view kFirstFormat = "clip1";  // without `mirrored`: what catalogs of earlier times hold
constexpr int64_t kMaxFrames = int64_t{1} << 24;    // 3 days at 60 frames a second
constexpr int64_t kMaxSeconds = int64_t{1} << 24;   // 194 days
constexpr int64_t kMaxSamples = int64_t{1} << 42;   // 265 days at 192 kHz
constexpr int64_t kMaxEdge = 16'384;
constexpr int64_t kMaxTick = std::numeric_limits<int32_t>::max();
constexpr int kMaxSampleRate = 768'000;
constexpr int kMaxChannels = 64;
// What a source can hold. Pictures that do not change for a day take a few bytes a second in the leanest format, and
// silence less: what has more of it than that is a header that lies.
constexpr int64_t kFramesAtLeast = int64_t{1} << 17;
constexpr int64_t kFramesAByte = 8;
constexpr int64_t kSecondsAtLeast = 36'000;

// Numbers one behind the other, whatever stands between them.
class Numbers {
 public:
  explicit Numbers(std::string_view text) : text_(text) {}

  template <typename Number>
  bool take(Number& number, int64_t low, int64_t high) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc() || value < low || value > high) return false;
    number = static_cast<Number>(value);
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    if (!text_.empty()) text_.remove_prefix(1);
    return true;
  }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

bool take_rational(Numbers& in, Rational& value, int64_t low) {
  return in.take(value.num, low, kMaxTick) && in.take(value.den, 1, kMaxTick);
}

bool is_sane_rate(Rational rate) { return rate.num >= rate.den && rate.num / rate.den <= 1000; }

bool take_pictures(Numbers& in, ClipFacts& clip, bool tells_mirrored) {
  int interlace = 0;
  const bool all = in.take(clip.stream, -1, 1'000'000) && take_rational(in, clip.rate, 0) &&
                   in.take(clip.frames, 0, kMaxFrames) && in.take(clip.raster.width, 0, kMaxEdge) &&
                   in.take(clip.raster.height, 0, kMaxEdge) && take_rational(in, clip.pixel_aspect, 1) &&
                   in.take(clip.rotation, 0, 270) && (!tells_mirrored || in.take(clip.mirrored, 0, 1)) &&
                   in.take(interlace, 0, 2) && in.take(clip.primaries, 0, 255) && in.take(clip.transfer, 0, 255) &&
                   in.take(clip.matrix, 0, 255) && in.take(clip.full_range, 0, 1);
  clip.interlace = static_cast<Interlace>(interlace);
  if (!all || clip.rotation % 90 != 0) return false;
  return clip.frames == 0 || (clip.stream >= 0 && clip.raster && is_sane_rate(clip.rate));
}

bool take_times(Numbers& in, ClipFacts& clip) {
  constexpr int64_t kFar = int64_t{1} << 60;
  if (!in.take(clip.start, -kFar, kFar) || !take_rational(in, clip.tick, 1)) return false;
  if (!in.take(clip.timecode_frame, -1, kMaxSamples) || !take_rational(in, clip.timecode_rate, 0) ||
      !in.take(clip.drop_frame, 0, 1)) {
    return false;
  }
  if (clip.timecode_frame < 0) return true;
  return clip.frames > 0
             ? is_sane_rate(clip.timecode_rate)
             : clip.timecode_rate.num > 0 && clip.timecode_rate.num / clip.timecode_rate.den <= kMaxSampleRate;
}

bool take_sound(Numbers& in, ClipFacts& clip) {
  size_t tracks = 0;
  if (!in.take(clip.samples, 0, kMaxSamples) || !in.take(tracks, 0, kMaxSounds)) return false;
  for (size_t i = 0; i < tracks; ++i) {
    ClipSound track;
    if (!in.take(track.stream, 0, 1'000'000) || !in.take(track.sample_rate, 1000, kMaxSampleRate) ||
        !in.take(track.channels, 1, kMaxChannels) || !in.take(track.layout, 0, std::numeric_limits<int64_t>::max())) {
      return false;
    }
    clip.sound.push_back(track);
  }
  if (clip.frames > 0) return true;
  return clip.samples > 0 && clip.sound.size() == 1 && clip.samples / clip.sound.front().sample_rate <= kMaxSeconds;
}

}  // namespace

int64_t ClipFacts::samples_of(const ClipSound& track) const {
  if (frames == 0) return samples;
  // In two steps, for the whole product would not fit.
  const int64_t scaled = frames * track.sample_rate;
  return scaled / rate.num * rate.den + scaled % rate.num * rate.den / rate.num;
}

std::string clip_to_text(const ClipFacts& c) {
  std::string text =
      fmt::format("{} {} {}/{} {} {}x{} {}/{} {} {} {} {},{},{},{} {} {}/{} {} {}/{} {} {} {}", kFormat, c.stream,
                  c.rate.num, c.rate.den, c.frames, c.raster.width, c.raster.height, c.pixel_aspect.num,
                  c.pixel_aspect.den, c.rotation, c.mirrored ? 1 : 0, static_cast<int>(c.interlace), c.primaries,
                  c.transfer, c.matrix, c.full_range ? 1 : 0, c.start, c.tick.num, c.tick.den, c.timecode_frame,
                  c.timecode_rate.num, c.timecode_rate.den, c.drop_frame ? 1 : 0, c.samples, c.sound.size());
  for (const ClipSound& track : c.sound) {
    text += fmt::format(" {}:{}:{}:{}", track.stream, track.sample_rate, track.channels, track.layout);
  }
  return text;
}

std::optional<ClipFacts> clip_from_text(std::string_view text) {
  const bool is_newest = text.starts_with(kFormat);
  if ((!is_newest && !text.starts_with(kFirstFormat)) || text.size() <= kFormat.size()) return std::nullopt;
  Numbers in(text.substr(kFormat.size() + 1));
  ClipFacts clip;
  if (!take_pictures(in, clip, is_newest) || !take_times(in, clip) || !take_sound(in, clip) || !in.at_end())
    return std::nullopt;
  return clip;
}

std::optional<ClipFacts> clip_from_text(std::string_view text, int64_t source_bytes) {
  auto clip = clip_from_text(text);
  if (!clip) return std::nullopt;
  const int64_t bytes = std::clamp<int64_t>(source_bytes, 0, kMaxFrames);  // beyond, the limits above are the tighter
  if (clip->frames > kFramesAtLeast + bytes * kFramesAByte) return std::nullopt;
  const bool is_sound = clip->frames == 0;
  if (is_sound && clip->samples / clip->sound.front().sample_rate > kSecondsAtLeast + bytes) return std::nullopt;
  return clip;
}

int64_t clip_frame_bytes(ClipCodec codec, Raster raster) {
  const int64_t scale = codec == ClipCodec::kDnxhrLb ? 5888 : 18'944;
  const int64_t blocks = (raster.width + 15) / 16 * ((raster.height + 15) / 16);
  return std::max<int64_t>(8192, (blocks * scale / 255 + 2048) / 4096 * 4096);
}

}  // namespace damfs
