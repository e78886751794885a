// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "catalog/media/worker/vips_image.h"

namespace damfs::worker {

struct FitOptions {
  int64_t declared_bytes = 0;
  int quality = 75;
  int effort = 4;
};

// A WebP file without its filler: everything up to and including the header of a last, unknown chunk whose
// length makes the file `declared_bytes` long. Quality steps down until it fits, then detail goes; so every
// picture fits that DESIGN 5 declares bytes for. `image` is 8-bit sRGB with or without alpha, in memory.
// Throws Error when the declared size is impossible (odd, or too small for any picture of that raster).
std::string fit_webp(VipsImage* image, const FitOptions& options);

}  // namespace damfs::worker
