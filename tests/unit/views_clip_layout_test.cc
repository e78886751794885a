// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/clip_layout.h"

#include <gtest/gtest.h>

#include "views/derive/piece_session.h"

namespace damfs {
namespace {

constexpr int64_t kHour = 3600;

ClipFacts pictures(int64_t frames, Rational rate = {25, 1}) {
  ClipFacts facts;
  facts.stream = 0;
  facts.rate = rate;
  facts.frames = frames;
  facts.raster = {1920, 1080};
  facts.sound = {{1, 48'000, 2, 3}};
  return facts;
}

uint64_t big_endian(std::string_view bytes, size_t at, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

const ClipProfile& edit() { return *clip_profile("edit"); }

Digest digest() { return Digest::from_bytes(std::string(32, 'd')).value(); }

TEST(ClipLayout, FramesHaveTheSizesThatTheEncoderMakes) {
  const std::pair<Raster, int64_t> measured[] = {{{640, 360}, 20'480},  {{960, 540}, 49'152},  {{540, 960}, 49'152},
                                                 {{1024, 576}, 53'248}, {{1280, 720}, 81'920}, {{1920, 1080}, 188'416}};
  for (const auto& [raster, bytes] : measured) {
    EXPECT_EQ(clip_frame_bytes(ClipCodec::kDnxhrLb, raster), bytes) << raster.width << "x" << raster.height;
  }
}

TEST(ClipLayout, TheShortEdgeFitsAndTheCodecsLeastIsKept) {
  ClipFacts facts = pictures(1);
  EXPECT_EQ(clip_raster(edit(), facts), (Raster{960, 540}));
  facts.raster = {1080, 1920};
  EXPECT_EQ(clip_raster(edit(), facts), (Raster{540, 960}));
  facts.raster = {160, 120};
  EXPECT_EQ(clip_raster(edit(), facts), (Raster{256, 192}));
  facts.raster = {720, 576};
  EXPECT_EQ(clip_raster(*clip_profile("edit-hq"), facts), (Raster{720, 576}));
}

// Scenario: a listing tells the size from counts alone; were a head ever longer than the room for it, the file could
// not be opened at all.
TEST(ClipLayout, EveryHeadFitsItsRoom) {
  const std::string long_reel(500, '&');
  for (const int64_t frames : {int64_t{1}, int64_t{24}, int64_t{25}, int64_t{26}, 2 * kHour * 25, 60 * kHour * 25}) {
    for (const Rational rate : {Rational{25, 1}, Rational{24'000, 1001}, Rational{240'000, 1001}, Rational{1, 1}}) {
      for (const size_t tracks : {size_t{0}, size_t{1}, kMaxSounds}) {
        ClipFacts facts = pictures(frames, rate);
        facts.sound.assign(tracks, {1, 192'000, 8, 0x63F});
        facts.timecode_frame = 1000;
        facts.timecode_rate = {30'000, 1001};
        const ClipLayout layout(edit(), facts);
        const std::string head = layout.head(digest(), long_reel);
        const SparseLayout sparse = layout.sparse();
        ASSERT_EQ(head.size(), sparse.runs.front().offset);
        EXPECT_EQ(head.size() % 4096, 0U);
        EXPECT_EQ(sparse.runs.back().offset % 4096, 0U);
        EXPECT_EQ(sparse.runs.back().units(), frames);
        EXPECT_EQ(layout.size(), sparse.runs.back().offset + sparse.runs.back().bytes);
        // The media data box reaches to the file's last byte.
        const size_t media = head.size() - 20;
        EXPECT_EQ(head.substr(media + 4, 4), "mdat");
        EXPECT_EQ(media + big_endian(head, media + 8, 8), layout.size());
      }
    }
  }
}

TEST(ClipLayout, SoundAloneIsRiffAndBeyondFourGibibytesRf64) {
  ClipFacts facts;
  facts.sound = {{0, 48'000, 2, 3}};
  facts.samples = 48'000 * 5 / 2;
  const ClipLayout layout(edit(), facts);
  EXPECT_EQ(layout.extension(), ".wav");
  EXPECT_EQ(layout.head(digest(), "").substr(0, 4), "RIFF");
  EXPECT_EQ(layout.size(), 4096U + 48'000U * 5 / 2 * 4);
  EXPECT_EQ(layout.sparse().units(), 3);
  facts.samples = 10 * kHour * 48'000;
  EXPECT_EQ(ClipLayout(edit(), facts).head(digest(), "").substr(0, 4), "RF64");
}

TEST(PieceUnits, AReadTouchesWhatItOverlapsAndNothingElse) {
  const ClipLayout layout(edit(), pictures(100));
  const SparseLayout sparse = layout.sparse();
  const auto& sound = sparse.runs[0];
  const auto& frames = sparse.runs[1];
  EXPECT_TRUE(units_of(sparse, 0, sound.offset).empty());
  const auto one = units_of(sparse, frames.offset + frames.unit_bytes, 1);
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].run, 1U);
  EXPECT_EQ(one[0].first, 1);
  EXPECT_EQ(one[0].count, 1);
  const auto both =
      units_of(sparse, sound.offset + sound.bytes - 1, frames.offset + 1 - (sound.offset + sound.bytes - 1));
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].first, 3);
  EXPECT_EQ(both[1].first, 0);
}

}  // namespace
}  // namespace damfs
