// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {

// Whether colours go through profiles. Most cameras' files say that they are sRGB already, and a transform to the
// same space only costs time.
bool needs_profiles(VipsImage* image);

// Whether it has a profile that is one, for pictures of as many colours as it has.
bool has_unfit_profile(VipsImage* image);

// Numbers that are light to the power of `gamma`, as sRGB's. The picture's opacity stays.
Image as_srgb(const Image& image, double gamma);

}  // namespace damfs::worker
