// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/exif_orientation.h"

#include <exception>

#include "catalog/media/worker/metadata/exif.h"

namespace damfs::worker {

int orientation_in(const Exiv2::ExifData& exif) {
  const auto found = exif.findKey(Exiv2::ExifKey("Exif.Image.Orientation"));
  if (found == exif.end() || found->count() == 0) return 1;
  const int64_t value = whole_number(*found);
  return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

int exif_orientation(std::span<const uint8_t> bytes) {
  try {
    const auto image = Exiv2::ImageFactory::open(bytes.data(), static_cast<long>(bytes.size()));
    image->readMetadata();
    return orientation_in(image->exifData());
  } catch (const std::exception&) {
    return 1;  // no container that it opens, or a damaged one
  }
}

}  // namespace damfs::worker
