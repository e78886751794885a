// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/media/worker/exif.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/picture.h"

namespace damfs::worker {
namespace {

int orientation_in(const Exiv2::ExifData& exif) {
  const auto found = exif.findKey(Exiv2::ExifKey("Exif.Image.Orientation"));
  if (found == exif.end() || found->count() == 0) return 1;
  const int64_t value = whole_number(*found);
  return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

int64_t area(const Exiv2::PreviewProperties& preview) {
  return static_cast<int64_t>(preview.width_) * static_cast<int64_t>(preview.height_);
}

// What the preview's own header says, which is what will be decoded; empty: it is none that libvips reads.
Raster raster_in(Bytes bytes) {
  try {
    const ImageSource source = image_source(bytes);
    return raster_of(open_image(bytes, source.get()).get());
  } catch (const Error&) {
    return {};
  }
}

class RawPicture final : public Picture {
 public:
  RawPicture(RawPreview preview, Reuse reuse)
      : preview_(std::move(preview)), picture_(image_picture(preview_.bytes, preview_.orientation, reuse)) {}
  Image at(Raster target) override { return picture_->at(target); }

 private:
  const RawPreview preview_;
  const PictureRef picture_;
};

}  // namespace

std::optional<RawPreview> raw_preview(const Source& source) {
  try {
    const auto bytes = source.bytes();
    const auto image = Exiv2::ImageFactory::open(bytes.data(), static_cast<long>(bytes.size()));
    image->readMetadata();
    const Exiv2::PreviewManager manager(*image);
    auto previews = manager.getPreviewProperties();
    std::stable_sort(previews.begin(), previews.end(), [](const auto& a, const auto& b) { return area(a) > area(b); });
    for (const auto& properties : previews) {
      const Exiv2::PreviewImage preview = manager.getPreviewImage(properties);
      RawPreview found;
      found.bytes.assign(preview.pData(), preview.pData() + preview.size());
      found.raster = raster_in(found.bytes);
      found.orientation = orientation_in(image->exifData());
      if (found.raster) return found;
    }
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    complain(error.what());
  }
  return std::nullopt;
}

PictureRef raw_picture(const Source& source, Reuse reuse) {
  auto preview = raw_preview(source);
  if (!preview) fail(EINVAL, "the camera's raw file holds no preview that can be read");
  return std::make_unique<RawPicture>(std::move(*preview), reuse);
}

}  // namespace damfs::worker
