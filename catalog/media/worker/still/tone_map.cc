// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/tone_map.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace damfs::worker {
namespace {

constexpr double kWhiteShare = 0.99;  // of the pixels are darker than white

float light(float value) { return std::isfinite(value) && value > 0 ? value : 0; }

// The brightest channel's value that `kWhiteShare` of the visible pixels do not reach; 1 for a black picture.
float white_of(const float* pixels, size_t count, size_t bands) {
  std::vector<float> peaks;
  peaks.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const float* pixel = pixels + i * bands;
    if (bands == 4 && !(pixel[3] > 0)) continue;  // not to be seen
    peaks.push_back(std::max({light(pixel[0]), light(pixel[1]), light(pixel[2])}));
  }
  if (peaks.empty()) return 1;
  const auto rank = static_cast<ptrdiff_t>(static_cast<double>(peaks.size() - 1) * kWhiteShare);
  std::nth_element(peaks.begin(), peaks.begin() + rank, peaks.end());
  const float white = peaks[static_cast<size_t>(rank)];
  return white > 0 ? white : 1;
}

uint8_t to_byte(double value) { return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0, 1.0) * 255)); }

Image shrunk(const Image& image, Raster target) {
  const bool lies = vips_image_get_orientation(image.get()) >= 5;
  const auto width = static_cast<double>(lies ? target.height : target.width);
  const auto height = static_cast<double>(lies ? target.width : target.height);
  VipsImage* small = nullptr;
  if (vips_resize(image.get(), &small, width / vips_image_get_width(image.get()), "vscale",
                  height / vips_image_get_height(image.get()), nullptr) != 0) {
    damaged_picture();
  }
  const Image owner(small);
  VipsImage* turned = nullptr;
  if (vips_autorot(small, &turned, nullptr) != 0) damaged_picture();
  const Image turned_owner(turned);
  return in_memory(turned);
}

}  // namespace

uint8_t srgb_byte(double linear) {
  const double value = std::clamp(linear, 0.0, 1.0);
  return to_byte(value <= 0.0031308 ? 12.92 * value : 1.055 * std::pow(value, 1 / 2.4) - 0.055);
}

namespace {

// Portable float maps, which libvips calls sRGB.
bool is_float_map(VipsImage* image) {
  return was_loaded_by(image, "ppmload") && vips_image_get_format(image) == VIPS_FORMAT_FLOAT;
}

}  // namespace

bool is_scene_linear(VipsImage* image) {
  return vips_image_get_coding(image) == VIPS_CODING_RAD || is_float_map(image) ||
         vips_image_get_interpretation(image) == VIPS_INTERPRETATION_scRGB;
}

Image linear_rgb(Image image) {
  VipsImage* next = nullptr;
  if (vips_image_get_coding(image.get()) == VIPS_CODING_RAD) {
    if (vips_rad2float(image.get(), &next, nullptr) != 0) damaged_picture();
    image.reset(next);
  }
  if (is_float_map(image.get())) {
    if (vips_image_get_bands(image.get()) == 1) {
      VipsImage* grey[] = {image.get(), image.get(), image.get()};
      if (vips_bandjoin(grey, &next, 3, nullptr) != 0) damaged_picture();
      image.reset(next);
    }
    if (vips_copy(image.get(), &next, "interpretation", VIPS_INTERPRETATION_scRGB, nullptr) != 0) damaged_picture();
    image.reset(next);
    return image;
  }
  if (vips_colourspace(image.get(), &next, VIPS_INTERPRETATION_scRGB, nullptr) != 0) damaged_picture();
  return Image(next);
}

Image tone_mapped(Image linear, Raster target) {
  const Image source = shrunk(linear, target);
  const auto bands = static_cast<size_t>(vips_image_get_bands(source.get()));
  const int width = vips_image_get_width(source.get());
  const int height = vips_image_get_height(source.get());
  const size_t count = static_cast<size_t>(width) * static_cast<size_t>(height);
  if (vips_image_get_format(source.get()) != VIPS_FORMAT_FLOAT || (bands != 3 && bands != 4)) damaged_picture();
  const auto* pixels = static_cast<const float*>(vips_image_get_data(source.get()));
  const double white = white_of(pixels, count, bands);
  std::vector<uint8_t> mapped(count * bands);
  for (size_t i = 0; i < count; ++i) {
    const float* pixel = pixels + i * bands;
    const double alpha = bands == 4 ? std::clamp(light(pixel[3]), 0.0F, 1.0F) : 1.0;
    for (size_t band = 0; band < 3; ++band) {
      mapped[i * bands + band] = alpha > 0 ? srgb_byte(light(pixel[band]) / alpha / white) : 0;
    }
    if (bands == 4) mapped[i * bands + 3] = to_byte(alpha);
  }
  Image image(vips_image_new_from_memory_copy(mapped.data(), mapped.size(), width, height, static_cast<int>(bands),
                                              VIPS_FORMAT_UCHAR));
  if (!image) damaged_picture();
  image->Type = VIPS_INTERPRETATION_sRGB;
  return image;
}

}  // namespace damfs::worker
