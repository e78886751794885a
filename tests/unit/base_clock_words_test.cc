// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <optional>
#include <string>

#include "catalog/base/clock.h"

namespace damfs {
namespace {

TEST(AnyDate, IsReadHoweverAScannerOrAProgramWroteIt) {
  const struct {
    const char* from;
    const char* to;
  } kCases[] = {
      {"2019/07/20", "2019-07-20T00:00:00"},
      {"2019/07/20 10:00:00", "2019-07-20T10:00:00"},
      {"2019:7:2 9:05:00", "2019-07-02T09:05:00"},
      {"2019:07:20 24:00:00", "2019-07-20T00:00:00"},
      {"2019:07:20 10:61:00", "2019-07-20T00:00:00"},
      {"1962", "1962-01-01T00:00:00"},
      {"1962:08", "1962-08-01T00:00:00"},
      {"1962-08", "1962-08-01T00:00:00"},
      {"1962:00:00 00:00:00", "1962-01-01T00:00:00"},
      {"1962:08:  :  :  ", "1962-08-01T00:00:00"},
      {"19430607", "1943-06-07T00:00:00"},
      {"19430607 101112+0200", "1943-06-07T10:11:12"},
      {"20190720T101112", "2019-07-20T10:11:12"},
      {"20190720101112", "2019-07-20T10:11:12"},
      {"20.7.2019", "2019-07-20T00:00:00"},
      {"Sat, 20 Jul 2019 10:11:12 +0200", "2019-07-20T10:11:12+02:00"},
      {"20 July 2019 10:11:12 GMT", "2019-07-20T10:11:12Z"},
      {"Sat Jul 20 10:11:12 2019", "2019-07-20T10:11:12"},
      {"2013:01:02 10:11:12 PM", "2013-01-02T22:11:12"},
      {"2013:01:02 12:11:12 am", "2013-01-02T00:11:12"},
      {"2019-07-20 10:11:12.5 +02:00", "2019-07-20T10:11:12.5"},
      {"2024-05-17T12:30:45Z", "2024-05-17T12:30:45Z"},
      {"2024:05:17 12:30:45  ", "2024-05-17T12:30:45"},
      {"2019: 7: 2  9: 5: 0", "2019-07-02T09:05:00"},
      {"2008w09:08 09:42:29", "2008-09-08T09:42:29"},
      {"2008:09:08 09:42\xEF"
       "29",
       "2008-09-08T09:42:29"},
      {"2005.09.15 16:28:54.25", "2005-09-15T16:28:54.25"},
      {"2004:06:21 2.:37:53", "2004-06-21T00:00:00"},
      {"2004:06:21 23:.7:53", "2004-06-21T00:00:00"},
  };
  for (const auto& [from, to] : kCases) {
    const auto time = CaptureTime::parse_any(from);
    ASSERT_TRUE(time) << from;
    EXPECT_EQ(time->text().substr(0, std::string(to).size()), to) << from;
    EXPECT_EQ(CaptureTime::parse(time->text())->text(), time->text()) << from;
  }
}

TEST(AnyDate, IsNotMadeOfWhatIsNone) {
  for (const char* text : {"", "0000:00:00 00:00:00", "    :  :     :  :  ", "2023:02:30", "2024:13:01", "13", "0001",
                           "yesterday", "12345", "Take 3 of 2019", "20191332", "00.00.2019", "99999999999999999999",
                           "2005:0?:03 15:31:45", "2012-02-2147483647"}) {
    EXPECT_FALSE(CaptureTime::parse_any(text)) << text;
  }
}

class ToLocalDay : public ::testing::Test {
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

TEST_F(ToLocalDay, AMomentInUtcIsThisZonesUnlessItWasTooFarAway) {
  const CaptureTime utc = *CaptureTime::parse("2023-01-01T01:30:00Z");
  EXPECT_TRUE(utc.is_utc);
  EXPECT_EQ(local_time(utc, std::nullopt).text(), "2022-12-31T20:30:00-05:00");
  EXPECT_EQ(local_time(utc, -97.0).text(), "2022-12-31T20:30:00-05:00") << "an hour more is a neighbour's choice";
  EXPECT_EQ(local_time(utc, 139.7).text(), "2023-01-01T10:30:00+09:00");
  const CaptureTime zoned = *CaptureTime::parse("2023-01-01T01:30:00+00:00");
  EXPECT_FALSE(zoned.is_utc) << "a clock that is set to London";
}

TEST(TimeZone, IsOneThatThereIs) {
  for (const char* zone : {"UTC0", "EST5EDT", "<+03>-3"}) EXPECT_TRUE(is_time_zone(zone)) << zone;
  for (const char* zone : {"", "Europe/Nowhere", "/etc/passwd", "../../etc/passwd", "x", "12"}) {
    EXPECT_FALSE(is_time_zone(zone)) << zone;
  }
}

}  // namespace
}  // namespace damfs
