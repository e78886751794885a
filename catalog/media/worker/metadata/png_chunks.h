// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>

namespace damfs::worker {

// What a PNG's chunks say that libvips does not look at.
struct PngChunks {
  bool is_png = false;
  double gamma = 0;             // numbers stored are light to this power; 0: not said, or said better by a profile
  bool exif_is_behind = false;  // its Exif comes after the pixels
};
PngChunks png_chunks(std::span<const uint8_t> bytes);

}  // namespace damfs::worker
