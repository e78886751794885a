// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cstring>
#include <ctime>
#include <vector>

#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/text.h"

namespace damfs::worker {
namespace {

using namespace std::string_view_literals;

constexpr size_t kMaxSegments = 64;

// Calls `each(marker, payload)` for the segments in front of a JPEG's picture.
template <typename Each>
void for_each_segment(std::span<const uint8_t> jpeg, Each each) {
  if (jpeg.size() < 4 || jpeg[0] != 0xFF || jpeg[1] != 0xD8) return;
  size_t at = 2;
  for (size_t n = 0; n < kMaxSegments && at + 4 <= jpeg.size() && jpeg[at] == 0xFF; ++n) {
    const uint8_t marker = jpeg[at + 1];
    const size_t size = size_t{jpeg[at + 2]} << 8 | jpeg[at + 3];
    if (marker == 0xDA || size < 2 || at + 2 + size > jpeg.size()) return;
    each(marker, std::string_view(reinterpret_cast<const char*>(jpeg.data()) + at + 4, size - 2));
    at += 2 + size;
  }
}

// "[picture info]\r\nTimeDate=909698819\r\n…"
void read_picture_info(std::string_view text, CameraQuirks& quirks) {
  constexpr std::string_view kKey = "TimeDate=";
  const size_t at = text.find(kKey);
  if (text.find("[picture info]") == text.npos || at == text.npos) return;
  int64_t seconds = 0;
  for (const char c : text.substr(at + kKey.size(), 12)) {
    if (c < '0' || c > '9') break;
    seconds = seconds * 10 + (c - '0');
  }
  quirks.captured = time_of_unix(seconds);
}

uint32_t little(std::string_view bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value |= uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

// Looks through a CIFF heap, whose directory stands at its end, for the time stamp: seconds of the camera's clock.
std::optional<CaptureTime> ciff_time(std::string_view heap, int depth) {
  constexpr uint32_t kTimeStamp = 0x180e;
  if (heap.size() < 6 || depth > 4) return std::nullopt;
  const size_t table = little(heap, heap.size() - 4, 4);
  if (table + 2 > heap.size()) return std::nullopt;
  const size_t count = std::min<size_t>(little(heap, table, 2), 256);
  for (size_t i = 0, at = table + 2; i < count && at + 10 <= heap.size(); ++i, at += 10) {
    const uint32_t tag = little(heap, at, 2);
    if ((tag & 0xC000) == 0x4000) {  // eight bytes of data in the entry itself
      if ((tag & 0x3FFF) == kTimeStamp) return time_of_unix(little(heap, at + 2, 4));
      continue;
    }
    const size_t size = little(heap, at + 2, 4);
    const size_t offset = little(heap, at + 6, 4);
    if (offset > heap.size() || size > heap.size() - offset) continue;
    const std::string_view value = heap.substr(offset, size);
    if (tag == kTimeStamp && size >= 4) return time_of_unix(little(value, 0, 4));
    const uint32_t type = tag & 0x3800;
    if (type == 0x2800 || type == 0x3000) {
      if (auto time = ciff_time(value, depth + 1)) return time;
    }
  }
  return std::nullopt;
}

// exiv2 reads CIFF as a file of its own (CRW): the block is the same, but for the eight letters of its type.
void read_ciff(std::string_view block, CameraQuirks& quirks) {
  std::vector<Exiv2::byte> bytes(block.begin(), block.end());
  std::memcpy(bytes.data() + 6, "HEAPCCDR", 8);
  const auto image = Exiv2::ImageFactory::open(bytes.data(), static_cast<long>(bytes.size()));
  image->readMetadata();
  const Exiv2::ExifData& exif = image->exifData();
  quirks.make = exif_text(exif, "Exif.Image.Make");
  quirks.model = exif_text(exif, "Exif.Image.Model");
  const size_t header = little(block, 2, 4);
  if (block.starts_with("II") && header <= block.size()) quirks.captured = ciff_time(block.substr(header), 0);
}

// HyperFire cameras: a maker note with second, minute, hour, month, day and year as 16-bit numbers.
std::optional<CaptureTime> read_reconyx(const Exiv2::ExifData& exif) {
  const auto it = exif.findKey(Exiv2::ExifKey("Exif.Photo.MakerNote"));
  if (it == exif.end() || it->size() < 34 || it->size() > 64 * 1024) return std::nullopt;
  std::vector<Exiv2::byte> note(static_cast<size_t>(it->size()));
  it->copy(note.data(), Exiv2::littleEndian);
  if (std::memcmp(note.data(), "\x01\xF1\x03\x00", 4) != 0) return std::nullopt;
  const auto number = [&](size_t i) {
    const int little = note[22 + 2 * i] | note[23 + 2 * i] << 8;
    const int big = note[22 + 2 * i] << 8 | note[23 + 2 * i];
    return little > 9999 ? big : little;
  };
  CaptureTime time;
  time.day = {number(5), number(3), number(4)};
  time.hour = number(2);
  time.minute = number(1);
  time.second = number(0);
  if (!time.day.is_valid() || time.hour > 23 || time.minute > 59 || time.second > 60) return std::nullopt;
  return time;
}

}  // namespace

std::optional<CaptureTime> time_of_unix(int64_t seconds) {
  const auto time = static_cast<time_t>(seconds);
  struct tm utc {};
  if (seconds <= 0 || ::gmtime_r(&time, &utc) == nullptr) return std::nullopt;
  CaptureTime out;
  out.day = {utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday};
  out.hour = utc.tm_hour;
  out.minute = utc.tm_min;
  out.second = utc.tm_sec;
  return out.day.is_valid() ? std::optional(out) : std::nullopt;
}

CameraQuirks camera_quirks(const Source& source, const Exiv2::ExifData& exif) {
  CameraQuirks quirks;
  for_each_segment(source.bytes(), [&](uint8_t marker, std::string_view payload) {
    if (marker == 0xEC && !quirks.captured) read_picture_info(payload, quirks);
    if (marker == 0xE0 && payload.size() > 26 && payload.substr(6, 8) == "HEAPJPGM"sv) {
      try {
        read_ciff(payload, quirks);
      } catch (const std::exception&) {
        quirks = {};  // a damaged block is no block
      }
    }
  });
  if (!quirks.captured) quirks.captured = read_reconyx(exif);
  return quirks;
}

}  // namespace damfs::worker
