// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"

namespace damfs {
namespace {

MediaFacts everything() {
  MediaFacts facts;
  facts.kind = Kind::kVideo;
  facts.mime = "video/quicktime";
  facts.problem = "half of it";
  facts.raster = Raster{1440, 1080};
  facts.orientation = 6;
  facts.still = Raster{1080, 1920};
  facts.duration_us = 12'345'678;
  facts.video = VideoFacts{"h264",    {1440, 1080}, {4, 3},  90,      {30000, 1001}, true,          370,   "tt",
                           "yuv420p", "bt709",      "bt709", "bt709", "tv",          "01:00:59;20", "A001"};
  facts.audio = AudioFacts{"aac", 2, "stereo", 48000, 128000};
  facts.pages = 3;
  facts.captured = CaptureTime::parse("2024-05-17T12:30:45.12+02:00");
  facts.date_source = DateSource::kQuickTime;
  facts.make = "Müller & Söhne";
  facts.model = "\"X\"";
  facts.lens = "50mm";
  facts.position = Position{-12.5, 179.25, -3.5};
  facts.rating = -1;
  facts.title = "A title";
  facts.description = "two\nlines";
  facts.tags = {"places/italy/rome", "beach"};
  facts.metadata = {{"exif", R"({"Exif.Image.Make":"M"})"}, {"format", R"({"artist":"Ä"})"}};
  return facts;
}

TEST(FactsJson, GivesBackEverything) {
  const MediaFacts in = everything();
  const MediaFacts out = facts_from_json(facts_to_json(in));
  EXPECT_EQ(facts_to_json(out), facts_to_json(in));
  EXPECT_EQ(out.kind, Kind::kVideo);
  EXPECT_EQ(out.still, (Raster{1080, 1920}));
  ASSERT_TRUE(out.video);
  EXPECT_EQ(out.video->frame_rate, (Rational{30000, 1001}));
  EXPECT_EQ(out.video->timecode, "01:00:59;20");
  EXPECT_TRUE(out.video->variable_frame_rate);
  ASSERT_TRUE(out.captured);
  EXPECT_EQ(out.captured->offset_minutes, 120);
  EXPECT_EQ(out.captured->nanosecond, 120'000'000);
  EXPECT_EQ(out.date_source, DateSource::kQuickTime);
  ASSERT_TRUE(out.position);
  EXPECT_EQ(out.position->altitude, -3.5);
  EXPECT_EQ(out.rating, -1);
  EXPECT_EQ(out.tags, in.tags);
  EXPECT_EQ(out.metadata, in.metadata);
}

TEST(FactsJson, LeavesUnrecordedUnrecorded) {
  const MediaFacts out = facts_from_json(facts_to_json(MediaFacts{}));
  EXPECT_EQ(out.kind, Kind::kOther);
  EXPECT_FALSE(out.raster || out.still || out.video || out.audio || out.captured || out.position || out.rating);
  EXPECT_TRUE(out.tags.empty() && out.metadata.empty());
}

std::string with(const std::string& member) { return R"({"kind":"image","mime":"image/png",)" + member + "}"; }

class HostileFacts : public ::testing::TestWithParam<std::string> {};

TEST_P(HostileFacts, IsRefused) {
  try {
    facts_from_json(GetParam());
    FAIL() << GetParam().substr(0, 200) << " was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), EPROTO);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, HostileFacts,
    ::testing::Values(
        "", "null", "[]", "{", "{}", R"({"kind":"image"})", R"({"kind":"picture","mime":"a/b"})",
        R"({"kind":"image","mime":""})", with(R"("unheard":1)"), with(R"("kind":"video")"), with(R"("raster":[0,1])"),
        with(R"("raster":[-1,5])"), with(R"("raster":[1])"), with(R"("raster":[1,2,3])"), with(R"("raster":[1.5,2])"),
        with(R"("raster":[18446744073709551615,2])"), with(R"("raster":"1x1")"), with(R"("orientation":0)"),
        with(R"("orientation":9)"), with(R"("orientation":true)"), with(R"("duration_us":-1)"),
        with(R"("video":{"rotation":45})"), with(R"("video":{"frame_rate":[1,0]})"),
        with(R"("video":{"sample_aspect":[0,1]})"), with(R"("video":{"what":1})"), with(R"("video":7)"),
        with(R"("audio":{"channels":-2})"), with(R"("captured":"2024-05-17T12:30:45")"),
        with(R"("captured":"2024-13-17T12:30:45","date_source":"exif")"),
        with(R"("captured":"2024-05-17T12:30:45 and more","date_source":"exif")"),
        with(R"("captured":"2024-05-17T12:30:45","date_source":"rumour")"),
        with(R"("position":{"latitude":91,"longitude":0})"), with(R"("position":{"latitude":1})"),
        with(R"("position":{"latitude":1e999,"longitude":0})"), with(R"("rating":6)"), with(R"("rating":-2)"),
        with(R"("title":5)"), with("\"title\":\"a\\u0000b\""), with("\"title\":\"\\u001b[31m\""),
        with("\"title\":\"\xff\xfe\""), with("\"title\":\"\\ud800\""),
        with("\"title\":\"" + std::string(2000, 'x') + "\""), with(R"("tags":[""])"), with(R"("tags":["/a"])"),
        with(R"("tags":["a//b"])"), with(R"("tags":["a/"])"), with(R"("tags":["a\nb"])"), with(R"("tags":"a")"),
        with(R"("metadata":{"shell":{}})"), with(R"("metadata":{"exif":[]})"), with(R"("metadata":{"exif":{"a":1}})"),
        with(R"("metadata":{"exif":{"a":{"b":"c"}}})"), with(R"("metadata":{"exif":{"":"c"}})"),
        with("\"title\":" + std::string(100'000, '[')), std::string(2U << 20, ' '), with("\"tags\":[1e9999]"),
        R"({"kind":"image","mime":"a/b"} {"kind":"video"})"));

TEST(FactsJson, RefusesTooManyTags) {
  std::string tags = R"("tags":[)";
  for (size_t i = 0; i <= FactLimits::kTags; ++i) tags += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\"";
  EXPECT_THROW(facts_from_json(with(tags + "]")), Error);
}

TEST(Kinds, HaveNamesThatLeadBack) {
  for (const Kind kind : kAllKinds) EXPECT_EQ(kind_from_string(to_string(kind)), kind);
  EXPECT_FALSE(kind_from_string("images"));
}

TEST(FitBox, RoundsHalfUpAndNeverEnlarges) {
  EXPECT_EQ(fit_box({4000, 3000}, 800), (Raster{800, 600}));
  EXPECT_EQ(fit_box({3000, 4000}, 800), (Raster{600, 800}));
  EXPECT_EQ(fit_box({100, 50}, 800), (Raster{100, 50}));
  EXPECT_EQ(fit_box({1600, 1001}, 800), (Raster{800, 501}));  // 500.5
  EXPECT_EQ(fit_box({100'000, 1}, 200), (Raster{200, 1}));
  EXPECT_EQ(fit_box({800, 800}, 800), (Raster{800, 800}));
}

}  // namespace
}  // namespace damfs
