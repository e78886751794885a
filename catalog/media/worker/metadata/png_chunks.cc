// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/png_chunks.h"

#include <algorithm>
#include <string_view>

namespace damfs::worker {
namespace {

constexpr int kMostChunks = 100'000;  // pixels come in pieces of 8 KiB
constexpr std::string_view kPngBegins = "\x89PNG\r\n\x1A\n";

uint64_t big_endian(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

PngChunks png_chunks(std::span<const uint8_t> bytes) {
  PngChunks found;
  if (bytes.size() < kPngBegins.size() || !std::equal(kPngBegins.begin(), kPngBegins.end(), bytes.begin(),
                                                      [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; })) {
    return found;
  }
  found.is_png = true;
  bool has_profile = false;
  bool has_pixels = false;
  bytes = bytes.subspan(kPngBegins.size());
  for (int i = 0; i < kMostChunks && bytes.size() >= 12; ++i) {
    const uint64_t size = big_endian(bytes);
    const std::string_view type(reinterpret_cast<const char*>(bytes.data()) + 4, 4);
    if (size > bytes.size() - 12) break;
    if (type == "gAMA" && size == 4 && !has_pixels)
      found.gamma = static_cast<double>(big_endian(bytes.subspan(8))) / 1e5;
    if (type == "sRGB" || type == "iCCP" || type == "cICP") has_profile = true;
    if (type == "IDAT") has_pixels = true;
    if (type == "eXIf") found.exif_is_behind = has_pixels;
    bytes = bytes.subspan(12 + static_cast<size_t>(size));
  }
  if (has_profile) found.gamma = 0;
  return found;
}

}  // namespace damfs::worker
