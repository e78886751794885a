// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "catalog/media/facts.h"
#include "catalog/media/worker/source.h"
#include "catalog/media/worker/vips_image.h"

namespace damfs::worker {

// The frame that a video shows at `seek_us` from its start, as sRGB of exactly `target` pixels, upright.
Image video_frame(const Source& source, Raster target, int64_t seek_us);

}  // namespace damfs::worker
