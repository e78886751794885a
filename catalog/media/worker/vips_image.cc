// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/vips_image.h"

#include <cerrno>
#include <cstring>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"

namespace damfs::worker {

ImageSource image_source(const Source& source) {
  const auto bytes = source.bytes();
  ImageSource made(vips_source_new_from_memory(bytes.data(), bytes.size()));
  if (!made) fail(EIO, "cannot read the picture: {}", vips_complaint());
  return made;
}

Image open_image(const Source& source, VipsSource* bytes) {
  if (source.size() == 0) fail(EINVAL, "the file is empty");
  vips_error_clear();
  const char* loader = vips_foreign_find_load_source(bytes);
  if (loader == nullptr)
    fail(EINVAL, "the picture is of a format that is not read, or is damaged: {}", vips_complaint());
  Image image(vips_image_new_from_source(bytes, "", "access", VIPS_ACCESS_SEQUENTIAL, nullptr));
  if (!image) fail(EINVAL, "the picture is damaged: {}", vips_complaint());
  return image;
}

int orientation_of(VipsImage* image) { return vips_image_get_orientation(image); }

}  // namespace damfs::worker
