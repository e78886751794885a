// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/exif_orientation.h"
#include "catalog/media/worker/still/picture.h"
#include "catalog/media/worker/still/raw_file.h"

namespace damfs::worker {
namespace {

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

int64_t long_edge(Raster raster) { return std::max(raster.width, raster.height); }

// Embedded pictures of less than this are for a camera's own screen.
constexpr int64_t kLargePreview = 1600;

class RawPicture final : public Picture {
 public:
  RawPicture(RawPreview preview, Reuse reuse)
      : preview_(std::move(preview)), picture_(image_picture(preview_.bytes, preview_.orientation, reuse)) {}
  Image at(Raster target) override { return picture_->at(target); }

 private:
  const RawPreview preview_;
  const PictureRef picture_;
};

class DevelopedPicture final : public Picture {
 public:
  explicit DevelopedPicture(Bytes bytes) : image_(RawFile(bytes).developed()) {}

  Image at(Raster target) override { return settled_at(image_.get(), target); }

 private:
  const Image image_;
};

// As exiv2 finds it.
std::optional<RawPreview> embedded_preview(const Source& source) {
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

}  // namespace

// Where exiv2 finds nothing large LibRaw may: in Canon's boxes, or on the sensor.
std::optional<RawPreview> raw_preview(const Source& source) {
  auto found = embedded_preview(source);
  if (found && long_edge(found->raster) >= kLargePreview) return found;
  try {
    RawFile raw(source.bytes());
    RawPreview other{raw.thumbnail(), {}, found ? found->orientation : raw.orientation()};
    other.raster = raster_in(other.bytes);
    if (other.raster && (!found || long_edge(other.raster) > long_edge(found->raster))) found = std::move(other);
    const Raster developed = raw.raster();
    const bool is_small = !found || long_edge(found->raster) < kLargePreview;
    if (is_small && developed && (!found || long_edge(developed) > long_edge(found->raster))) {
      return RawPreview{{}, developed, raw.orientation()};
    }
  } catch (const Error& error) {
    complain(error.what());
  }
  return found;
}

PictureRef raw_picture(const Source& source, Reuse reuse) {
  auto preview = raw_preview(source);
  if (!preview) fail(EINVAL, "the camera's raw file holds no preview that can be read");
  if (preview->bytes.empty()) return std::make_unique<DevelopedPicture>(source.bytes());
  return std::make_unique<RawPicture>(std::move(*preview), reuse);
}

}  // namespace damfs::worker
