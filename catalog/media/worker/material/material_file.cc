// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/material/material_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/media/worker/material/material_surface.h"
#include "catalog/media/worker/probe/mime.h"
#include "catalog/media/worker/probe/probe.h"
#include "catalog/media/worker/still/picture.h"
#include "catalog/media/worker/still/tone_map.h"

namespace damfs::worker {
namespace {

double largest_number(VipsImage* image) {
  switch (vips_image_get_format(image)) {
    case VIPS_FORMAT_UCHAR: return 255;
    case VIPS_FORMAT_USHORT: return 65'535;
    case VIPS_FORMAT_UINT: return 4'294'967'295;
    case VIPS_FORMAT_FLOAT:
    case VIPS_FORMAT_DOUBLE: return 1;
    default: fail(EINVAL, "the picture holds numbers of a kind that maps do not");
  }
}

const std::array<float, 256>& linear_of_srgb() {
  static const std::array<float, 256> instance = [] {
    std::array<float, 256> table{};
    for (size_t i = 0; i < table.size(); ++i) {
      const double value = static_cast<double>(i) / 255;
      table[i] = static_cast<float>(value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4));
    }
    return table;
  }();
  return instance;
}

size_t count_of(VipsImage* image) { return VIPS_IMAGE_N_PELS(image); }

Image four_floats(const std::vector<float>& pixels, VipsImage* like) {
  Image image(vips_image_new_from_memory_copy(pixels.data(), pixels.size() * sizeof(float), vips_image_get_width(like),
                                              vips_image_get_height(like), 4, VIPS_FORMAT_FLOAT));
  if (!image) damaged_picture();
  return image;
}

// Of 8-bit sRGB.
Image linear(const Image& image) {
  const auto bands = static_cast<size_t>(vips_image_get_bands(image.get()));
  if (bands < 3) damaged_picture();
  const auto* from = static_cast<const uint8_t*>(vips_image_get_data(image.get()));
  const std::array<float, 256>& table = linear_of_srgb();
  std::vector<float> pixels;
  pixels.reserve(4 * count_of(image.get()));
  for (size_t i = 0; i < count_of(image.get()); ++i, from += bands) {
    const float opacity = bands > 3 ? static_cast<float>(from[3]) / 255 : 1;
    for (size_t band = 0; band < 3; ++band) pixels.push_back(table[from[band]] * opacity);
    pixels.push_back(opacity);
  }
  return four_floats(pixels, image.get());
}

// Of floats that are light.
Image clipped(const Image& image) {
  const auto bands = static_cast<size_t>(vips_image_get_bands(image.get()));
  if (bands < 3 || vips_image_get_format(image.get()) != VIPS_FORMAT_FLOAT) damaged_picture();
  const auto* from = static_cast<const float*>(vips_image_get_data(image.get()));
  std::vector<float> pixels;
  pixels.reserve(4 * count_of(image.get()));
  for (size_t i = 0; i < count_of(image.get()); ++i, from += bands) {
    const float opacity = bands > 3 ? within_one(from[3]) : 1;
    for (size_t band = 0; band < 3; ++band) pixels.push_back(std::min(within_one(from[band]), opacity));
    pixels.push_back(opacity);
  }
  return four_floats(pixels, image.get());
}

// Without the overshoot of sharper kernels, which would be a rim of some other material where two meet.
Image resized(Image image, Raster raster) {
  const double across = static_cast<double>(raster.width) / vips_image_get_width(image.get());
  const double down = static_cast<double>(raster.height) / vips_image_get_height(image.get());
  // Enlarging looks back, which a picture that streams by does not allow.
  if (across > 1 || down > 1) image = in_memory(image.get());
  VipsImage* made = nullptr;
  if (vips_resize(image.get(), &made, across, "vscale", down, "kernel", VIPS_KERNEL_LINEAR, nullptr) != 0) {
    damaged_picture();
  }
  const Image small(made);
  if (vips_linear1(small.get(), &made, 1 / largest_number(small.get()), 0, nullptr) != 0) damaged_picture();
  const Image scaled(made);
  if (vips_cast(scaled.get(), &made, VIPS_FORMAT_FLOAT, nullptr) != 0) damaged_picture();
  const Image floats(made);
  if (raster_of(floats.get()) != raster) damaged_picture();
  return in_memory(floats.get());
}

}  // namespace

// What was catalogued as a picture and has no signature is one of Truevision's.
MapFile::MapFile(Bytes bytes)
    : bytes_(bytes), mime_(mime_of(Source(bytes), "map.tga")), maker_(media_type(mime_).still) {
  if (media_type(mime_).prober == Prober::kFlat) {
    stored_ = flat_raster(maker_, Source(bytes), mime_);
  } else {
    source_ = image_source(bytes);
    header_ = open_image(bytes, source_.get());
    stored_ = raster_of(header_.get());
  }
}

Image MapFile::numbers(Raster raster) const {
  if (maker_ == StillMaker::kExr) return resized(exr_light(bytes_, raster), raster);
  if (maker_ == StillMaker::kPhotoshop) return resized(psd_flattened(bytes_), raster);
  if (maker_ == StillMaker::kCodec) return resized(codec_decoded(bytes_, mime_), raster);
  const ImageSource source = image_source(bytes_);
  const bool is_jpeg = was_loaded_by(header_.get(), "jpegload");
  Image image = load_image(source.get(), is_jpeg ? jpeg_shrink(stored_, raster) : 1);
  if (vips_image_get_coding(image.get()) == VIPS_CODING_RAD) image = linear_rgb(std::move(image));
  return resized(std::move(image), raster);
}

Image MapFile::colours(Raster raster) const {
  if (maker_ == StillMaker::kExr) return clipped(resized(exr_light(bytes_, raster), raster));
  if (maker_ == StillMaker::kPhotoshop) return linear(psd_picture(bytes_)->at(raster));
  if (maker_ == StillMaker::kCodec) return linear(codec_picture(bytes_, mime_)->at(raster));
  if (is_scene_linear(header_.get())) {
    const ImageSource source = image_source(bytes_);
    return clipped(resized(linear_rgb(load_image(source.get(), 1)), raster));
  }
  return linear(image_picture(bytes_, 1, Reuse::kNo)->at(raster));
}

}  // namespace damfs::worker
