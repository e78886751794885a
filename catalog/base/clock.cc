// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/clock.h"
#include "catalog/base/now.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>

namespace damfs {
namespace {

// Reads digits; advances `text`. Empty when fewer than `digits` stand there.
std::optional<int> take_number(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == any_of.npos) return false;
  text.remove_prefix(1);
  return true;
}

int take_fraction(std::string_view& text) {
  int value = 0;
  int scale = 100'000'000;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    value += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
  }
  return value;
}

std::optional<int> take_offset(std::string_view& text) {
  if (take(text, "Zz")) return 0;
  const bool west = text.starts_with('-');
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours) return std::nullopt;
  take(text, ":");
  const int minutes = take_number(text, 2).value_or(0);
  const int total = *hours * 60 + minutes;
  if (total > 18 * 60) return std::nullopt;
  return west ? -total : total;
}

}  // namespace

int64_t now_ns() { return Clock::wall_ns(); }

bool Day::is_valid() const noexcept {
  using namespace std::chrono;
  return year >= 1 && year <= 9999 &&
         year_month_day(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                        std::chrono::day(static_cast<unsigned>(day)))
             .ok();
}

std::string Day::text() const {
  return month == 0 ? fmt::format("{:04}", year) : fmt::format("{:04}-{:02}-{:02}", year, month, day);
}

std::optional<Day> Day::parse(std::string_view text) {
  Day day;
  const auto year = take_number(text, 4);
  if (!year || *year == 0) return std::nullopt;
  day.year = *year;
  if (text.empty()) return day;
  if (!take(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto of_month = take_number(text, 2);
  if (!of_month || !text.empty()) return std::nullopt;
  day.month = *month;
  day.day = *of_month;
  if (!day.is_valid()) return std::nullopt;
  return day;
}

std::string CaptureTime::text() const {
  std::string out = fmt::format("{}T{:02}:{:02}:{:02}", day.text(), hour, minute, second);
  if (nanosecond != 0) {
    std::string fraction = fmt::format(".{:09}", nanosecond);
    while (fraction.back() == '0') fraction.pop_back();
    out += fraction;
  }
  if (is_utc && offset_minutes == 0) return out + 'Z';
  if (offset_minutes) {
    const int absolute = *offset_minutes < 0 ? -*offset_minutes : *offset_minutes;
    out += fmt::format("{}{:02}:{:02}", *offset_minutes < 0 ? '-' : '+', absolute / 60, absolute % 60);
  }
  return out;
}

std::optional<CaptureTime> CaptureTime::parse(std::string_view text) {
  CaptureTime time;
  const auto year = take_number(text, 4);
  if (!year || !take(text, ":-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, ":-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  time.day = {*year, *month, *day};
  if (!time.day.is_valid()) return std::nullopt;
  if (!take(text, " Tt")) return text.empty() ? std::optional(time) : std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute) return std::nullopt;
  time.hour = *hour;
  time.minute = *minute;
  if (take(text, ":")) {
    const auto second = take_number(text, 2);
    if (!second) return std::nullopt;
    time.second = *second;
    if (take(text, ".")) time.nanosecond = take_fraction(text);
  }
  // 60 is a leap second; a clock that shows 24:00 or more shows nothing.
  if (time.hour > 23 || time.minute > 59 || time.second > 60) return std::nullopt;
  time.is_utc = !text.empty() && (text.front() == 'Z' || text.front() == 'z');
  time.offset_minutes = take_offset(text);
  return time;
}

CaptureTime local_time(int64_t ns) {
  time_t seconds = ns / 1'000'000'000;
  int64_t rest = ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  struct tm local {};
  ::localtime_r(&seconds, &local);
  CaptureTime time;
  time.day = {local.tm_year + 1900, local.tm_mon + 1, local.tm_mday};
  time.hour = local.tm_hour;
  time.minute = local.tm_min;
  time.second = local.tm_sec;
  time.nanosecond = static_cast<int>(rest);
  time.offset_minutes = static_cast<int>(local.tm_gmtoff / 60);
  return time;
}

CaptureTime local_time(const CaptureTime& utc, std::optional<double> longitude) {
  // The zones that states have chosen lie this far from the sun at most, and summer time is in it.
  constexpr int kFurthestMinutes = 210;
  struct tm parts {};
  parts.tm_year = utc.day.year - 1900;
  parts.tm_mon = utc.day.month - 1;
  parts.tm_mday = utc.day.day;
  parts.tm_hour = utc.hour;
  parts.tm_min = utc.minute;
  parts.tm_sec = utc.second;
  const int64_t seconds = ::timegm(&parts);
  constexpr int64_t kNs = 1'000'000'000;
  if (seconds > INT64_MAX / kNs - 1 || seconds < INT64_MIN / kNs + 1) return utc;
  const int64_t ns = seconds * kNs + utc.nanosecond;
  CaptureTime here = local_time(ns);
  if (!longitude) return here;
  const int by_sun = static_cast<int>(std::lround(*longitude / 15)) * 60;
  if (std::abs(here.offset_minutes.value_or(0) - by_sun) <= kFurthestMinutes) return here;
  parts.tm_min += by_sun;
  const time_t there = ::timegm(&parts);
  struct tm shown {};
  ::gmtime_r(&there, &shown);
  here.day = {shown.tm_year + 1900, shown.tm_mon + 1, shown.tm_mday};
  here.hour = shown.tm_hour;
  here.minute = shown.tm_min;
  here.second = shown.tm_sec;
  here.offset_minutes = by_sun;
  return here;
}

bool is_time_zone(const std::string& zone) {
  if (zone.empty() || zone.front() == '/' || zone.find("..") != zone.npos) return false;
  if (::access(("/usr/share/zoneinfo/" + zone).c_str(), R_OK) == 0) return true;
  // A rule begins with at least three letters, or a name in <>, and has an offset.
  const size_t digit = zone.find_first_of("0123456789");
  return digit != zone.npos && (digit >= 3 || zone.front() == '<') && zone.find('/') == zone.npos;
}

void use_time_zone(const std::string& zone) {
  ::setenv("TZ", zone.c_str(), 1);
  ::tzset();
}

}  // namespace damfs
