// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace damfs::worker {

// All that is known of one point of a material; whole vectors, so that they are computed with at once.
using Texel = std::array<float, 16>;

// A picture that repeats in both directions, with all its halvings: looked at from any distance it does not flicker.
class Texture {
 public:
  // Row by row; both edges are powers of two.
  Texture(size_t width, size_t height, std::vector<Texel> texels);

  // u and v count whole pictures, v down; a square of `area` whole pictures is seen as one.
  Texel at(float u, float v, float area) const;

 private:
  struct Level {
    size_t width, height;
    std::vector<Texel> texels;
  };
  static Level halved(const Level& level);
  static void add(const Level& level, float u, float v, float share, Texel& sum);

  float area_;  // logarithm to base 2 of how many texels there are
  std::vector<Level> levels_;
};

}  // namespace damfs::worker
