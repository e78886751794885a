// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/facts.h"

#include <algorithm>
#include <iterator>

namespace damfs {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kImage: return "image";
    case Kind::kVideo: return "video";
    case Kind::kAudio: return "audio";
    case Kind::kDocument: return "document";
    case Kind::kTexturePack: return "texture-pack";
    case Kind::kOther: return "other";
  }
  return "other";
}

std::optional<Kind> kind_from_string(std::string_view text) {
  for (const Kind kind : kAllKinds) {
    if (to_string(kind) == text) return kind;
  }
  return std::nullopt;
}

bool is_better(DateSource a, DateSource b) {
  const auto rung = [](DateSource source) {
    return std::find(std::begin(kDateLadder), std::end(kDateLadder), source) - std::begin(kDateLadder);
  };
  return rung(a) < rung(b);
}

std::string_view to_string(DateSource source) {
  switch (source) {
    case DateSource::kExif: return "exif";
    case DateSource::kQuickTime: return "quicktime";
    case DateSource::kXmp: return "xmp";
    case DateSource::kMtime: return "mtime";
    case DateSource::kIptc: return "iptc";
    case DateSource::kGps: return "gps";
    case DateSource::kDigitized: return "exif-digitized";
    case DateSource::kContainer: return "container";
    case DateSource::kBext: return "bext";
    case DateSource::kPng: return "png";
    case DateSource::kSidecar: return "sidecar";
    case DateSource::kModified: return "exif-modified";
    case DateSource::kName: return "name";
  }
  return "mtime";
}

std::optional<DateSource> date_source_from_string(std::string_view text) {
  for (const DateSource source : kDateLadder) {
    if (to_string(source) == text) return source;
  }
  return std::nullopt;
}

Raster fit_box(Raster source, int64_t box) {
  const int64_t longest = std::max(source.width, source.height);
  if (longest <= box) return source;
  const auto shrink = [&](int64_t edge) { return std::max<int64_t>(1, (2 * edge * box + longest) / (2 * longest)); };
  return {shrink(source.width), shrink(source.height)};
}

}  // namespace damfs
