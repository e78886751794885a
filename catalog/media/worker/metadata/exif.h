// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <exiv2/exiv2.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/clock.h"
#include "catalog/media/facts.h"
#include "catalog/media/worker/metadata/xmp.h"
#include "catalog/media/worker/probe/probe.h"
#include "catalog/media/worker/source.h"

namespace damfs::worker {

struct MetadataSet {
  Exiv2::ExifData exif;
  Exiv2::IptcData iptc;
  Xmp xmp;
};

// The value of a key as text, empty when it is absent. Unknown keys are absent too.
std::string exif_text(const Exiv2::ExifData& exif, const char* key);
std::string iptc_text(const Exiv2::IptcData& iptc, const char* key);
std::string windows_text(const Exiv2::ExifData& exif, const char* key);  // one of Windows' own fields, UTF-16 there

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
std::optional<CaptureTime> time_of_unix(int64_t seconds);  // empty before 1970, and where there is no such day
CameraQuirks camera_quirks(const Source& source, const Exiv2::ExifData& exif);

// When its container says that it was made.
struct ContainerDates {
  std::string png;                   // "Creation Time"
  std::optional<CaptureTime> movie;  // of a picture that moves
};

// Of a file of boxes whose movie has a date: that, in UTC.
std::optional<CaptureTime> movie_time(const Source& source);

// All that stands in a file, from the file itself, else from `blocks`; a part that is damaged is empty. `raster`: as
// the metadata reader saw it.
MetadataSet read_metadata(const Source& source, const MetadataBlocks& blocks, Raster& raster);

// Nought to five, or -1 for what is rejected, however it was counted; empty for what is no number.
std::optional<int> stars(double number, bool is_per_cent);
std::optional<int> stars(std::string_view text, bool is_per_cent);

// The first that is not empty.
std::string first_of(std::initializer_list<std::string> candidates);

// What each of them finds in a set. (find_*.cc)
void find_date(const MetadataSet& set, const CameraQuirks& quirks, const ContainerDates& dates, MediaFacts& facts);
std::optional<Position> find_position(const MetadataSet& set);
std::vector<std::string> find_tags(const MetadataSet& set);
std::optional<int> find_rating(const MetadataSet& set);
void find_words(const MetadataSet& set, MediaFacts& facts);  // title, description
void find_people(const Xmp& xmp, MediaFacts& facts);         // and where they are in the picture
// All of it, for whoever looks for something else.
void keep_metadata(const MetadataSet& set, MediaFacts& facts);

// What a packet says, where `facts` do not say it already.
void add_what_xmp_says(const Xmp& xmp, MediaFacts& facts);

}  // namespace damfs::worker
