// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "catalog/base/clock.h"
#include "catalog/media/facts.h"
#include "catalog/model/write/date_rules.h"

namespace damfs {

// When something was taken, as far as anybody knows.
struct AssetDate {
  CaptureTime at;
  DateSource source = DateSource::kMtime;
};

// By kDateLadder: what its bytes say, its sidecar, its name, else the file's time. A moment that was recorded in UTC is
// put to the day that it was where it was taken.
AssetDate asset_date(const MediaFacts& facts, const std::optional<CaptureTime>& sidecar, std::string_view name,
                     int64_t mtime_ns, const DateRules& rules);

// As phones, messengers and screenshots name files: "IMG-20200101-WA0001.jpg", "PXL_20210102_030405678.jpg" (in UTC),
// "Screenshot from 2020-01-01 10-11-12.png". A date that stands anywhere else in a name may be of anything.
std::optional<CaptureTime> date_in_name(std::string_view name);

}  // namespace damfs
