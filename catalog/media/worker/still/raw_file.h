// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <libraw/libraw.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {

// A camera's raw file as LibRaw reads it. Throws Error where it does not.
class RawFile {
 public:
  explicit RawFile(Bytes bytes);  // must outlive it

  Raster raster() const;             // upright, as developed() has it
  int orientation() const;           // Exif 1..8, as the camera says of the shot
  std::vector<uint8_t> thumbnail();  // the largest picture that it embeds, a JPEG; empty: none
  Image developed();                 // 8-bit sRGB, of half the sensor's edges

 private:
  struct Closer {
    void operator()(libraw_data_t* raw) const;
  };
  std::unique_ptr<libraw_data_t, Closer> raw_;
};

}  // namespace damfs::worker
