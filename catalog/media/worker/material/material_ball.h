// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

#include "catalog/media/texture_map.h"
#include "catalog/media/worker/still/picture.h"

namespace damfs::worker {

// One map of a material: a complete picture file, told by its content.
struct MaterialMap {
  MapRole role = MapRole::kAlbedo;
  Bytes bytes;
};

// A ball of that material in a studio that is always the same, upright, on nothing. It has no size of its own: any
// target is filled, the ball in its middle. Reads the maps and keeps no reference to their bytes; `height` and
// `specular` are not looked at, nor what a better map tells: normal before normal-dx, roughness before gloss, single
// maps before packed ones, the first of a role before others. What no map tells is a constant. Throws Error that names
// the map for one that cannot be read.
PictureRef material_picture(std::span<const MaterialMap> maps);

}  // namespace damfs::worker
