// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/vips_image.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/metadata/exif_orientation.h"
#include "catalog/media/worker/metadata/png_chunks.h"
#include "catalog/media/worker/probe/mime.h"
#include "catalog/media/worker/still/half_tiff.h"

namespace damfs::worker {
namespace {

bool shows_damaged = false;

bool is_spoilt() { return left_blank_tiles() && !shows_damaged; }

// Brands of sequences of HEIF's relatives, which libvips leaves out of those that it knows them by; the picture that
// stands for all is in them as in the others.
bool is_sequence(VipsSource* source) {
  const auto* head = reinterpret_cast<const char*>(vips_source_sniff(source, 12));
  if (head == nullptr) vips_error_clear();
  return head != nullptr && std::string_view(head + 4, 8) == "ftypavis";
}

// A JPEG of which not even the first segment's mark is whole, by which libvips knows it: its reader takes it for one.
bool is_scratched_jpeg(VipsSource* source) {
  const auto* head = reinterpret_cast<const char*>(vips_source_sniff(source, 10));
  if (head == nullptr) vips_error_clear();
  return head != nullptr && looks_like_scratched_jpeg(std::string_view(head, 10));
}

// What libvips' reader of TIFF says no to. Null: it is something else, and what libvips said stands.
Image what_tiff_leaves_out(VipsSource* source) {
  const auto* head = reinterpret_cast<const char*>(vips_source_sniff(source, 4));
  if (head == nullptr || (std::string_view(head, 4) != std::string_view("II*\0", 4) &&
                          std::string_view(head, 4) != std::string_view("MM\0*", 4))) {
    return nullptr;
  }
  size_t size = 0;
  const auto* bytes = static_cast<const uint8_t*>(vips_source_map(source, &size));
  if (bytes == nullptr) return nullptr;
  Image image = half_float_tiff({bytes, size});
  return image ? std::move(image) : subsampled_tiff({bytes, size});
}

// Null: it cannot be read, and libvips says why.
VipsImage* opened(VipsSource* source, VipsFailOn fail_on) {
  VipsImage* image = nullptr;
  if (vips_foreign_find_load_source(source) == nullptr && is_sequence(source)) {
    vips_heifload_source(source, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on, nullptr);
    return image;
  }
  if (is_scratched_jpeg(source)) {
    vips_jpegload_source(source, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on, nullptr);
    return image;
  }
  image = vips_image_new_from_source(source, "", "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on, nullptr);
  return image != nullptr ? image : what_tiff_leaves_out(source).release();
}

Image bare_copy(VipsImage* image) {
  size_t size = 0;
  void* pixels = vips_image_write_to_memory(image, &size);
  if (pixels == nullptr || is_spoilt()) {
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

ShowsDamaged::ShowsDamaged() { shows_damaged = true; }
ShowsDamaged::~ShowsDamaged() { shows_damaged = false; }
VipsFailOn fail_on() { return shows_damaged ? VIPS_FAIL_ON_NONE : VIPS_FAIL_ON_ERROR; }

void damaged_picture() { fail(EINVAL, "the picture is damaged: {}", vips_complaint()); }

ImageSource image_source(Bytes bytes) {
  ImageSource made(vips_source_new_from_memory(bytes.data(), bytes.size()));
  if (!made) fail(EIO, "cannot read the picture: {}", vips_complaint());
  return made;
}

Image open_image(Bytes bytes, VipsSource* source) {
  if (bytes.empty()) fail(EINVAL, "the file is empty");
  vips_error_clear();
  if (vips_foreign_find_load_source(source) == nullptr && !is_sequence(source) && !is_scratched_jpeg(source))
    fail(EINVAL, "the picture is of a format that is not read, or is damaged: {}", vips_complaint());
  Image image(opened(source, VIPS_FAIL_ON_NONE));
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
    vips_jpegload_source(source, &image, "shrink", shrink, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on(),
                         nullptr);
  } else {
    image = opened(source, fail_on());
  }
  if (image == nullptr) damaged_picture();
  return Image(image);
}

int orientation_of(VipsImage* image, Bytes bytes) {
  const bool is_unseen = (was_loaded_by(image, "pngload") && png_chunks(bytes).exif_is_behind) ||
                         (was_loaded_by(image, "jp2kload") && vips_image_get_typeof(image, VIPS_META_EXIF_NAME) == 0);
  return is_unseen ? exif_orientation(bytes) : vips_image_get_orientation(image);
}

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
  if (!copy || is_spoilt()) damaged_picture();
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

Image settled_at(VipsImage* image, Raster target) {
  VipsImage* small = nullptr;
  if (vips_thumbnail_image(image, &small, static_cast<int>(target.width), "height", static_cast<int>(target.height),
                           "size", VIPS_SIZE_FORCE, nullptr) != 0) {
    damaged_picture();
  }
  return settled(Image(small));
}

}  // namespace damfs::worker
