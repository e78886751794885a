// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vips/vips.h>

#include <memory>

#include "catalog/media/worker/source.h"

namespace damfs::worker {

struct ObjectDeleter {
  template <typename T>
  void operator()(T* object) const {
    g_object_unref(object);
  }
};
using Image = std::unique_ptr<VipsImage, ObjectDeleter>;
using ImageSource = std::unique_ptr<VipsSource, ObjectDeleter>;

// The bytes as libvips reads them; `source` must outlive it and every image made from it.
ImageSource image_source(const Source& source);

// Opens it by content with a libvips loader, sequential access, header only. Throws Error with the reason.
Image open_image(const Source& source, VipsSource* bytes);

// Exif 1..8 as the still of that image will be turned.
int orientation_of(VipsImage* image);

}  // namespace damfs::worker
