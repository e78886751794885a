// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "catalog/media/media_types.h"
#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {

// A picture file that is read as a texture. Throws Error.
class MapFile {
 public:
  explicit MapFile(Bytes bytes);  // must outlive it

  Raster stored() const { return stored_; }  // as it lies: what repeats has no upright

  // Of exactly that raster: what it stores, whatever colours that would be. Floats in memory, 1.0 is the most that can
  // be stored.
  Image numbers(Raster raster) const;

  // Of exactly that raster: four floats in memory, in linear light and no more than 1.0, multiplied by the opacity,
  // which is the last.
  Image colours(Raster raster) const;

 private:
  const Bytes bytes_;
  const std::string mime_;
  const StillMaker maker_;
  ImageSource source_;  // of the header, where libvips reads it
  Image header_;
  Raster stored_;
};

}  // namespace damfs::worker
