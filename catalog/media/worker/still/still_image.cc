// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/metadata/png_chunks.h"
#include "catalog/media/worker/probe/mp4_tracks.h"
#include "catalog/media/worker/still/picture.h"
#include "catalog/media/worker/still/picture_colours.h"
#include "catalog/media/worker/still/tone_map.h"

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

// libpng gives up at a chunk that the file ends in, whatever of it there is: in front of nothing it shows that.
constexpr size_t kNothingBehind = 64U << 10;

// A copy of a picture's file in which something is put right before it is read; else empty.
std::vector<uint8_t> mended(Bytes bytes) {
  if (fail_on() != VIPS_FAIL_ON_NONE || !png_chunks(bytes).is_png) return {};
  std::vector<uint8_t> longer(bytes.begin(), bytes.end());
  longer.resize(bytes.size() + kNothingBehind);
  return longer;
}

// What a file's gamma may differ from sRGB's without anybody seeing it.
bool is_as_srgb(double gamma) { return gamma <= 0 || std::abs(gamma - 1 / 2.2) < 0.01; }

class ImagePicture final : public Picture {
 public:
  ImagePicture(Bytes bytes, std::optional<int> orientation, Reuse reuse)
      : mended_(mended(bytes)),
        bytes_(mended_.empty() ? bytes : Bytes(mended_)),
        reuse_(reuse),
        header_source_(image_source(bytes_)),
        header_(open_image(bytes_, header_source_.get())),
        orientation_(orientation.value_or(orientation_of(header_.get(), bytes))),
        lies_as_told_(orientation_ == vips_image_get_orientation(header_.get())),
        profile_is_unfit_(has_unfit_profile(header_.get())),
        gamma_(png_chunks(bytes).gamma) {}

  Image at(Raster target) override {
    try {
      return made(target);
    } catch (const Error&) {
      // Releases of libheif that turn what they do not mirror leave that to us.
      if (!was_loaded_by(header_.get(), "heifload") || !hide_mirror()) throw;
    }
    return made(target);
  }

 private:
  Image made(Raster target) {
    Image image = decoded(target);
    if (!mirror_) return image;
    VipsImage* flipped = nullptr;
    const VipsDirection direction = mirror_->upside_down ? VIPS_DIRECTION_VERTICAL : VIPS_DIRECTION_HORIZONTAL;
    if (vips_flip(image.get(), &flipped, direction, nullptr) != 0) damaged_picture();
    return in_memory(Image(flipped).get());
  }

  // False: there is none, or it is hidden already.
  bool hide_mirror() {
    if (mirror_) return false;
    mirror_ = mp4_mirror(read_at(bytes_), bytes_.size());
    if (!mirror_) return false;
    mended_.assign(bytes_.begin(), bytes_.end());
    constexpr std::string_view kNothing = "free";  // the type of a box without meaning
    std::copy(kNothing.begin(), kNothing.end(), mended_.begin() + static_cast<ptrdiff_t>(mirror_->type_at));
    bytes_ = mended_;
    kept_.reset();
    return true;
  }

  Image decoded(Raster target) {
    // Loaded here and not by vips_thumbnail_source, which in libvips 8.14 forgets fail_on; and which would take
    // the picture's own orientation.
    if (is_drawing(header_.get())) return drawn(target);
    if (is_scene_linear(header_.get())) return tone_mapped(linear_rgb(loaded(1)), target);
    if (was_loaded_by(header_.get(), "jpegload")) {
      const Raster lying = orientation_ >= 5 ? Raster{target.height, target.width} : target;
      return settled(shrunk(loaded(jpeg_shrink(stored(), lying)), target));
    }
    if (shrinks_while_loading(header_.get()) && lies_as_told_ && !profile_is_unfit_)
      return settled(shrunk_while_loading(target));
    if (auto small = heif_thumbnail(target)) return settled(shrunk(small, target));
    return settled(shrunk(loaded(1), target));
  }

  Raster stored() const { return {vips_image_get_width(header_.get()), vips_image_get_height(header_.get())}; }
  const char* export_profile() const {
    const bool is_cmyk = vips_image_get_interpretation(header_.get()) == VIPS_INTERPRETATION_CMYK;
    return needs_profiles(header_.get()) && (is_cmyk || !profile_is_unfit_) ? "srgb" : nullptr;
  }

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
    if (!lies_as_told_) vips_image_set_int(image.get(), VIPS_META_ORIENTATION, orientation_);
    if (profile_is_unfit_) vips_image_remove(image.get(), VIPS_META_ICC_NAME);
    // One that was streamed cannot be read twice.
    if (!kept_origin_) kept_.reset();
    const VipsBandFormat format = vips_image_get_format(image.get());
    const bool is_whole = format == VIPS_FORMAT_UCHAR || format == VIPS_FORMAT_USHORT;
    return is_as_srgb(gamma_) || !is_whole ? std::move(image) : as_srgb(image, gamma_);
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
                              export_profile(), "fail_on", fail_on(), nullptr) != 0) {
      damaged_picture();
    }
    return Image(small);
  }

  // A HEIF file's own small picture where it is large enough. Null: there is none.
  Image heif_thumbnail(Raster target) {
    if (!was_loaded_by(header_.get(), "heifload") || !lies_as_told_) return nullptr;
    thumbnail_source_ = image_source(bytes_);
    VipsImage* image = nullptr;
    if (vips_heifload_source(thumbnail_source_.get(), &image, "thumbnail", TRUE, "access", VIPS_ACCESS_SEQUENTIAL,
                             "fail_on", fail_on(), nullptr) != 0) {
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

  std::vector<uint8_t> mended_;  // what bytes_ are, where the file's own would not do
  Bytes bytes_;
  const Reuse reuse_;
  const ImageSource header_source_;
  const Image header_;
  const int orientation_;
  const bool lies_as_told_;  // by libvips
  const bool profile_is_unfit_;
  const double gamma_;
  std::optional<Mp4Mirror> mirror_;
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
