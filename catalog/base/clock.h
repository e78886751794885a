// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace damfs {

int64_t now_ns();  // CLOCK_REALTIME, nanoseconds since the epoch

// A calendar day as one sortable number, year * 512 + month * 32 + day, so that a year is a range of keys
// and a day or a year (month = day = 0) fits a directory's node number.
struct Day {
  int year = 0;
  int month = 0;  // 1..12; 0: the whole year
  int day = 0;    // 1..31; 0: the whole year

  constexpr int64_t key() const noexcept { return int64_t{year} * 512 + month * 32 + day; }
  static constexpr Day from_key(int64_t key) noexcept {
    return {static_cast<int>(key / 512), static_cast<int>(key / 32 % 16), static_cast<int>(key % 32)};
  }
  bool is_valid() const noexcept;                          // a day that exists, years 1 to 9999
  std::string text() const;                                // "2024-05-17", or "2024" for a year
  static std::optional<Day> parse(std::string_view text);  // "2024-05-17" or "2024"
  friend auto operator<=>(const Day&, const Day&) = default;
};

// When a picture was taken, as the camera's own clock showed it.
struct CaptureTime {
  Day day;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int nanosecond = 0;
  std::optional<int> offset_minutes;  // east of UTC, when recorded
  // With an offset of 0: the moment is known, and what the clock showed is not (RFC 9557 has 'Z' mean that).
  bool is_utc = false;

  std::string text() const;  // "2024-05-17T12:30:45.12+02:00", ISO 8601; fraction and offset only when known

  // Exif "2024:05:17 12:30:45" and ISO 8601 in its common spellings; empty when it is neither, or no real
  // date (0000:00:00 is what cameras without a set clock write).
  static std::optional<CaptureTime> parse(std::string_view text);

  // Also what scanners, old cameras and hasty programs write: "2019/07/20", "2019:7:2 9:05", "20190720T101112",
  // "Sat, 20 Jul 2019 10:11:12 +0200", "20.7.2019", and dates of which only the year or the month is known, which
  // begin there. A time that no clock shows (24:00:00) costs the time, not the day.
  static std::optional<CaptureTime> parse_any(std::string_view text);
  friend bool operator==(const CaptureTime&, const CaptureTime&) = default;
};

// The day on which `ns` fell in this machine's time zone.
CaptureTime local_time(int64_t ns);

// What the clock showed where it was taken, of a moment that is known in UTC alone: in this machine's time zone, unless
// `longitude` (degrees east) says that it was too far away for that.
CaptureTime local_time(const CaptureTime& utc, std::optional<double> longitude);

bool is_time_zone(const std::string& zone);  // "Europe/Rome", or a rule as POSIX has them
// All times are told in that time zone from now on, not in the machine's own. To be called before there are threads.
void use_time_zone(const std::string& zone);

}  // namespace damfs
