// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <cstdint>
#include <limits>
#include <string>

#include "catalog/base/clock.h"
#include "catalog/base/file.h"

namespace damfs {
namespace {

using namespace std::string_literals;

TEST(CaptureTime, ReadsWhatCamerasWrite) {
  const struct {
    const char* from;
    const char* to;
  } kCases[] = {
      {"2024:05:17 12:30:45", "2024-05-17T12:30:45"},
      {"2024-05-17T12:30:45", "2024-05-17T12:30:45"},
      {"2024-05-17", "2024-05-17T00:00:00"},
      {"2024-05-17T12:30", "2024-05-17T12:30:00"},
      {"2024-05-17T12:30:45.120", "2024-05-17T12:30:45.12"},
      {"2024-05-17T12:30:45.123456789123", "2024-05-17T12:30:45.123456789"},
      {"2024-05-17T12:30:45+02:00", "2024-05-17T12:30:45+02:00"},
      {"2024-05-17T12:30:45-0930", "2024-05-17T12:30:45-09:30"},
      {"2024-05-17T12:30:45-00:30", "2024-05-17T12:30:45-00:30"},
      {"2024-05-17T12:30:45Z", "2024-05-17T12:30:45Z"},
      {"2016-12-31T23:59:60Z", "2016-12-31T23:59:60Z"},
      {"2024:02:29 00:00:00", "2024-02-29T00:00:00"},
      {"0001-01-01T00:00:00", "0001-01-01T00:00:00"},
      {"9999-12-31T23:59:59", "9999-12-31T23:59:59"},
  };
  for (const auto& [from, to] : kCases) {
    const auto time = CaptureTime::parse(from);
    ASSERT_TRUE(time) << from;
    EXPECT_EQ(time->text(), to) << from;
    EXPECT_EQ(CaptureTime::parse(to)->text(), to) << from;
  }
}

TEST(CaptureTime, RefusesWhatIsNoMoment) {
  const std::string bad[] = {"",
                             "0000:00:00 00:00:00",
                             "    :  :     :  :  ",
                             "2023:02:29 00:00:00",
                             "2024:13:01 00:00:00",
                             "2024:00:10 00:00:00",
                             "2024:05:32 00:00:00",
                             "2024:05:17 24:00:00",
                             "2024:05:17 12:60:00",
                             "2024:05:17 12:30:61",
                             "2024:05:17 12",
                             "24:05:17",
                             "2024:05:17x12:30:00",
                             "2024/05/17",
                             "-024:05:17",
                             "20\0004:05:17"s,
                             "\xFF\xFE\xFD\xFC:01:01",
                             "2024:05:17 1a:30:00"};
  for (const std::string& text : bad) EXPECT_FALSE(CaptureTime::parse(text)) << text;
}

TEST(Day, KeysSortAndRoundTrip) {
  const Day days[] = {{1, 0, 0}, {1, 1, 1}, {2023, 12, 31}, {2024, 0, 0}, {2024, 1, 1}, {2024, 2, 29}, {9999, 12, 31}};
  for (size_t i = 0; i < std::size(days); ++i) {
    EXPECT_EQ(Day::from_key(days[i].key()), days[i]);
    EXPECT_EQ(Day::parse(days[i].text()), days[i]) << days[i].text();
    if (i > 0) {
      EXPECT_LT(days[i - 1].key(), days[i].key());
    }
  }
  for (const char* bad :
       {"", "0000", "24", "2024-", "2024-5-1", "2024-02-30", "2024-05-17x", "2024x", "20240517", "+024"}) {
    EXPECT_FALSE(Day::parse(bad)) << bad;
  }
}

class LocalTime : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* zone = ::getenv("TZ")) before_ = zone;
    ::setenv("TZ", "EST5EDT", 1);
    ::tzset();
  }
  void TearDown() override {
    before_ ? ::setenv("TZ", before_->c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
  }
  std::optional<std::string> before_;
};

TEST_F(LocalTime, IsThisMachines) {
  EXPECT_EQ(local_time(0).text(), "1969-12-31T19:00:00-05:00");
  EXPECT_EQ(local_time(-1).text(), "1969-12-31T18:59:59.999999999-05:00");
  EXPECT_EQ(local_time(1'715'963'445'500'000'000).text(), "2024-05-17T12:30:45.5-04:00");
}

// Nanoseconds reach from 1677 to 2262; file systems go further, and a file's time is whatever somebody set.
TEST(ToNs, SaturatesWhereAFileSystemGoesFurther) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(to_ns({.tv_sec = 1, .tv_nsec = 5}), 1'000'000'005);
  EXPECT_EQ(to_ns({.tv_sec = -1, .tv_nsec = 999'999'999}), -1);
  EXPECT_EQ(to_ns({.tv_sec = 16'725'225'600, .tv_nsec = 0}), kMost);
  EXPECT_EQ(to_ns({.tv_sec = kMost, .tv_nsec = 999'999'999}), kMost);
  EXPECT_EQ(to_ns({.tv_sec = kLeast, .tv_nsec = 0}), kLeast);
  for (const int64_t ns :
       {int64_t{0}, int64_t{-1}, int64_t{1'234'567'890'123'456'789}, kMost, kLeast + 2'000'000'000}) {
    EXPECT_EQ(to_ns(to_timespec(ns)), ns);
  }
}

}  // namespace
}  // namespace damfs
