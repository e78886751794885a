// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>

#include <string>

#include "catalog/model/write/asset_date.h"

namespace damfs {
namespace {

std::string named(std::string_view name) {
  const auto time = date_in_name(name);
  return time ? time->text() : "none";
}

TEST(DateInName, IsReadAsPhonesAndMessengersNameFiles) {
  const struct {
    const char* name;
    const char* date;
  } kCases[] = {
      {"IMG-20200101-WA0001.jpg", "2020-01-01T00:00:00"},
      {"VID-20191231-WA0012.mp4", "2019-12-31T00:00:00"},
      {"PTT-20200101-WA0001.opus", "2020-01-01T00:00:00"},
      {"IMG_20200102_030405.jpg", "2020-01-02T03:04:05"},
      {"IMG20200102030405.jpg", "2020-01-02T03:04:05"},
      {"20200102_030405.jpg", "2020-01-02T03:04:05"},
      {"20200102_030405_HDR.jpg", "2020-01-02T03:04:05"},
      {"PXL_20210102_030405678.jpg", "2021-01-02T03:04:05.678Z"},
      {"PXL_20210102_030405678.MP.jpg", "2021-01-02T03:04:05.678Z"},
      {"MVIMG_20200102_030405.jpg", "2020-01-02T03:04:05"},
      {"Screenshot_20200102-030405.png", "2020-01-02T03:04:05"},
      {"Screenshot_20200102_030405_com.android.chrome.jpg", "2020-01-02T03:04:05"},
      {"Screenshot_2020-01-02-03-04-05-678_com.app.png", "2020-01-02T03:04:05"},
      {"Screenshot from 2020-01-02 03-04-05.png", "2020-01-02T03:04:05"},
      {"Screenshot 2020-01-02 at 03.04.05.png", "2020-01-02T03:04:05"},
      {"Screen Shot 2020-01-02 at 3.04.05 PM.png", "2020-01-02T15:04:05"},
      {"Screenshot 2020-01-02 at 12.04.05\xE2\x80\xAF"
       "AM.png",
       "2020-01-02T00:04:05"},
      {"WhatsApp Image 2020-01-02 at 03.04.05.jpeg", "2020-01-02T03:04:05"},
      {"signal-2020-01-02-030405.jpg", "2020-01-02T03:04:05"},
      {"signal-2020-01-02-03-04-05-678.jpg", "2020-01-02T03:04:05"},
      {"photo_2020-01-02_03-04-05.jpg", "2020-01-02T03:04:05"},
      {"2020-01-02 03.04.05.jpg", "2020-01-02T03:04:05"},
      {"WIN_20200102_03_04_05_Pro.jpg", "2020-01-02T03:04:05"},
      {"DJI_20230102030405_0001_D.MP4", "2023-01-02T03:04:05"},
  };
  for (const auto& [name, date] : kCases) EXPECT_EQ(named(name), date) << name;
  EXPECT_NE(named("FB_IMG_1577934245000.jpg"), "none");
}

TEST(DateInName, IsNotReadWhereItMayBeOfAnything) {
  for (const char* name : {"IMG_0001.JPG", "DSC01234.ARW", "Invoice 20200101.jpg", "order-20191332.jpg", "20200101.jpg",
                           "IMG-20201301-WA0001.jpg", "4120200101_030405.jpg", "1234567890123.jpg", "IMG_1200.jpg",
                           "C0001.MP4", "2020.jpg", "", "img-18991231-wa0001.jpg", "IMG_202001.jpg"}) {
    EXPECT_EQ(named(name), "none") << name;
  }
}

TEST(AssetDate, TakesTheHighestRungThatThereIs) {
  MediaFacts facts;
  facts.kind = Kind::kImage;
  const auto at = [](const char* text) { return CaptureTime::parse(text); };
  constexpr int64_t kMtime = 1'000'000'000'000'000'000;
  const auto source = [&](std::optional<CaptureTime> sidecar, const char* name, DateRules rules = {}) {
    return asset_date(facts, sidecar, name, kMtime, rules).source;
  };
  EXPECT_EQ(source({}, "a.jpg"), DateSource::kMtime);
  EXPECT_EQ(source({}, "IMG-20200101-WA0001.jpg"), DateSource::kName);
  EXPECT_EQ(source({}, "IMG-20200101-WA0001.jpg", {.from_names = false}), DateSource::kMtime);
  EXPECT_EQ(source(at("1999-01-01"), "IMG-20200101-WA0001.jpg"), DateSource::kSidecar);
  facts.captured = at("2010-01-01");
  facts.date_source = DateSource::kModified;
  EXPECT_EQ(source({}, "IMG-20200101-WA0001.jpg"), DateSource::kModified);
  EXPECT_EQ(source(at("1999-01-01"), "a.jpg"), DateSource::kSidecar);
  facts.date_source = DateSource::kPng;
  EXPECT_EQ(source(at("1999-01-01"), "a.jpg"), DateSource::kPng);
  facts.captured.reset();
  facts.kind = Kind::kDocument;
  EXPECT_EQ(source({}, "IMG-20200101-WA0001.pdf"), DateSource::kMtime) << "documents are named by what is in them";
}

TEST(DateSource, NamesAreTheirOwnAndEachHasARung) {
  for (const DateSource source : kDateLadder) EXPECT_EQ(date_source_from_string(to_string(source)), source);
  EXPECT_TRUE(is_better(DateSource::kExif, DateSource::kXmp));
  EXPECT_TRUE(is_better(DateSource::kName, DateSource::kMtime));
  EXPECT_FALSE(is_better(DateSource::kGps, DateSource::kGps));
}

}  // namespace
}  // namespace damfs
