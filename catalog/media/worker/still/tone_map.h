// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {

uint8_t srgb_byte(double linear);  // 1.0, and more, is 255

// Whether its numbers are light, not colours of a screen: Radiance HDR, floating-point pictures.
bool is_scene_linear(VipsImage* image);

// The same as three or four floats a pixel, 1.0 being whatever the source calls so.
Image linear_rgb(Image image);

// Shrunk to `target` and put upright while it still is light, then to sRGB as a photographer would expose it: the
// brightest hundredth of the picture, and nothing else, is white. `linear` is what linear_rgb gives; colours are
// multiplied by its alpha (0..1), if it has any.
Image tone_mapped(Image linear, Raster target);

}  // namespace damfs::worker
