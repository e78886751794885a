// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {

// A TIFF of 16-bit floats, which libvips does not read, as light: three or four floats a pixel. Null: it is none.
Image half_float_tiff(Bytes bytes);

// One whose colours have fewer pixels than its light, as scanners and old JPEG made them, which libvips does not read
// either. Null: it is none.
Image subsampled_tiff(Bytes bytes);

}  // namespace damfs::worker
