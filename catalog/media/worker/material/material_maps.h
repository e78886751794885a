// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <utility>

#include "catalog/media/worker/material/material_ball.h"
#include "catalog/media/worker/material/material_surface.h"
#include "catalog/media/worker/material/material_texture.h"

namespace damfs::worker {

// The maps of a material, read, and shrunk to what a ball shows: memory does not grow with them.
class Material {
 public:
  static Material read(std::span<const MaterialMap> maps);  // as material_picture takes them

  float aspect() const { return aspect_; }  // width by height of what repeats

  // Parameters as Texture::at has them.
  Surface at(float u, float v, float area) const;

 private:
  Material(float aspect, Texture texture) : aspect_(aspect), texture_(std::move(texture)) {}

  float aspect_;
  Texture texture_;
};

}  // namespace damfs::worker
