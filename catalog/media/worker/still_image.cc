// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <iterator>
#include <string_view>

#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/picture.h"
#include "catalog/media/worker/tone_map.h"

namespace damfs::worker {
namespace {

// Decoded pixels that are kept from one raster to the next; beyond it decoding again costs less than memory.
constexpr uint64_t kMaxKept = uint64_t{768} << 20;

// Formats that libvips can decode at a smaller size than they have.
bool shrinks_while_loading(VipsImage* image) {
  constexpr const char* kLoaders[] = {"webpload", "jp2kload"};
  return std::any_of(std::begin(kLoaders), std::end(kLoaders),
                     [&](const char* loader) { return was_loaded_by(image, loader); });
}

// Whether colours go through profiles. Most cameras' files say that they are sRGB already, and a transform to the
// same space only costs time.
bool needs_profiles(VipsImage* image) {
  if (vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK) return true;
  const void* data = nullptr;
  size_t size = 0;
  if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) == 0 ||
      vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &size) != 0) {
    return false;
  }
  const std::string_view profile(static_cast<const char*>(data), size);
  constexpr std::string_view kNarrow = "sRGB IEC61966-2.1";
  constexpr std::string_view kWide("s\0R\0G\0B\0 \0I\0E\0C", 15);  // as version 4 profiles spell it
  return profile.find(kNarrow) == profile.npos && profile.find(kWide) == profile.npos;
}

class ImagePicture final : public Picture {
 public:
  ImagePicture(Bytes bytes, std::optional<int> orientation, Reuse reuse)
      : bytes_(bytes),
        forced_(orientation),
        reuse_(reuse),
        header_source_(image_source(bytes)),
        header_(open_image(bytes, header_source_.get())) {}

  Image at(Raster target) override {
    // Loaded here and not by vips_thumbnail_source, which in libvips 8.14 forgets fail_on; and which would take
    // the picture's own orientation.
    if (is_drawing(header_.get())) return drawn(target);
    if (is_scene_linear(header_.get())) return tone_mapped(linear_rgb(loaded(1)), target);
    if (was_loaded_by(header_.get(), "jpegload")) {
      const Raster lying = orientation() >= 5 ? Raster{target.height, target.width} : target;
      return settled(shrunk(loaded(jpeg_shrink(stored(), lying)), target));
    }
    if (shrinks_while_loading(header_.get()) && !forced_) return settled(shrunk_while_loading(target));
    if (auto small = heif_thumbnail(target)) return settled(shrunk(small, target));
    return settled(shrunk(loaded(1), target));
  }

 private:
  Raster stored() const { return {vips_image_get_width(header_.get()), vips_image_get_height(header_.get())}; }
  int orientation() const { return forced_.value_or(orientation_of(header_.get())); }
  const char* export_profile() const { return needs_profiles(header_.get()) ? "srgb" : nullptr; }

  // The picture at 1/shrink of its size, lying as it is stored.
  Image loaded(int shrink) {
    if (!kept_ || kept_shrink_ != shrink) {
      kept_origin_.reset();
      source_ = image_source(bytes_);
      kept_ = load_image(source_.get(), shrink);
      kept_shrink_ = shrink;
      if (reuse_ == Reuse::kYes && VIPS_IMAGE_SIZEOF_IMAGE(kept_.get()) <= kMaxKept) {
        // The HEIF loader of libvips 8.14 leaves the colour profile in memory that ends with the image it loaded.
        kept_origin_ = std::move(kept_);
        kept_ = in_memory(kept_origin_.get());
      }
    }
    VipsImage* copy = nullptr;
    if (vips_copy(kept_.get(), &copy, nullptr) != 0) damaged_picture();
    Image image(copy);
    if (forced_) vips_image_set_int(image.get(), VIPS_META_ORIENTATION, *forced_);
    // One that was streamed cannot be read twice.
    if (!kept_origin_) kept_.reset();
    return image;
  }

  Image shrunk(const Image& image, Raster target) {
    VipsImage* small = nullptr;
    if (vips_thumbnail_image(image.get(), &small, static_cast<int>(target.width), "height",
                             static_cast<int>(target.height), "size", VIPS_SIZE_FORCE, "export_profile",
                             export_profile(), nullptr) != 0) {
      damaged_picture();
    }
    return Image(small);
  }

  Image shrunk_while_loading(Raster target) {
    source_ = image_source(bytes_);
    VipsImage* small = nullptr;
    if (vips_thumbnail_source(source_.get(), &small, static_cast<int>(target.width), "height",
                              static_cast<int>(target.height), "size", VIPS_SIZE_FORCE, "export_profile",
                              export_profile(), "fail_on", kFailOn, nullptr) != 0) {
      damaged_picture();
    }
    return Image(small);
  }

  // A HEIF file's own small picture where it is large enough. Null: there is none.
  Image heif_thumbnail(Raster target) {
    if (!was_loaded_by(header_.get(), "heifload") || forced_) return nullptr;
    thumbnail_source_ = image_source(bytes_);
    VipsImage* image = nullptr;
    if (vips_heifload_source(thumbnail_source_.get(), &image, "thumbnail", TRUE, "access", VIPS_ACCESS_SEQUENTIAL,
                             "fail_on", kFailOn, nullptr) != 0) {
      damaged_picture();
    }
    Image small(image);
    const Raster raster = raster_of(image);
    const bool is_other = raster != raster_of(header_.get());
    return is_other && raster.width > target.width && raster.height > target.height ? std::move(small) : nullptr;
  }

  // Drawn at the size it is wanted at, or a little larger where its page is no exact multiple.
  Image drawn(Raster target) {
    const Raster page = raster_of(header_.get());
    const double scale = std::max(static_cast<double>(target.width) / static_cast<double>(page.width),
                                  static_cast<double>(target.height) / static_cast<double>(page.height));
    source_ = image_source(bytes_);
    VipsImage* image = nullptr;
    const int failed = was_loaded_by(header_.get(), "pdfload")
                           ? vips_pdfload_source(source_.get(), &image, "scale", scale, nullptr)
                           : vips_svgload_source(source_.get(), &image, "scale", scale, nullptr);
    if (failed != 0) damaged_picture();
    return settled(shrunk(Image(image), target));
  }

  const Bytes bytes_;
  const std::optional<int> forced_;
  const Reuse reuse_;
  const ImageSource header_source_;
  const Image header_;
  ImageSource thumbnail_source_;
  ImageSource source_;  // of what was loaded last
  Image kept_origin_;   // of what is kept in memory
  Image kept_;
  int kept_shrink_ = 0;
};

}  // namespace

PictureRef image_picture(Bytes bytes, std::optional<int> orientation, Reuse reuse) {
  return std::make_unique<ImagePicture>(bytes, orientation, reuse);
}

}  // namespace damfs::worker
