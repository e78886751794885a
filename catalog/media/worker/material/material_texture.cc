// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/material/material_texture.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

namespace damfs::worker {
namespace {

// Off by a twelfth at most, but the same on every processor: exponent and mantissa read as one number.
float logarithm(float value) {
  return static_cast<float>(std::bit_cast<int32_t>(value)) / static_cast<float>(1 << 23) - 127;
}

// std::floor is a call where the processor is not known to have it.
int whole_below(float value) {
  const int whole = static_cast<int>(value);
  return value < static_cast<float>(whole) ? whole - 1 : whole;
}

}  // namespace

Texture::Texture(size_t width, size_t height, std::vector<Texel> texels)
    : area_(static_cast<float>(std::bit_width(width * height) - 1)) {
  levels_.push_back({width, height, std::move(texels)});
  while (levels_.back().texels.size() > 1) levels_.push_back(halved(levels_.back()));
}

Texture::Level Texture::halved(const Level& level) {
  const size_t right = level.width > 1 ? 1 : 0;
  const size_t below = level.height > 1 ? level.width : 0;
  Level half{std::max<size_t>(level.width / 2, 1), std::max<size_t>(level.height / 2, 1), {}};
  half.texels.reserve(half.width * half.height);
  for (size_t y = 0; y < half.height; ++y) {
    for (size_t x = 0; x < half.width; ++x) {
      const Texel* corner = level.texels.data() + y * 2 * below + x * 2 * right;
      Texel& sum = half.texels.emplace_back();
      for (size_t band = 0; band < sum.size(); ++band) {
        sum[band] = (corner[0][band] + corner[right][band] + corner[below][band] + corner[below + right][band]) / 4;
      }
    }
  }
  return half;
}

// Between the four texels around it.
void Texture::add(const Level& level, float u, float v, float share, Texel& sum) {
  const float x = u * static_cast<float>(level.width) - 0.5F;
  const float y = v * static_cast<float>(level.height) - 0.5F;
  const int left = whole_below(x);
  const int top = whole_below(y);
  // Negative numbers wrap as they should, since the edges are powers of two.
  const size_t x0 = static_cast<size_t>(left) & (level.width - 1);
  const size_t x1 = static_cast<size_t>(left + 1) & (level.width - 1);
  const Texel* upper = level.texels.data() + (static_cast<size_t>(top) & (level.height - 1)) * level.width;
  const Texel* lower = level.texels.data() + (static_cast<size_t>(top + 1) & (level.height - 1)) * level.width;
  const float right = x - static_cast<float>(left);
  const float down = y - static_cast<float>(top);
  const float above = share * (1 - down);
  const float below = share * down;
  for (size_t band = 0; band < sum.size(); ++band) {
    sum[band] += (upper[x0][band] * (1 - right) + upper[x1][band] * right) * above +
                 (lower[x0][band] * (1 - right) + lower[x1][band] * right) * below;
  }
}

Texel Texture::at(float u, float v, float area) const {
  if (levels_.size() == 1) return levels_.front().texels.front();
  const float level = std::clamp((logarithm(area) + area_) / 2, 0.0F, static_cast<float>(levels_.size() - 1));
  const auto finer = static_cast<size_t>(level);
  const float rest = level - static_cast<float>(finer);
  Texel sum{};
  add(levels_[finer], u, v, 1 - rest, sum);
  if (rest > 0) add(levels_[finer + 1], u, v, rest, sum);
  return sum;
}

}  // namespace damfs::worker
