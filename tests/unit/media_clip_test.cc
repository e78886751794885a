// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/clip.h"

#include <gtest/gtest.h>

#include "tests/unit/media_fixture.h"

namespace damfs {
namespace {

using testing::finish;
using testing::probe_job;
using testing::Ran;
using testing::run;
using testing::ScratchFolder;

ClipFacts whole() {
  ClipFacts clip;
  clip.stream = 2;
  clip.rate = {30'000, 1001};
  clip.frames = 240;
  clip.raster = {360, 640};
  clip.pixel_aspect = {10, 11};
  clip.rotation = 270;
  clip.interlace = Interlace::kBottomFirst;
  clip.primaries = 9;
  clip.transfer = 16;
  clip.matrix = 9;
  clip.full_range = true;
  clip.start = -5;
  clip.tick = {1, 30'000};
  clip.timecode_frame = 109'682;
  clip.timecode_rate = {30'000, 1001};
  clip.drop_frame = true;
  clip.sound = {{1, 48'000, 6, 0x60F}, {3, 44'100, 1, 4}};
  return clip;
}

TEST(Clip, FactsSurviveAsText) {
  EXPECT_EQ(clip_from_text(clip_to_text(whole())), whole());
  ClipFacts sound;
  sound.sound = {{0, 48'000, 2, 3}};
  sound.samples = 384'000;
  EXPECT_EQ(clip_from_text(clip_to_text(sound)), sound);
  ClipFacts mirrored = whole();
  mirrored.mirrored = true;
  EXPECT_EQ(clip_from_text(clip_to_text(mirrored)), mirrored);
  sound.timecode_frame = 4'000'000'000;  // of a recorder's day, in samples
  sound.timecode_rate = {48'000, 1};
  EXPECT_EQ(clip_from_text(clip_to_text(sound)), sound);
}

TEST(Clip, FactsOfEarlierCatalogsAreRead) {
  const auto clip = clip_from_text("clip1 0 25/1 200 640x360 1/1 90 0 2,2,2,0 0 1/12800 -1 0/1 0 0 1 1:48000:2:3");
  ASSERT_TRUE(clip);
  EXPECT_EQ(clip->rotation, 90);
  EXPECT_FALSE(clip->mirrored);
  EXPECT_EQ(clip->frames, 200);
}

TEST(Clip, FactsThatNoClipCanHaveAreRefused) {
  const auto refused = [](auto change) {
    ClipFacts clip = whole();
    change(clip);
    return !clip_from_text(clip_to_text(clip));
  };
  EXPECT_FALSE(refused([](ClipFacts&) {}));
  EXPECT_TRUE(refused([](ClipFacts& c) { c.rate = {1, 2}; }));
  EXPECT_TRUE(refused([](ClipFacts& c) { c.rate = {2002, 2}; }));
  EXPECT_TRUE(refused([](ClipFacts& c) { c.rotation = 45; }));
  EXPECT_TRUE(refused([](ClipFacts& c) { c.raster.width = 20'000; }));
  EXPECT_TRUE(refused([](ClipFacts& c) { c.raster.height = 0; }));
  EXPECT_TRUE(refused([](ClipFacts& c) { c.tick = {0, 1}; }));
  EXPECT_TRUE(refused([](ClipFacts& c) { c.frames = -1; }));
  EXPECT_TRUE(refused([](ClipFacts& c) { c.frames = 0; }));  // then the one track's length has to be known
  EXPECT_TRUE(refused([](ClipFacts& c) { c.timecode_rate = {0, 1}; }));
  EXPECT_TRUE(refused([](ClipFacts& c) { c.sound[0].channels = 0; }));
  EXPECT_TRUE(refused([](ClipFacts& c) { c.sound.resize(kMaxSounds + 1, c.sound[0]); }));
  EXPECT_FALSE(clip_from_text("clip1"));
  EXPECT_FALSE(clip_from_text("clip2"));
  EXPECT_FALSE(clip_from_text(clip_to_text(whole()) + " 1"));
}

TEST(Clip, TracksAreAsLongAsThePicturesToTheSample) {
  EXPECT_EQ(whole().samples_of({1, 48'000, 2, 3}), 240 * 48'000 / 30'000 * 1001);
  ClipFacts longest = whole();
  longest.frames = int64_t{1} << 28;
  longest.rate = {24'000, 1001};
  // As exact integers give it.
  EXPECT_EQ(longest.samples_of({1, 768'000, 2, 3}), (int64_t{1} << 28) * 32 * 1001);
}

// --- what the probe finds -------------------------------------------------------------------------------

class ClipProbe : public ::testing::Test {
 protected:
  ClipFacts probe(const std::string& name) {
    const JobResult result = finish(pool_, probe_job(scratch_ / name));
    EXPECT_TRUE(result.ok && result.facts.clip) << name << ": " << result.reason << result.facts.problem;
    return result.facts.clip.value_or(ClipFacts());
  }
  std::string at(const std::string& name) const { return (scratch_ / name).string(); }

  ScratchFolder scratch_;
  WorkerPool pool_{WorkerPool::Options{{}, 1, -1}};
};

#define MADE(...) NEEDS_TOOL("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", __VA_ARGS__)

TEST_F(ClipProbe, ReadsRateLengthTimeCodeAndTracks) {
  MADE("testsrc2=size=320x240:rate=30000/1001:duration=2", "-f", "lavfi", "-i", "sine=sample_rate=48000:duration=2",
       "-f", "lavfi", "-i", "anoisesrc=duration=2:sample_rate=44100", "-map", "0", "-map", "1", "-map", "2", "-c:v",
       "mpeg4", "-c:a", "pcm_s16le", "-ac:a:1", "6", "-timecode", "01:00:59;20", at("a.mov"));
  const ClipFacts clip = probe("a.mov");
  EXPECT_EQ(clip.rate, (Rational{30'000, 1001}));
  EXPECT_EQ(clip.frames, 60);
  EXPECT_EQ(clip.raster, (Raster{320, 240}));
  EXPECT_EQ(clip.timecode_frame, 3659 * 30 + 20 - 2 * 54);  // of an hour's minutes all but the tenth ones lack two
  EXPECT_TRUE(clip.drop_frame);
  EXPECT_EQ(clip.timecode_rate, (Rational{30'000, 1001}));
  ASSERT_EQ(clip.sound.size(), 2U);
  EXPECT_EQ(clip.sound[0].sample_rate, 48'000);
  EXPECT_EQ(clip.sound[0].channels, 1);
  EXPECT_EQ(clip.sound[1].sample_rate, 44'100);
  EXPECT_EQ(clip.sound[1].channels, 6);
}

TEST_F(ClipProbe, BlurredClocksMeanStandardRates) {
  for (const char* rate : {"24000/1001", "25", "30000/1001", "60000/1001"}) {
    MADE("testsrc2=size=160x120:duration=3:rate=" + std::string(rate), "-y", "-c:v", "libx264", "-preset", "ultrafast",
         at("a.mkv"));
    const ClipFacts clip = probe("a.mkv");
    const std::string found =
        clip.rate.den == 1 ? fmt::format("{}", clip.rate.num) : fmt::format("{}/{}", clip.rate.num, clip.rate.den);
    EXPECT_EQ(found, rate);
    EXPECT_EQ(clip.frames, (3 * clip.rate.num + clip.rate.den - 1) / clip.rate.den) << rate;
  }
}

TEST_F(ClipProbe, FramesThatComeAsTheyLikeGetTheNextStandardRate) {
  MADE("testsrc2=size=160x120:rate=60:duration=6", "-vf", "select='if(lt(t,4),mod(n,2),1)'", "-vsync", "vfr", "-c:v",
       "libx264", "-preset", "ultrafast", at("a.mp4"));
  const ClipFacts clip = probe("a.mp4");
  EXPECT_EQ(clip.rate, (Rational{50, 1}));  // 40 on average
  EXPECT_NEAR(static_cast<double>(clip.frames), 300, 1);
}

TEST_F(ClipProbe, TurnsTheRasterAndNamesTheFieldsAndTheRange) {
  MADE("testsrc2=size=320x240:rate=25:duration=1", "-vf", "setsar=16/15", "-c:v", "mpeg4", at("a.mp4"));
  NEEDS_TOOL("ffmpeg", "-nostdin", "-v", "error", "-i", at("a.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90",
             at("turned.mp4"));
  const ClipFacts turned = probe("turned.mp4");
  if (turned.rotation == 0) GTEST_SKIP() << "the installed ffmpeg does not write a rotation";
  EXPECT_EQ(turned.rotation % 180, 90);
  EXPECT_EQ(turned.raster, (Raster{240, 320}));
  EXPECT_EQ(turned.pixel_aspect, (Rational{15, 16}));

  MADE("testsrc2=size=320x240:rate=50:duration=1", "-vf", "tinterlace=interleave_bottom", "-c:v", "mpeg2video",
       "-flags", "+ilme+ildct", "-top", "0", at("fields.ts"));
  EXPECT_EQ(probe("fields.ts").interlace, Interlace::kBottomFirst);
  MADE("testsrc2=size=320x240:rate=25:duration=1", "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", at("full.avi"));
  EXPECT_TRUE(probe("full.avi").full_range);
}

TEST_F(ClipProbe, SoundAloneIsCountedToTheSample) {
  const std::pair<const char*, const char*> kinds[] = {
      {"a.wav", "pcm_s16le"}, {"a.flac", "flac"},    {"a.m4a", "aac"}, {"a.mp3", "libmp3lame"}, {"a.aac", "aac"},
      {"a.ogg", "libvorbis"}, {"a.opus", "libopus"}, {"a.ac3", "ac3"}, {"a.mka", "libopus"}};
  for (const auto& [name, codec] : kinds) {
    MADE("sine=sample_rate=48000:duration=3.3", "-c:a", codec, at(name));
    const Path raw = scratch_ / "raw";
    NEEDS_TOOL("ffmpeg", "-nostdin", "-v", "error", "-y", "-i", at(name), "-f", "s16le", raw.string());
    const ClipFacts clip = probe(name);
    ASSERT_EQ(clip.sound.size(), 1U);
    // What fills an MP4's last packet is hidden by its edit list, but the tool keeps it.
    const int64_t whole = std::string_view(name) == "a.m4a"
                              ? 158'400
                              : static_cast<int64_t>(std::filesystem::file_size(raw)) / 2 / clip.sound[0].channels;
    EXPECT_EQ(clip.samples, whole) << name;
  }
}

TEST_F(ClipProbe, StillPicturesBesideSoundAreNoVideo) {
  MADE("color=size=160x120", "-frames:v", "1", at("cover.png"));
  MADE("sine=sample_rate=48000:duration=1", "-i", at("cover.png"), "-map", "0", "-map", "1", "-disposition:v",
       "attached_pic", at("a.mp3"));
  const ClipFacts clip = probe("a.mp3");
  EXPECT_EQ(clip.frames, 0);
  EXPECT_EQ(clip.samples, 48'000);
}

}  // namespace
}  // namespace damfs
