// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "catalog/media/geometry.h"

namespace damfs::worker {

// A Windows bitmap whose pixels say by masks where in them each colour stands. libavcodec knows the usual masks alone.
class MaskedBitmap {
 public:
  // Empty: it is another kind of bitmap, or not all of it is there.
  static std::optional<MaskedBitmap> of(std::span<const uint8_t> file);

  Raster raster() const { return raster_; }
  bool has_alpha() const { return masks_[3] != 0; }
  // Rows from the top, red, green, blue and, where there is one, alpha, each of 8 bits.
  std::vector<uint8_t> pixels() const;

 private:
  Raster raster_;
  bool from_top_ = false;
  size_t bytes_a_pixel_ = 0;
  size_t stride_ = 0;
  uint32_t masks_[4] = {};
  std::span<const uint8_t> rows_;
};

// The largest picture in an icon or a cursor, as a file of its own: a PNG or a bitmap. Empty: there is none.
struct IconPicture {
  bool is_png = false;
  std::vector<uint8_t> file;
};
std::optional<IconPicture> largest_in_icon(std::span<const uint8_t> file);

}  // namespace damfs::worker
