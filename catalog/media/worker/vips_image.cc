// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/vips_image.h"

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"

namespace damfs::worker {
namespace {

Image bare_copy(VipsImage* image) {
  size_t size = 0;
  void* pixels = vips_image_write_to_memory(image, &size);
  if (pixels == nullptr || left_blank_tiles()) {
    g_free(pixels);
    damaged_picture();
  }
  Image copy(vips_image_new_from_memory(pixels, size, vips_image_get_width(image), vips_image_get_height(image),
                                        vips_image_get_bands(image), vips_image_get_format(image)));
  if (!copy) {
    g_free(pixels);
    damaged_picture();
  }
  g_object_set_data_full(G_OBJECT(copy.get()), "damfs-pixels", pixels, g_free);
  copy->Type = VIPS_INTERPRETATION_sRGB;
  return copy;
}

}  // namespace

void damaged_picture() { fail(EINVAL, "the picture is damaged: {}", vips_complaint()); }

ImageSource image_source(Bytes bytes) {
  ImageSource made(vips_source_new_from_memory(bytes.data(), bytes.size()));
  if (!made) fail(EIO, "cannot read the picture: {}", vips_complaint());
  return made;
}

Image open_image(Bytes bytes, VipsSource* source) {
  if (bytes.empty()) fail(EINVAL, "the file is empty");
  vips_error_clear();
  const char* loader = vips_foreign_find_load_source(source);
  if (loader == nullptr)
    fail(EINVAL, "the picture is of a format that is not read, or is damaged: {}", vips_complaint());
  Image image(vips_image_new_from_source(source, "", "access", VIPS_ACCESS_SEQUENTIAL, nullptr));
  if (!image) damaged_picture();
  return image;
}

int jpeg_shrink(Raster stored, Raster target) {
  int shrink = 1;
  while (shrink < 8 && stored.width / (2 * shrink) >= target.width && stored.height / (2 * shrink) >= target.height) {
    shrink *= 2;
  }
  return shrink;
}

Image load_image(VipsSource* source, int shrink) {
  VipsImage* image = nullptr;
  if (shrink > 1) {
    vips_jpegload_source(source, &image, "shrink", shrink, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", kFailOn,
                         nullptr);
  } else {
    image = vips_image_new_from_source(source, "", "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", kFailOn, nullptr);
  }
  if (image == nullptr) damaged_picture();
  return Image(image);
}

int orientation_of(VipsImage* image) { return vips_image_get_orientation(image); }

bool was_loaded_by(VipsImage* image, const char* loader) {
  const char* name = nullptr;
  return vips_image_get_typeof(image, VIPS_META_LOADER) != 0 &&
         vips_image_get_string(image, VIPS_META_LOADER, &name) == 0 && g_str_has_prefix(name, loader);
}

Raster raster_of(VipsImage* image) { return {vips_image_get_width(image), vips_image_get_page_height(image)}; }

bool is_drawing(VipsImage* image) { return was_loaded_by(image, "pdfload") || was_loaded_by(image, "svgload"); }

Raster drawing_raster(VipsImage* image) {
  const Raster page = raster_of(image);
  const int64_t longest = std::max<int64_t>({page.width, page.height, 1});
  const auto scaled = [&](int64_t edge) {
    return std::max<int64_t>(1, (2 * edge * kDrawingEdge + longest) / (2 * longest));
  };
  return {scaled(page.width), scaled(page.height)};
}

Image in_memory(VipsImage* image) {
  Image copy(vips_image_copy_memory(image));
  if (!copy || left_blank_tiles()) damaged_picture();
  return copy;
}

Image settled(Image image) {
  VipsImage* next = nullptr;
  if (vips_image_get_interpretation(image.get()) != VIPS_INTERPRETATION_sRGB) {
    if (vips_colourspace(image.get(), &next, VIPS_INTERPRETATION_sRGB, nullptr) != 0) damaged_picture();
    image.reset(next);
  }
  if (vips_image_get_bands(image.get()) > 4) {
    if (vips_extract_band(image.get(), &next, 0, "n", 3, nullptr) != 0) damaged_picture();
    image.reset(next);
  }
  if (vips_image_get_format(image.get()) != VIPS_FORMAT_UCHAR) {
    if (vips_cast(image.get(), &next, VIPS_FORMAT_UCHAR, nullptr) != 0) damaged_picture();
    image.reset(next);
  }
  return bare_copy(image.get());
}

}  // namespace damfs::worker
