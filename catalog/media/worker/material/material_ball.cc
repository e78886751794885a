// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/material/material_ball.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "catalog/media/worker/material/material_light.h"
#include "catalog/media/worker/material/material_maps.h"
#include "catalog/media/worker/still/tone_map.h"

namespace damfs::worker {
namespace {

constexpr float kRadius = 0.485F;   // of the ball, as a share of the picture's edge
constexpr float kTileEdge = 1.45F;  // what one repetition covers of a ball of radius 1: an arc so long, if it is square
// A larger picture shows the texels so large that more than one sample a pixel is hardly to be seen, but has to be
// waited for.
constexpr int64_t kMaxSupersampled = 1024;
// Above it bright colours are squeezed into what is left below white, and fade to it; below it a colour stays what it
// is, which is what somebody choosing a material looks for.
constexpr float kShoulder = 0.76F;

Vec3 toned(Vec3 light) {
  const float peak = std::max({light.x, light.y, light.z});
  if (peak <= kShoulder) return light;
  const float room = 1 - kShoulder;
  const float squeezed = 1 - room * room / (peak - kShoulder + room);
  const float faded = 1 - 1 / (0.15F * (peak - squeezed) + 1);
  return mix(light * (squeezed / peak), {squeezed, squeezed, squeezed}, faded);
}

// srgb_byte by a table fine enough that a dark grey is never off by one.
uint8_t screen_byte(float linear) {
  constexpr size_t kSteps = 1U << 14;
  static const std::vector<uint8_t> table = [] {
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i <= kSteps; ++i) bytes.push_back(srgb_byte(static_cast<double>(i) / kSteps));
    return bytes;
  }();
  return table[static_cast<size_t>(std::clamp(linear, 0.0F, 1.0F) * kSteps + 0.5F)];
}

struct Pixel {
  Vec3 colour;  // multiplied by opacity
  float opacity = 0;
};

// The visible half of the ball is wrapped as with a cloth that is laid on its middle and stretched so that everything
// keeps its area (Lambert's azimuthal projection). So there is neither pole nor seam, and what is near the middle is
// not distorted.
class Ball {
 public:
  Ball(const Material& material, Raster target)
      : material_(material),
        across_(kTileEdge * std::sqrt(material.aspect())),
        down_(kTileEdge / std::sqrt(material.aspect())),
        samples_(std::min(target.width, target.height) <= kMaxSupersampled ? 2 : 1),
        radius_(static_cast<float>(std::min(target.width, target.height)) * kRadius),
        left_(static_cast<float>(target.width) / 2),
        top_(static_cast<float>(target.height) / 2) {}

  Pixel pixel(int64_t column, int64_t row) const {
    const float x = static_cast<float>(column) + 0.5F - left_;
    const float y = top_ - static_cast<float>(row) - 0.5F;
    const float cover = std::clamp(radius_ - std::sqrt(x * x + y * y) + 0.5F, 0.0F, 1.0F);
    Pixel sum;
    if (cover <= 0) return sum;
    const float share = cover / static_cast<float>(samples_ * samples_);
    for (int i = 0; i < samples_ * samples_; ++i) {
      const Pixel sample = at((x + offset(i % samples_)) / radius_, (y - offset(i / samples_)) / radius_);
      sum.colour = sum.colour + sample.colour * share;
      sum.opacity += sample.opacity * share;
    }
    return sum;
  }

 private:
  float offset(int sample) const { return (static_cast<float>(sample) + 0.5F) / static_cast<float>(samples_) - 0.5F; }

  // A point of the ball as the camera sees it, in radii from its middle.
  Pixel at(float x, float y) const {
    constexpr float kRim = 0.998F;  // where the ball is seen from the side there is nothing to tell
    const float distance = std::sqrt(x * x + y * y);
    if (distance > kRim) {
      x *= kRim / distance;
      y *= kRim / distance;
    }
    const float rim = std::min(distance, kRim);
    const float z = std::sqrt(1 - rim * rim);
    const float stretch = std::sqrt(2 / (1 + z));
    const float step = 1 / (radius_ * static_cast<float>(samples_));
    const Surface surface =
        material_.at(0.5F + x * stretch / across_, 0.5F - y * stretch / down_, step * step / (z * across_ * down_));
    // The cloth's own directions, carried along from the middle.
    const float turn = -x * y / (1 + z);
    const Vec3 along{1 - x * x / (1 + z), turn, -x};
    const Vec3 up{turn, 1 - y * y / (1 + z), -y};
    const Vec3 normal = along * surface.normal.x + up * surface.normal.y + Vec3{x, y, z} * surface.normal.z;
    return {toned(lit(surface, normal)) * surface.opacity, surface.opacity};
  }

  const Material& material_;
  const float across_, down_;        // what one repetition covers
  const int samples_;                // of a pixel, across and down
  const float radius_, left_, top_;  // in pixels
};

class MaterialPicture final : public Picture {
 public:
  explicit MaterialPicture(std::span<const MaterialMap> maps) : material_(Material::read(maps)) {}

  Image at(Raster target) override {
    const Ball ball(material_, target);
    std::vector<uint8_t> bytes;
    bytes.reserve(4 * static_cast<size_t>(target.width * target.height));
    for (int64_t row = 0; row < target.height; ++row) {
      for (int64_t column = 0; column < target.width; ++column) {
        const auto [colour, opacity] = ball.pixel(column, row);
        const Vec3 seen = opacity > 0 ? colour / opacity : Vec3{};
        bytes.insert(bytes.end(), {screen_byte(seen.x), screen_byte(seen.y), screen_byte(seen.z),
                                   static_cast<uint8_t>(std::lround(std::min(opacity, 1.0F) * 255))});
      }
    }
    Image image(vips_image_new_from_memory_copy(bytes.data(), bytes.size(), static_cast<int>(target.width),
                                                static_cast<int>(target.height), 4, VIPS_FORMAT_UCHAR));
    if (!image) damaged_picture();
    image->Type = VIPS_INTERPRETATION_sRGB;
    return image;
  }

 private:
  const Material material_;
};

}  // namespace

PictureRef material_picture(std::span<const MaterialMap> maps) { return std::make_unique<MaterialPicture>(maps); }

}  // namespace damfs::worker
