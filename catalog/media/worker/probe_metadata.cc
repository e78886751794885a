// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <set>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/worker/exif.h"
#include "catalog/media/worker/probe.h"
#include "catalog/media/worker/text.h"

namespace damfs::worker {

std::string exif_text(const Exiv2::ExifData& exif, const char* key) {
  try {
    const auto it = exif.findKey(Exiv2::ExifKey(key));
    return it == exif.end() ? std::string() : clean_text(it->toString(), FactLimits::kDescription);
  } catch (const std::exception&) {
    return {};
  }
}

std::string xmp_text(const Exiv2::XmpData& xmp, const char* key) {
  try {
    const auto it = xmp.findKey(Exiv2::XmpKey(key));
    if (it == xmp.end()) return {};
    if (const auto* alternatives = dynamic_cast<const Exiv2::LangAltValue*>(&it->value())) {
      return clean_text(alternatives->toString(0), FactLimits::kDescription);
    }
    return clean_text(it->toString(), FactLimits::kDescription);
  } catch (const std::exception&) {
    return {};
  }
}

std::string iptc_text(const Exiv2::IptcData& iptc, const char* key) {
  try {
    const auto it = iptc.findKey(Exiv2::IptcKey(key));
    return it == iptc.end() ? std::string() : clean_text(it->toString(), FactLimits::kDescription);
  } catch (const std::exception&) {
    return {};
  }
}

namespace {

constexpr int64_t kLongestSidecar = 32 << 20;

void decode_blocks(const MetadataBlocks& blocks, MetadataSet& set) {
  const auto bytes = [](std::string_view text) { return reinterpret_cast<const Exiv2::byte*>(text.data()); };
  try {
    std::string_view tiff = blocks.exif;
    if (tiff.starts_with(std::string_view("Exif\0\0", 6))) tiff.remove_prefix(6);
    if (!tiff.empty()) Exiv2::ExifParser::decode(set.exif, bytes(tiff), static_cast<uint32_t>(tiff.size()));
  } catch (const std::exception&) {
    set.exif.clear();
  }
  try {
    if (!blocks.xmp.empty()) Exiv2::XmpParser::decode(set.xmp, blocks.xmp);
  } catch (const std::exception&) {
    set.xmp.clear();
  }
  try {
    if (!blocks.iptc.empty()) {
      Exiv2::IptcParser::decode(set.iptc, bytes(blocks.iptc), static_cast<uint32_t>(blocks.iptc.size()));
    }
  } catch (const std::exception&) {
    set.iptc.clear();
  }
}

MetadataSet read_set(const Source& source, const MetadataBlocks& blocks, Raster& raster) {
  MetadataSet set;
  try {
    const auto bytes = source.bytes();
    const auto image = Exiv2::ImageFactory::open(bytes.data(), static_cast<long>(bytes.size()));
    image->readMetadata();
    set.exif = image->exifData();
    set.iptc = image->iptcData();
    set.xmp = image->xmpData();
    raster = {static_cast<int64_t>(image->pixelWidth()), static_cast<int64_t>(image->pixelHeight())};
  } catch (const std::exception&) {
    // Not a container exiv2 opens, or a damaged one: libvips may still have found the blocks.
  }
  if (set.exif.empty() && set.xmp.empty() && set.iptc.empty()) decode_blocks(blocks, set);
  return set;
}

std::string first_of(std::initializer_list<std::string> candidates) {
  for (const std::string& text : candidates) {
    if (!text.empty()) return text;
  }
  return {};
}

// --- when -----------------------------------------------------------------------------------------------

std::optional<CaptureTime> exif_time(const Exiv2::ExifData& exif, const char* date, const char* subsec,
                                     const char* offset) {
  std::string text = exif_text(exif, date);
  if (text.size() == 19) {
    const std::string fraction = exif_text(exif, subsec);
    if (!fraction.empty() && fraction.find_first_not_of("0123456789") == fraction.npos) text += '.' + fraction;
    text += exif_text(exif, offset);
  }
  return CaptureTime::parse(text);
}

void find_date(const MetadataSet& set, const CameraQuirks& quirks, MediaFacts& facts) {
  const auto offer = [&](std::optional<CaptureTime> time, DateSource source) {
    if (facts.captured || !time) return;
    facts.captured = std::move(time);
    facts.date_source = source;
  };
  const auto xmp_time = [&](const char* key) { return CaptureTime::parse(xmp_text(set.xmp, key)); };
  offer(exif_time(set.exif, "Exif.Photo.DateTimeOriginal", "Exif.Photo.SubSecTimeOriginal",
                  "Exif.Photo.OffsetTimeOriginal"),
        DateSource::kExif);
  offer(exif_time(set.exif, "Exif.Image.DateTimeOriginal", "Exif.Photo.SubSecTimeOriginal",
                  "Exif.Photo.OffsetTimeOriginal"),
        DateSource::kExif);
  offer(quirks.captured, DateSource::kExif);
  // A scanner's Exif says when it scanned; an original date that somebody wrote beside it is the better one.
  offer(xmp_time("Xmp.exif.DateTimeOriginal"), DateSource::kXmp);
  offer(exif_time(set.exif, "Exif.Photo.DateTimeDigitized", "Exif.Photo.SubSecTimeDigitized",
                  "Exif.Photo.OffsetTimeDigitized"),
        DateSource::kExif);
  offer(xmp_time("Xmp.photoshop.DateCreated"), DateSource::kXmp);
  offer(xmp_time("Xmp.xmp.CreateDate"), DateSource::kXmp);
  offer(exif_time(set.exif, "Exif.Image.DateTime", "Exif.Photo.SubSecTime", "Exif.Photo.OffsetTime"),
        DateSource::kExif);
}

// --- where ----------------------------------------------------------------------------------------------

std::optional<double> rational(const Exiv2::Exifdatum& datum, int i) {
  const Exiv2::Rational value = datum.toRational(i);
  if (value.second == 0) return value.first == 0 && i > 0 ? std::optional(0.0) : std::nullopt;
  return static_cast<double>(static_cast<uint32_t>(value.first)) / static_cast<uint32_t>(value.second);
}

std::optional<double> degrees(const Exiv2::ExifData& exif, const char* key) {
  const auto it = exif.findKey(Exiv2::ExifKey(key));
  if (it == exif.end() || it->count() < 1 || it->count() > 3) return std::nullopt;
  double sum = 0;
  double unit = 1;
  for (int i = 0; i < static_cast<int>(it->count()); ++i, unit *= 60) {
    const auto part = rational(*it, i);
    if (!part || (i > 0 && *part >= 60.0001)) return std::nullopt;
    sum += *part / unit;
  }
  return sum;
}

std::optional<Position> find_position(const Exiv2::ExifData& exif) {
  const auto latitude = degrees(exif, "Exif.GPSInfo.GPSLatitude");
  const auto longitude = degrees(exif, "Exif.GPSInfo.GPSLongitude");
  const std::string north = exif_text(exif, "Exif.GPSInfo.GPSLatitudeRef");
  const std::string east = exif_text(exif, "Exif.GPSInfo.GPSLongitudeRef");
  if (!latitude || !longitude || *latitude > 90 || *longitude > 180) return std::nullopt;
  // Without its hemispheres a position is one of four places.
  if (north.find_first_of("NSns") != 0 || east.find_first_of("EWew") != 0) return std::nullopt;
  Position position;
  position.latitude = lower(north).front() == 's' ? -*latitude : *latitude;
  position.longitude = lower(east).front() == 'w' ? -*longitude : *longitude;
  const auto it = exif.findKey(Exiv2::ExifKey("Exif.GPSInfo.GPSAltitude"));
  if (it != exif.end() && it->count() >= 1) {
    const auto below = exif.findKey(Exiv2::ExifKey("Exif.GPSInfo.GPSAltitudeRef"));
    const bool is_below = below != exif.end() && below->count() >= 1 && whole_number(*below) == 1;
    const auto metres = rational(*it, 0);
    if (metres && *metres < 100'000) position.altitude = is_below ? -*metres : *metres;
  }
  return position;
}

// --- what with ------------------------------------------------------------------------------------------

std::string find_lens(const Exiv2::ExifData& exif, const Exiv2::XmpData& xmp) {
  std::string lens = first_of({exif_text(exif, "Exif.Photo.LensModel"), xmp_text(xmp, "Xmp.aux.Lens")});
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

// --- words ----------------------------------------------------------------------------------------------

std::vector<std::string> list_of(const Exiv2::XmpData& xmp, const char* key) {
  std::vector<std::string> out;
  try {
    const auto it = xmp.findKey(Exiv2::XmpKey(key));
    if (it == xmp.end()) return out;
    for (long i = 0; i < static_cast<long>(it->count()) && out.size() < FactLimits::kTags; ++i) {
      out.push_back(it->toString(i));
    }
  } catch (const std::exception&) {
    return {};
  }
  return out;
}

std::vector<std::string> iptc_keywords(const Exiv2::IptcData& iptc) {
  std::vector<std::string> out;
  for (const auto& datum : iptc) {
    if (datum.key() == "Iptc.Application2.Keywords") out.push_back(datum.toString());
  }
  return out;
}

std::vector<std::string> find_tags(const MetadataSet& set) {
  std::vector<std::string> tags;
  std::set<std::string> seen;    // whole paths, as they are compared
  std::set<std::string> levels;  // every part of a hierarchical tag
  const auto add = [&](std::string tag) {
    const auto parts = static_cast<size_t>(std::count(tag.begin(), tag.end(), '/')) + 1;
    if (!tag.empty() && parts <= FactLimits::kTagDepth && tags.size() < FactLimits::kTags &&
        seen.insert(fold(tag)).second)
      tags.push_back(std::move(tag));
  };
  const auto add_path = [&](const std::string& raw, char separator) {
    std::string tag = tag_path(raw, separator);
    for (size_t begin = 0; begin < tag.size();) {
      const size_t end = std::min(tag.find('/', begin), tag.size());
      levels.insert(fold(std::string_view(tag).substr(begin, end - begin)));
      begin = end + 1;
    }
    add(std::move(tag));
  };
  for (const std::string& raw : list_of(set.xmp, "Xmp.lr.hierarchicalSubject")) add_path(raw, '|');
  for (const std::string& raw : list_of(set.xmp, "Xmp.digiKam.TagsList")) add_path(raw, '/');
  // Programs that write the tree also write its words flat; those say nothing new.
  for (const auto& words : {list_of(set.xmp, "Xmp.dc.subject"), iptc_keywords(set.iptc)}) {
    for (const std::string& raw : words) {
      std::string word = tag_path(raw, '\0');
      if (!levels.contains(fold(word))) add(std::move(word));
    }
  }
  return tags;
}

std::optional<int> find_rating(const MetadataSet& set) {
  const auto usable = [](int64_t stars) { return stars >= -1 && stars <= 5; };
  try {
    const auto xmp = set.xmp.findKey(Exiv2::XmpKey("Xmp.xmp.Rating"));
    if (xmp != set.xmp.end() && usable(std::lround(xmp->toFloat())))
      return static_cast<int>(std::lround(xmp->toFloat()));
    const auto exif = set.exif.findKey(Exiv2::ExifKey("Exif.Image.Rating"));
    if (exif != set.exif.end() && exif->count() > 0 && usable(whole_number(*exif))) {
      return static_cast<int>(whole_number(*exif));
    }
  } catch (const std::exception&) {
    return std::nullopt;
  }
  return std::nullopt;
}

std::string xp_title(const Exiv2::ExifData& exif) {
  try {
    const auto it = exif.findKey(Exiv2::ExifKey("Exif.Image.XPTitle"));
    return it == exif.end() ? std::string() : clean_line(it->print(&exif), FactLimits::kSentence);
  } catch (const std::exception&) {
    return {};
  }
}

// What cameras write when nobody described anything.
bool is_filler(std::string_view text) {
  for (const std::string_view known : {"OLYMPUS DIGITAL CAMERA", "SONY DSC", "DIGITAL CAMERA", "SAMSUNG DIGITAL CAMERA",
                                       "KONICA MINOLTA DIGITAL CAMERA", "MINOLTA DIGITAL CAMERA", "Default"}) {
    if (equals_ignoring_case(text, known)) return true;
  }
  return false;
}

void find_words(const MetadataSet& set, MediaFacts& facts) {
  facts.title =
      clean_line(first_of({xmp_text(set.xmp, "Xmp.dc.title"), iptc_text(set.iptc, "Iptc.Application2.ObjectName"),
                           iptc_text(set.iptc, "Iptc.Application2.Headline"), xp_title(set.exif)}),
                 FactLimits::kSentence);
  facts.description =
      clean_text(first_of({xmp_text(set.xmp, "Xmp.dc.description"), iptc_text(set.iptc, "Iptc.Application2.Caption"),
                           exif_text(set.exif, "Exif.Image.ImageDescription")}),
                 FactLimits::kDescription);
  if (is_filler(facts.description)) facts.description.clear();
}

// --- everything else ------------------------------------------------------------------------------------

bool is_bulky(const Exiv2::Metadatum& datum) {
  const std::string key = datum.key();
  if (datum.size() > 4096) return true;
  if (datum.typeId() == Exiv2::undefined && datum.size() > 64) return true;
  for (const std::string_view part : {"MakerNote", "Thumbnail", "Preview", ".0x", "JPEGInterchangeFormat",
                                      "StripOffsets", "StripByteCounts", "TileOffsets", "TileByteCounts"}) {
    if (key.find(part) != key.npos) return true;
  }
  return false;
}

template <typename Data, typename Print>
void keep_metadata(const char* name, const Data& data, Print print, MediaFacts& facts) {
  MetadataObject object;
  for (const auto& datum : data) {
    try {
      if (!is_bulky(datum)) object.add(datum.key(), print(datum));
    } catch (const std::exception&) {
      continue;  // one value that cannot be printed
    }
  }
  if (!object.empty()) facts.metadata[name] = object.dump();
}

}  // namespace

void probe_sidecar(const Source& source, MediaFacts& facts) {
  if (source.size() > kLongestSidecar) fail(EFBIG, "its XMP is longer than any program writes");
  const auto bytes = source.bytes();
  MetadataSet set;
  const std::string packet(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (Exiv2::XmpParser::decode(set.xmp, packet) != 0) fail(EBADMSG, "its XMP is malformed");
  find_date(set, {}, facts);
  facts.tags = find_tags(set);
  facts.rating = find_rating(set);
  find_words(set, facts);
  keep_metadata(
      "xmp", set.xmp, [](const Exiv2::Xmpdatum& datum) { return datum.print(); }, facts);
}

Raster probe_metadata(const Source& source, const MetadataBlocks& blocks, MediaFacts& facts) {
  Raster raster;
  const MetadataSet set = read_set(source, blocks, raster);
  const CameraQuirks quirks = camera_quirks(source, set.exif);
  find_date(set, quirks, facts);
  facts.make =
      clean_line(first_of({exif_text(set.exif, "Exif.Image.Make"), quirks.make, xmp_text(set.xmp, "Xmp.tiff.Make")}),
                 FactLimits::kName);
  facts.model =
      clean_line(first_of({exif_text(set.exif, "Exif.Image.Model"), quirks.model, xmp_text(set.xmp, "Xmp.tiff.Model")}),
                 FactLimits::kName);
  facts.lens = find_lens(set.exif, set.xmp);
  try {
    facts.position = find_position(set.exif);
  } catch (const std::exception&) {
    facts.position.reset();
  }
  facts.tags = find_tags(set);
  facts.rating = find_rating(set);
  find_words(set, facts);
  keep_metadata(
      "exif", set.exif, [&](const Exiv2::Exifdatum& datum) { return datum.print(&set.exif); }, facts);
  keep_metadata(
      "iptc", set.iptc, [](const Exiv2::Iptcdatum& datum) { return datum.print(); }, facts);
  keep_metadata(
      "xmp", set.xmp, [](const Exiv2::Xmpdatum& datum) { return datum.print(); }, facts);
  return raster;
}

}  // namespace damfs::worker
