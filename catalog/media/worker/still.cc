// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/still_video.h"
#include "catalog/media/worker/vips_image.h"
#include "catalog/media/worker/webp_fit.h"

namespace damfs::worker {
namespace {

constexpr int64_t kMaxEdge = 16'383;  // WebP's
constexpr VipsFailOn kFailOn = VIPS_FAIL_ON_ERROR;

[[noreturn]] void damaged() { fail(EINVAL, "the picture is damaged: {}", vips_complaint()); }

// A JPEG decoder halves the picture for less than the full decode costs, up to three times. The last step down
// to the target is then less than a factor of two, which costs no sharpness that a preview shows.
int jpeg_shrink(VipsImage* header, Raster target, int orientation) {
  const Raster wanted = orientation >= 5 ? Raster{target.height, target.width} : target;
  const int64_t width = vips_image_get_width(header);
  const int64_t height = vips_image_get_height(header);
  int shrink = 1;
  while (shrink < 8 && width / (2 * shrink) >= wanted.width && height / (2 * shrink) >= wanted.height) shrink *= 2;
  return shrink;
}

bool was_loaded_by(VipsImage* image, const char* loader) {
  const char* name = nullptr;
  return vips_image_get_typeof(image, VIPS_META_LOADER) != 0 &&
         vips_image_get_string(image, VIPS_META_LOADER, &name) == 0 && g_str_has_prefix(name, loader);
}

// Formats that libvips can decode at a smaller size than they have.
bool shrinks_while_loading(VipsImage* image) {
  constexpr const char* kLoaders[] = {"webpload", "heifload", "pdfload", "svgload", "jp2kload"};
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

Image shrink_loaded(const Image& loaded, VipsImage* header, Raster target) {
  if (!loaded) damaged();
  VipsImage* small = nullptr;
  if (vips_thumbnail_image(loaded.get(), &small, static_cast<int>(target.width), "height",
                           static_cast<int>(target.height), "size", VIPS_SIZE_FORCE, "export_profile",
                           needs_profiles(header) ? "srgb" : nullptr, nullptr) != 0) {
    damaged();
  }
  return Image(small);
}

Image shrink_jpeg(const Source& source, VipsImage* header, Raster target) {
  const ImageSource bytes = image_source(source);
  VipsImage* loaded = nullptr;
  vips_jpegload_source(bytes.get(), &loaded, "shrink", jpeg_shrink(header, target, orientation_of(header)), "access",
                       VIPS_ACCESS_SEQUENTIAL, "fail_on", kFailOn, nullptr);
  return shrink_loaded(Image(loaded), header, target);
}

// Loaded here and not by vips_thumbnail_source, which in libvips 8.14 forgets fail_on.
Image shrink_whole(const Source& source, VipsImage* header, Raster target) {
  const ImageSource bytes = image_source(source);
  VipsImage* loaded =
      vips_image_new_from_source(bytes.get(), "", "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", kFailOn, nullptr);
  return shrink_loaded(Image(loaded), header, target);
}

Image shrink_any(const Source& source, VipsImage* header, Raster target) {
  const char* profile = needs_profiles(header) ? "srgb" : nullptr;
  const ImageSource bytes = image_source(source);
  VipsImage* small = nullptr;
  if (vips_thumbnail_source(bytes.get(), &small, static_cast<int>(target.width), "height",
                            static_cast<int>(target.height), "size", VIPS_SIZE_FORCE, "export_profile", profile,
                            "fail_on", kFailOn, nullptr) != 0) {
    damaged();
  }
  return Image(small);
}

// The pixels and nothing else, in memory: every attempt at encoding starts from the same ones, and no metadata
// of the source comes along, which libvips would otherwise parse and rewrite while it saves.
Image bare_copy(VipsImage* image) {
  size_t size = 0;
  void* pixels = vips_image_write_to_memory(image, &size);
  if (pixels == nullptr || left_blank_tiles()) {
    g_free(pixels);
    damaged();
  }
  Image copy(vips_image_new_from_memory(pixels, size, vips_image_get_width(image), vips_image_get_height(image),
                                        vips_image_get_bands(image), vips_image_get_format(image)));
  if (!copy) {
    g_free(pixels);
    damaged();
  }
  g_object_set_data_full(G_OBJECT(copy.get()), "damfs-pixels", pixels, g_free);
  copy->Type = VIPS_INTERPRETATION_sRGB;
  return copy;
}

// 8-bit sRGB with or without alpha.
Image settle(Image image) {
  VipsImage* next = nullptr;
  if (vips_image_get_interpretation(image.get()) != VIPS_INTERPRETATION_sRGB) {
    if (vips_colourspace(image.get(), &next, VIPS_INTERPRETATION_sRGB, nullptr) != 0) damaged();
    image.reset(next);
  }
  if (vips_image_get_bands(image.get()) > 4) {
    if (vips_extract_band(image.get(), &next, 0, "n", 3, nullptr) != 0) damaged();
    image.reset(next);
  }
  if (vips_image_get_format(image.get()) != VIPS_FORMAT_UCHAR) {
    if (vips_cast(image.get(), &next, VIPS_FORMAT_UCHAR, nullptr) != 0) damaged();
    image.reset(next);
  }
  return bare_copy(image.get());
}

Image shrink_image(const Source& source, Raster target) {
  const ImageSource bytes = image_source(source);
  const Image header = open_image(source, bytes.get());
  if (was_loaded_by(header.get(), "jpegload")) return settle(shrink_jpeg(source, header.get(), target));
  if (shrinks_while_loading(header.get())) return settle(shrink_any(source, header.get(), target));
  return settle(shrink_whole(source, header.get(), target));
}

void check(const StillRequest& request) {
  const auto is_edge = [](int64_t edge) { return edge >= 1 && edge <= kMaxEdge; };
  if (!is_edge(request.target.width) || !is_edge(request.target.height))
    fail(EINVAL, "a preview of an impossible size");
  if (request.quality < 1 || request.quality > 100 || request.effort < 0 || request.effort > 6) {
    fail(EINVAL, "a preview with impossible settings");
  }
}

void write_still(int output, std::string_view bytes, int64_t declared) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::pwrite(output, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno != EINTR) throw_errno(errno, "the preview cannot be written");
    if (n > 0) done += static_cast<size_t>(n);
  }
  // The filler is a hole.
  if (::ftruncate(output, declared) != 0) throw_errno(errno, "the preview cannot be written");
}

}  // namespace

int64_t render_still(const Source& source, const StillRequest& request, int output) {
  check(request);
  const Image image = request.kind == Kind::kVideo ? video_frame(source, request.target, request.seek_us)
                                                   : shrink_image(source, request.target);
  const Raster made{vips_image_get_width(image.get()), vips_image_get_height(image.get())};
  if (made != request.target) {
    fail(EINVAL, "the picture is not what was catalogued: its preview has {} by {} pixels", made.width, made.height);
  }
  const std::string file = fit_webp(image.get(), {request.declared_bytes, request.quality, request.effort});
  write_still(output, file, request.declared_bytes);
  return static_cast<int64_t>(file.size());
}

}  // namespace damfs::worker
