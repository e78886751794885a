// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Where it was taken.

#include <charconv>
#include <cmath>

#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/text.h"

namespace damfs::worker {
namespace {

constexpr double kHighestMetres = 100'000;  // metres

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

std::optional<Position> exif_position(const Exiv2::ExifData& exif) {
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
    if (metres && *metres < kHighestMetres) position.altitude = is_below ? -*metres : *metres;
  }
  return position;
}

// Takes "12.5" or "12" off the front.
std::optional<double> take_real(std::string_view& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

// "48,30.5N", "48,30,15N", and the plain "-48.5" of hasty programs.
std::optional<double> xmp_degrees(std::string_view text, std::string_view hemispheres, double most) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  double sum = 0;
  double unit = 1;
  int parts = 0;
  for (; parts < 3 && !text.empty(); ++parts, unit *= 60) {
    const auto part = take_real(text);
    if (!part || *part < 0 || (parts > 0 && *part >= 60.0001)) return std::nullopt;
    sum += *part / unit;
    if (!text.starts_with(',')) {
      ++parts;
      break;
    }
    text.remove_prefix(1);
  }
  while (text.starts_with(' ')) text.remove_prefix(1);
  if (parts == 0 || sum > most) return std::nullopt;
  if (text.empty()) return parts == 1 ? std::optional(is_negative ? -sum : sum) : std::nullopt;
  const size_t at = hemispheres.find(lower(text).front());
  if (text.size() != 1 || at == hemispheres.npos) return std::nullopt;
  return at == 1 ? -sum : sum;
}

std::optional<double> xmp_altitude(std::string_view text, std::string_view reference) {
  const auto top = take_real(text);
  if (!top) return std::nullopt;
  double bottom = 1;
  if (text.starts_with('/')) {
    text.remove_prefix(1);
    bottom = take_real(text).value_or(0);
  }
  if (bottom == 0 || std::abs(*top / bottom) >= kHighestMetres) return std::nullopt;
  return reference == "1" ? -*top / bottom : *top / bottom;
}

std::optional<Position> from_texts(std::string_view latitude, std::string_view longitude, std::string_view altitude,
                                   std::string_view below) {
  const auto north = xmp_degrees(latitude, "ns", 90);
  const auto east = xmp_degrees(longitude, "ew", 180);
  if (!north || !east) return std::nullopt;
  return Position{*north, *east, xmp_altitude(altitude, below)};
}

std::optional<Position> xmp_position(const Xmp& xmp) {
  const auto position = from_texts(xmp.text("exif:GPSLatitude"), xmp.text("exif:GPSLongitude"),
                                   xmp.text("exif:GPSAltitude"), xmp.text("exif:GPSAltitudeRef"));
  if (position) return position;
  const XmpNode* places = xmp.find("Iptc4xmpExt:LocationCreated");
  if (places == nullptr) return std::nullopt;
  const XmpNode& place = places->is_list && !places->children.empty() ? places->children.front() : *places;
  return from_texts(place.text_of("exif:GPSLatitude"), place.text_of("exif:GPSLongitude"),
                    place.text_of("exif:GPSAltitude"), place.text_of("exif:GPSAltitudeRef"));
}

}  // namespace

std::optional<Position> find_position(const MetadataSet& set) {
  std::optional<Position> position;
  try {
    position = exif_position(set.exif);
  } catch (const std::exception&) {
    position.reset();
  }
  return position ? position : xmp_position(set.xmp);
}

}  // namespace damfs::worker
