// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/media/geometry.h"

namespace damfs {

// One sound track of a source. An editing proxy has the same tracks, as 16-bit PCM.
struct ClipSound {
  int stream = 0;       // its index in the container, as libavformat counts
  int sample_rate = 0;  // Hz
  int channels = 0;
  uint64_t layout = 0;  // libavutil's channel mask; 0: not known
  friend bool operator==(const ClipSound&, const ClipSound&) = default;
};

enum class Interlace : uint8_t { kNone = 0, kTopFirst = 1, kBottomFirst = 2 };

// Everything that an editing proxy is laid out from, and where in the source its frames and samples are: found by
// the probe, so that a proxy's size and its first bytes need no look at the source (law 2).
//
// The pictures stand on a grid of constant rate: frame n of the proxy is the last source frame whose time, less the
// grid's start and rounded to the nearest frame, is n or earlier (the first source frame where there is none).
struct ClipFacts {
  // Pictures. `frames` 0: there are none, and the proxy is a .wav.
  int stream = -1;
  Rational rate{0, 1};  // frames a second of the grid: a constant source's own, snapped to the standard one it means
  int64_t frames = 0;   // on the grid
  Raster raster;        // upright, in stored pixels
  Rational pixel_aspect{1, 1};  // width over height of one such pixel
  int rotation = 0;             // degrees clockwise that make the stored picture upright
  bool mirrored = false;        // and then left is right, as front cameras write it
  Interlace interlace = Interlace::kNone;
  // ISO/IEC 23091-2 code points; 2: not recorded
  int primaries = 2, transfer = 2, matrix = 2;
  bool full_range = false;
  // The grid's start, or without pictures the first sample's time: ticks of that stream's clock.
  int64_t start = 0;
  Rational tick{1, 1};  // seconds
  // Start time code, as the source counts it, without pictures in samples; frame -1: none recorded.
  int64_t timecode_frame = -1;
  Rational timecode_rate{0, 1};
  bool drop_frame = false;
  // Sound.
  std::vector<ClipSound> sound;  // at most kMaxSounds
  int64_t samples = 0;           // without pictures: length of the (only) track, in samples

  // Samples of a track: as long as the pictures, to the sample.
  int64_t samples_of(const ClipSound& track) const;
  friend bool operator==(const ClipFacts&, const ClipFacts&) = default;
};
inline constexpr size_t kMaxSounds = 16;

// One line of text, as the catalog keeps it. Empty: malformed, or facts that no clip can have (the worker that wrote
// them is not trusted): every number is in a range that arithmetic with it cannot leave.
std::string clip_to_text(const ClipFacts& clip);
std::optional<ClipFacts> clip_from_text(std::string_view text);
// Empty too for what no source of so many bytes can hold: a header says what it likes, and whatever is sized by it
// would be as large.
std::optional<ClipFacts> clip_from_text(std::string_view text, int64_t source_bytes);

// How an editing proxy is encoded.
enum class ClipCodec : uint8_t { kDnxhrLb = 1, kDnxhrSq = 2 };

// Bytes of every encoded frame of that raster, a multiple of 4096. Source: the constant-size table of the VC-3
// specification as libavcodec/dnxhddata.c applies it (measured, see ClipLayout's test).
int64_t clip_frame_bytes(ClipCodec codec, Raster raster);

}  // namespace damfs
