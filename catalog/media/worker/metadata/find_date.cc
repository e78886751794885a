// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// When it was taken: the rungs that stand in a picture itself, best first. What stands elsewhere is in
// model/write/asset_date.h.

#include <fmt/format.h>

#include <cmath>

#include "catalog/media/facts_json.h"
#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/text.h"

namespace damfs::worker {
namespace {

std::optional<CaptureTime> exif_time(const Exiv2::ExifData& exif, const char* date, const char* subsec,
                                     const char* offset) {
  auto time = CaptureTime::parse_any(exif_text(exif, date));
  if (!time) return time;
  const std::string fraction = exif_text(exif, subsec);
  if (time->nanosecond == 0 && !fraction.empty() && fraction.find_first_not_of("0123456789") == fraction.npos) {
    const auto with = CaptureTime::parse("2000-01-01T00:00:00." + fraction);
    if (with) time->nanosecond = with->nanosecond;
  }
  const auto zoned = CaptureTime::parse("2000-01-01T00:00:00" + exif_text(exif, offset));
  if (zoned && zoned->offset_minutes) time->offset_minutes = zoned->offset_minutes;
  return time;
}

// A 'Z' in these is what a program thought of the camera's clock, which it did not know.
std::optional<CaptureTime> as_written(std::string_view text) {
  auto time = CaptureTime::parse_any(text);
  if (time) time->is_utc = false;
  return time;
}

std::optional<CaptureTime> iptc_time(const Exiv2::IptcData& iptc, const char* date, const char* clock) {
  const std::string day = iptc_text(iptc, date);
  if (day.empty()) return std::nullopt;
  if (auto time = as_written(day + ' ' + iptc_text(iptc, clock))) return time;
  return as_written(day);
}

std::string two_digits(const Exiv2::Exifdatum& datum, int i) {
  const Exiv2::Rational value = datum.toRational(i);
  if (value.second <= 0 || value.first < 0) return {};
  return fmt::format("{:02}", value.first / value.second);
}

// Satellites know no time zones.
std::optional<CaptureTime> gps_time(const Exiv2::ExifData& exif) {
  const std::string day = exif_text(exif, "Exif.GPSInfo.GPSDateStamp");
  auto date = CaptureTime::parse_any(day);
  if (!date) return std::nullopt;
  const auto it = exif.findKey(Exiv2::ExifKey("Exif.GPSInfo.GPSTimeStamp"));
  if (it == exif.end() || it->count() != 3) return date;
  auto time = CaptureTime::parse(
      fmt::format("{}T{}:{}:{}Z", date->day.text(), two_digits(*it, 0), two_digits(*it, 1), two_digits(*it, 2)));
  return time ? time : date;
}

}  // namespace

void find_date(const MetadataSet& set, const CameraQuirks& quirks, const ContainerDates& dates, MediaFacts& facts) {
  const auto offer = [&](std::optional<CaptureTime> time, DateSource source) {
    if (facts.captured || !time) return;
    facts.captured = std::move(time);
    facts.date_source = source;
  };
  const auto xmp = [&](const char* name) { offer(as_written(set.xmp.text(name)), DateSource::kXmp); };
  for (const char* key : {"Exif.Photo.DateTimeOriginal", "Exif.Image.DateTimeOriginal"}) {
    offer(exif_time(set.exif, key, "Exif.Photo.SubSecTimeOriginal", "Exif.Photo.OffsetTimeOriginal"),
          DateSource::kExif);
  }
  offer(quirks.captured, DateSource::kExif);
  // A scanner's Exif says when it scanned; an original date that somebody wrote beside it is the better one.
  for (const char* name : {"exif:DateTimeOriginal", "photoshop:DateCreated", "xmpDM:shotDate", "acdsee:datetime"}) {
    xmp(name);
  }
  offer(iptc_time(set.iptc, "Iptc.Application2.DateCreated", "Iptc.Application2.TimeCreated"), DateSource::kIptc);
  try {
    offer(gps_time(set.exif), DateSource::kGps);
  } catch (const std::exception&) {
    // A time stamp that is none.
  }
  for (const char* name : {"exif:GPSTimeStamp", "exif:GPSDateTime"}) {
    offer(CaptureTime::parse_any(set.xmp.text(name)), DateSource::kGps);
  }
  offer(exif_time(set.exif, "Exif.Photo.DateTimeDigitized", "Exif.Photo.SubSecTimeDigitized",
                  "Exif.Photo.OffsetTimeDigitized"),
        DateSource::kDigitized);
  for (const char* name : {"exif:DateTimeDigitized", "xmp:CreateDate", "dc:date", "tiff:DateTime"}) xmp(name);
  offer(iptc_time(set.iptc, "Iptc.Application2.DigitizationDate", "Iptc.Application2.DigitizationTime"),
        DateSource::kIptc);
  offer(dates.movie, DateSource::kQuickTime);
  offer(as_written(dates.png), DateSource::kPng);
  offer(exif_time(set.exif, "Exif.Image.DateTime", "Exif.Photo.SubSecTime", "Exif.Photo.OffsetTime"),
        DateSource::kModified);
}

}  // namespace damfs::worker
