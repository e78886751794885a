// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/packet.h"
#include "catalog/media/worker/metadata/text.h"
#include "catalog/media/worker/probe/mp4_tracks.h"
#include "catalog/media/worker/probe/probe.h"

namespace damfs::worker {
namespace {

constexpr int64_t kLongestSidecar = 32 << 20;

std::string find_lens(const Exiv2::ExifData& exif, const Xmp& xmp) {
  std::string lens =
      first_of({exif_text(exif, "Exif.Photo.LensModel"), xmp.text("exifEX:LensModel"), xmp.text("aux:Lens")});
  if (!lens.empty()) return clean_line(lens, FactLimits::kName);
  try {
    const auto it = Exiv2::lensName(exif);
    if (it != exif.end()) lens = clean_line(it->print(&exif), FactLimits::kName);
  } catch (const std::exception&) {
    return {};
  }
  // exiv2 prints what it cannot name as "(65535)" or "n/a".
  const bool is_number = lens.starts_with('(') || lens.find_first_not_of("0123456789. ") == lens.npos;
  return is_number || lens == "n/a" || lens == "Unknown" ? std::string() : lens;
}

}  // namespace

std::optional<CaptureTime> movie_time(const Source& source) {
  const auto seconds = mp4_created(read_at(source.bytes()), static_cast<uint64_t>(source.size()));
  if (!seconds) return std::nullopt;
  auto time = time_of_unix(*seconds);
  if (time) {
    time->offset_minutes = 0;
    time->is_utc = true;
  }
  return time;
}

void probe_sidecar(const Source& source, MediaFacts& facts) {
  if (source.size() > kLongestSidecar) fail(EFBIG, "its XMP is longer than any program writes");
  const auto bytes = source.bytes();
  MetadataSet set;
  set.xmp = Xmp::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!set.xmp.problem().empty()) fail(EBADMSG, "its XMP is malformed: {}", set.xmp.problem());
  find_date(set, {}, {}, facts);
  facts.position = find_position(set);
  facts.tags = find_tags(set);
  facts.rating = find_rating(set);
  find_words(set, facts);
  find_people(set.xmp, facts);
  facts.sidecar_for = clean_line(set.xmp.text("photoshop:SidecarForExtension"), FactLimits::kName);
  keep_metadata(set, facts);
}

Raster probe_metadata(const Source& source, const MetadataBlocks& blocks, MediaFacts& facts) {
  Raster raster;
  const MetadataSet set = read_metadata(source, blocks, raster);
  const CameraQuirks quirks = camera_quirks(source, set.exif);
  const PngWords png = png_words(source.bytes());
  find_date(set, quirks, {png.creation_time, movie_time(source)}, facts);
  facts.make = clean_line(first_of({exif_text(set.exif, "Exif.Image.Make"), quirks.make, set.xmp.text("tiff:Make")}),
                          FactLimits::kName);
  facts.model = clean_line(
      first_of({exif_text(set.exif, "Exif.Image.Model"), quirks.model, set.xmp.text("tiff:Model")}), FactLimits::kName);
  facts.lens = find_lens(set.exif, set.xmp);
  facts.position = find_position(set);
  facts.tags = find_tags(set);
  facts.rating = find_rating(set);
  find_words(set, facts);
  if (facts.title.empty()) facts.title = clean_line(png.title, FactLimits::kSentence);
  if (facts.description.empty()) facts.description = clean_text(png.description, FactLimits::kDescription);
  find_people(set.xmp, facts);
  keep_metadata(set, facts);
  return raster;
}

void add_what_xmp_says(const Xmp& xmp, MediaFacts& facts) {
  MetadataSet set;
  set.xmp = xmp;
  MediaFacts said;
  find_date(set, {}, {}, said);
  find_words(set, said);
  if (said.captured && (!facts.captured || is_better(said.date_source, facts.date_source))) {
    facts.captured = said.captured;
    facts.date_source = said.date_source;
  }
  if (facts.make.empty()) facts.make = clean_line(xmp.text("tiff:Make"), FactLimits::kName);
  if (facts.model.empty()) facts.model = clean_line(xmp.text("tiff:Model"), FactLimits::kName);
  if (!facts.position) facts.position = find_position(set);
  if (!facts.rating) facts.rating = find_rating(set);
  if (!said.title.empty()) facts.title = said.title;
  if (!said.description.empty()) facts.description = said.description;
  for (std::string& tag : find_tags(set)) {
    const bool is_known = std::find(facts.tags.begin(), facts.tags.end(), tag) != facts.tags.end();
    if (!is_known && facts.tags.size() < FactLimits::kTags) facts.tags.push_back(std::move(tag));
  }
  find_people(xmp, facts);
  keep_metadata(set, facts);
}

}  // namespace damfs::worker
