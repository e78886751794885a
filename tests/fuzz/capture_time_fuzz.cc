// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/base/clock.h"
#include "catalog/model/write/asset_date.h"

namespace {

void require(bool held) {
  if (!held) std::abort();
}

}  // namespace

// What a camera wrote as a date: either it is refused, or it is a real moment whose text says the same again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto time = CaptureTime::parse(text)) {
    require(time->day.is_valid() && time->day.month != 0);
    require(time->hour >= 0 && time->hour < 24 && time->minute >= 0 && time->minute < 60);
    require(time->second >= 0 && time->second <= 60);
    require(time->nanosecond >= 0 && time->nanosecond < 1'000'000'000);
    const auto again = CaptureTime::parse(time->text());
    require(again && again->text() == time->text());
  }
  if (const auto time = CaptureTime::parse_any(text)) {
    const auto again = CaptureTime::parse(time->text());
    require(again && again->text() == time->text());
  }
  if (const auto time = date_in_name(text)) {
    const auto again = CaptureTime::parse(time->text());
    require(again && again->text() == time->text());
  }
  if (const auto day = Day::parse(text)) {
    require(Day::from_key(day->key()) == *day);
    require(Day::parse(day->text()) == *day);
  }
  return 0;
}
