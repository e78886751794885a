// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/write/asset_date.h"

#include <algorithm>
#include <array>
#include <string>

#include "catalog/base/names.h"

namespace damfs {
namespace {

bool is_digit_at(std::string_view text, size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; }

std::optional<int> digits_at(std::string_view text, size_t at, size_t count) {
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!is_digit_at(text, at + i)) return std::nullopt;
    value = value * 10 + (text[at + i] - '0');
  }
  return value;
}

// Reads "2020-01-02" or "20200102" at `at`, and moves it behind.
std::optional<Day> day_at(std::string_view text, size_t& at) {
  constexpr int kFirstYear = 1990;  // nothing named files so before
  constexpr int kLastYear = 2099;
  const auto year = digits_at(text, at, 4);
  if (!year || *year < kFirstYear || *year > kLastYear) return std::nullopt;
  size_t next = at + 4;
  const char mark = next < text.size() ? text[next] : '\0';
  const bool marked = mark == '-' || mark == '_' || mark == '.';
  const auto month = digits_at(text, next += marked ? 1 : 0, 2);
  if (!month) return std::nullopt;
  next += 2;
  if (marked && (next >= text.size() || text[next] != mark)) return std::nullopt;
  const auto of_month = digits_at(text, next += marked ? 1 : 0, 2);
  const Day day{*year, *month, of_month.value_or(0)};
  if (!of_month || !day.is_valid()) return std::nullopt;
  at = next + 2;
  return day;
}

// "101112", "10-11-12", "10.11.12", "10_11_12", and half a day more with " PM" behind.
bool take_clock(std::string_view text, size_t at, CaptureTime& time) {
  std::array<int, 3> parts{};
  char mark = '\0';
  for (size_t i = 0; i < 3; ++i) {
    if (i == 1 && at < text.size() && std::string_view("-._:").find(text[at]) != std::string_view::npos)
      mark = text[at];
    if (i > 0 && mark != '\0' && (at >= text.size() || text[at++] != mark)) return false;
    const size_t digits = i == 0 && !is_digit_at(text, at + 1) ? 1 : 2;  // "1.02.03 PM"
    const auto part = digits_at(text, at, digits);
    if (!part) return false;
    parts[i] = *part;
    at += digits;
  }
  // Macs put a narrow space in front of it.
  std::string rest = fold(text.substr(std::min(at, text.size()), 8));
  for (const std::string_view space : {" ", "\xE2\x80\xAF", "\xC2\xA0"}) {
    if (rest.starts_with(space)) rest.erase(0, space.size());
  }
  const bool is_half = parts[0] >= 1 && parts[0] <= 12 && (rest.starts_with("pm") || rest.starts_with("am"));
  if (is_half) parts[0] = parts[0] % 12 + (rest.starts_with("pm") ? 12 : 0);
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return false;
  // Pixels and Samsungs go on with thousandths.
  int scale = 100'000'000;
  for (size_t i = 0; i < 3 && mark == '\0' && is_digit_at(text, at); ++i, ++at, scale /= 10) {
    time.nanosecond += (text[at] - '0') * scale;
  }
  time.hour = parts[0];
  time.minute = parts[1];
  time.second = parts[2];
  return true;
}

// Each between two bars.
constexpr std::string_view kMakersPrefixes =
    "|img|vid|aud|ptt|pxl|mvimg|pano|dsc|mov|video|photo|image|signal|screenshot|screen shot|"
    "screenshot from|screen recording|screen_recording|screenrecorder|screencast from|screencast|"
    "whatsapp image|whatsapp video|whatsapp audio|whatsapp ptt|telegram|win|burst|dji|inshot|record|"
    "voice|recording|bildschirmfoto|bildschirmfoto vom|capture d’écran|viber_image|snapchat|fb_img|"
    "received|wp|doc|stk|gopro|scr|";

// Behind what a name begins with may stand a day alone.
bool is_makers_prefix(std::string_view head) {
  std::string plain = fold(head);
  while (!plain.empty() && std::string_view("-_ .").find(plain.back()) != std::string_view::npos) plain.pop_back();
  return plain.find('|') == plain.npos && kMakersPrefixes.find('|' + plain + '|') != kMakersPrefixes.npos;
}

// Milliseconds since the epoch, as Facebook and some apps number files.
std::optional<CaptureTime> epoch_in(std::string_view name) {
  for (const std::string_view prefix : {"FB_IMG_", "mmexport", "Screenshot_", "IMG_", "VID_", "received_"}) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = name.substr(prefix.size());
    if (is_digit_at(rest, 13) || !digits_at(rest, 0, 9) || rest.size() < 13) return std::nullopt;
    int64_t ms = 0;
    for (size_t i = 0; i < 13; ++i) {
      if (!is_digit_at(rest, i)) return std::nullopt;
      ms = ms * 10 + (rest[i] - '0');
    }
    constexpr int64_t kFrom2000 = 946'684'800'000;
    constexpr int64_t kTo2100 = 4'102'444'800'000;
    if (ms < kFrom2000 || ms >= kTo2100) return std::nullopt;
    return local_time(ms * 1'000'000);
  }
  return std::nullopt;
}

}  // namespace

std::optional<CaptureTime> date_in_name(std::string_view name) {
  if (auto time = epoch_in(name)) return time;
  for (size_t begin = 0; begin + 8 <= name.size(); ++begin) {
    if (!is_digit_at(name, begin) || (begin > 0 && is_digit_at(name, begin - 1))) continue;
    size_t at = begin;
    const auto day = day_at(name, at);
    if (!day) continue;
    CaptureTime time;
    time.day = *day;
    // What may stand between a day and its time.
    std::string_view rest = name.substr(at);
    for (const std::string_view gap : {" at ", " um ", " à ", "_at_", "-at-", "_", "-", " ", "T"}) {
      if (!rest.starts_with(gap)) continue;
      rest.remove_prefix(gap.size());
      break;
    }
    const bool has_clock = take_clock(rest, 0, time);
    const bool ends_there = !is_digit_at(name, at);
    if (!has_clock && (!ends_there || !is_makers_prefix(name.substr(0, begin)))) continue;
    // Nobody but these tells it in UTC.
    if (has_clock && name.starts_with("PXL_")) {
      time.offset_minutes = 0;
      time.is_utc = true;
    }
    return time;
  }
  return std::nullopt;
}

AssetDate asset_date(const MediaFacts& facts, const std::optional<CaptureTime>& sidecar, std::string_view name,
                     int64_t mtime_ns, const DateRules& rules) {
  AssetDate best{local_time(mtime_ns), DateSource::kMtime};
  const auto offer = [&](const std::optional<CaptureTime>& at, DateSource source) {
    if (at && is_better(source, best.source)) best = {*at, source};
  };
  // Documents are named by what is in them.
  const bool is_document = facts.kind == Kind::kDocument || facts.kind == Kind::kTexturePack;
  if (rules.from_names && !is_document) offer(date_in_name(name), DateSource::kName);
  offer(sidecar, DateSource::kSidecar);
  offer(facts.captured, facts.date_source);
  if (best.at.is_utc) {
    best.at = local_time(best.at, facts.position ? std::optional(facts.position->longitude) : std::nullopt);
  }
  return best;
}

}  // namespace damfs
