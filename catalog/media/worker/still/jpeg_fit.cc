// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "catalog/media/worker/still/encoded.h"
#include "catalog/media/worker/still/fit.h"

namespace damfs::worker {
namespace {

constexpr int64_t kSegmentHeader = 4;            // FF FE, length
constexpr int64_t kLongestSegment = 2 + 65'535;  // the length counts itself, but not the marker

constexpr size_t kJpegEnd = 2;  // EOI
// Fill bytes, which may stand before any marker: ffmpeg reads a little beyond the scan of plain pictures, and then says
// that the end is missing.
constexpr std::string_view kFillBytes = "\xFF\xFF\xFF\xFF";

Image without_alpha(VipsImage* image) {
  VipsImage* opaque = nullptr;
  const double white = 255;
  VipsArrayDouble* background = vips_array_double_new(&white, 1);
  const int failed = vips_image_hasalpha(image) != 0 ? vips_flatten(image, &opaque, "background", background, nullptr)
                                                     : vips_copy(image, &opaque, nullptr);
  vips_area_unref(VIPS_AREA(background));
  if (failed != 0) fail(EIO, "the preview cannot be encoded: {}", vips_complaint());
  return Image(opaque);
}

std::string encode_jpeg(VipsImage* image, int quality, int) {
  const Image opaque = without_alpha(image);
  return encoded_by([&](void** data, size_t* size) {
    return vips_jpegsave_buffer(opaque.get(), data, size, "Q", quality, "strip", TRUE, "optimize_coding", TRUE,
                                nullptr);
  });
}

// Behind SOI and the APPn segments.
size_t end_of_application_data(std::string_view file) {
  if (file.size() < 4 || file.substr(0, 2) != "\xFF\xD8") fail(EIO, "the encoder wrote no JPEG");
  size_t at = 2;
  while (at + 4 <= file.size() && file[at] == '\xFF' && (static_cast<unsigned char>(file[at + 1]) & 0xF0U) == 0xE0) {
    at += 2 + number_at(file, at + 2, 2, ByteOrder::kBig);
  }
  if (at >= file.size()) fail(EIO, "the encoder wrote half a JPEG");
  return at;
}

std::optional<FilledFile> fill_jpeg(const std::string& encoded, Raster, int64_t declared) {
  int64_t left = declared - static_cast<int64_t>(encoded.size() + kFillBytes.size());
  if (left != 0 && left < kSegmentHeader) return std::nullopt;
  const size_t split = end_of_application_data(encoded);
  FilledFile file{{{0, encoded.substr(0, split)}}};
  auto at = static_cast<int64_t>(split);
  while (left > 0) {
    // What stays must be room for another segment, or nothing.
    int64_t segment = std::min(left, kLongestSegment);
    if (left - segment > 0 && left - segment < kSegmentHeader) segment -= kSegmentHeader;
    std::string header = "\xFF\xFE";
    put_number(header, static_cast<uint64_t>(segment - 2), 2, ByteOrder::kBig);
    file.parts.push_back({at, std::move(header)});
    at += segment;
    left -= segment;
  }
  file.parts.push_back({at, encoded.substr(split).insert(encoded.size() - split - kJpegEnd, kFillBytes)});
  return file;
}

}  // namespace

const FormatWriter kJpegWriter{encode_jpeg, fill_jpeg, 0.025};

}  // namespace damfs::worker
