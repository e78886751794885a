// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vips/vips.h>

#include <cstdint>
#include <memory>
#include <span>

#include "catalog/media/geometry.h"

namespace damfs::worker {

struct ObjectDeleter {
  template <typename T>
  void operator()(T* object) const {
    g_object_unref(object);
  }
};
using Image = std::unique_ptr<VipsImage, ObjectDeleter>;
using ImageSource = std::unique_ptr<VipsSource, ObjectDeleter>;
using Bytes = std::span<const uint8_t>;

// While one stands, damaged pictures are decoded as far as they go, and what is missing of them is left blank; else the
// first damage ends it. For the whole process, as what libvips reports is.
class ShowsDamaged {
 public:
  ShowsDamaged();
  ~ShowsDamaged();
  ShowsDamaged(const ShowsDamaged&) = delete;
  ShowsDamaged& operator=(const ShowsDamaged&) = delete;
};
VipsFailOn fail_on();

[[noreturn]] void damaged_picture();  // EINVAL, with what libvips says of it

// The bytes as libvips reads them; they must outlive it and every image made from it.
ImageSource image_source(Bytes bytes);

// Opens it by content with a libvips loader, sequential access, header only. Throws Error with the reason.
Image open_image(Bytes bytes, VipsSource* source);

// By how much a JPEG decoder divides its picture for less than the full decode costs. The last step down to the target
// is then less than a factor of two, which costs no sharpness that a preview shows.
int jpeg_shrink(Raster stored, Raster target);

// The same, to be decoded as far as it is undamaged; at 1/shrink of its size, which only JPEGs can.
Image load_image(VipsSource* source, int shrink);

// Exif 1..8 as the still of that image will be turned. `bytes`: of its file, for what libvips does not look at.
int orientation_of(VipsImage* image, Bytes bytes);

bool was_loaded_by(VipsImage* image, const char* loader);  // a libvips operation's name, or its beginning

Raster raster_of(VipsImage* image);  // of one page

// Drawings have no pixels of their own: their raster is the one with that long edge, so that they fill every box.
inline constexpr int64_t kDrawingEdge = 4096;
bool is_drawing(VipsImage* image);
Raster drawing_raster(VipsImage* image);

// Decodes what is not decoded yet: the same picture in memory.
Image in_memory(VipsImage* image);

// 8-bit sRGB with or without alpha, in memory and with nothing of the source's metadata, which libvips would
// otherwise parse and rewrite each time it encodes.
Image settled(Image image);
// A decoded picture in exactly that raster, settled.
Image settled_at(VipsImage* image, Raster target);

}  // namespace damfs::worker
