// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/media/worker/material/material_surface.h"

namespace damfs::worker {

// What the camera sees of that surface in the studio: linear, 1.0 is a screen's white. `normal` is the surface's in
// the studio, of length 1: x right, y up, z to the camera, which is far away.
Vec3 lit(const Surface& surface, Vec3 normal);

}  // namespace damfs::worker
