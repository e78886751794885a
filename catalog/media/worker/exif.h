// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <exiv2/exiv2.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "catalog/base/clock.h"
#include "catalog/media/worker/source.h"

namespace damfs::worker {

struct MetadataSet {
  Exiv2::ExifData exif;
  Exiv2::IptcData iptc;
  Exiv2::XmpData xmp;
};

// The value of a key as text, empty when it is absent. Unknown keys are absent too.
std::string exif_text(const Exiv2::ExifData& exif, const char* key);
std::string xmp_text(const Exiv2::XmpData& xmp, const char* key);  // the x-default of an alternative
std::string iptc_text(const Exiv2::IptcData& iptc, const char* key);

// A value as a whole number, whichever of exiv2's spellings of that the installed one has.
template <typename Datum>
int64_t whole_number(const Datum& datum) {
  if constexpr (requires { datum.toInt64(); }) {
    return datum.toInt64();
  } else {
    return static_cast<int64_t>(datum.toLong());
  }
}

// Capture times and cameras that stand where only their maker looks for them: CIFF in an APP0 segment
// (PowerShot A5), "[picture info]" in an APP12 segment (Olympus, Agfa), Reconyx maker notes.
struct CameraQuirks {
  std::optional<CaptureTime> captured;
  std::string make, model;
};
CameraQuirks camera_quirks(const Source& source, const Exiv2::ExifData& exif);

}  // namespace damfs::worker
