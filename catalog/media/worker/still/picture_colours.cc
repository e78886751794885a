// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/picture_colours.h"

#include <cmath>
#include <string_view>

namespace damfs::worker {
namespace {

std::string_view profile_of(VipsImage* image) {
  const void* data = nullptr;
  size_t size = 0;
  if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) == 0 ||
      vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &size) != 0) {
    return {};
  }
  return {static_cast<const char*>(data), size};
}

double srgb_of(double light) { return light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055; }

// What each number that can be stored becomes.
Image curve(bool is_wide, double gamma) {
  VipsImage* made = nullptr;
  if (vips_identity(&made, "ushort", is_wide ? TRUE : FALSE, "size", is_wide ? 65'536 : 256, nullptr) != 0) {
    damaged_picture();
  }
  const Image numbers(made);
  Image table(vips_image_copy_memory(made));
  if (!table) damaged_picture();
  const int most = is_wide ? 65'535 : 255;
  for (int i = 0; i <= most; ++i) {
    const double shown = most * srgb_of(std::pow(static_cast<double>(i) / most, 1 / gamma));
    void* entry = VIPS_IMAGE_ADDR(table.get(), i, 0);
    if (is_wide) {
      *static_cast<uint16_t*>(entry) = static_cast<uint16_t>(std::lround(shown));
    } else {
      *static_cast<uint8_t*>(entry) = static_cast<uint8_t>(std::lround(shown));
    }
  }
  return table;
}

}  // namespace

bool needs_profiles(VipsImage* image) {
  if (vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK) return true;
  const std::string_view profile = profile_of(image);
  if (profile.empty()) return false;
  constexpr std::string_view kNarrow = "sRGB IEC61966-2.1";
  constexpr std::string_view kWide("s\0R\0G\0B\0 \0I\0E\0C", 15);  // as version 4 profiles spell it
  return profile.find(kNarrow) == profile.npos && profile.find(kWide) == profile.npos;
}

bool has_unfit_profile(VipsImage* image) {
  const std::string_view profile = profile_of(image);
  if (profile.empty()) return false;
  if (profile.size() < 132 || profile.substr(36, 4) != "acsp") return true;
  const std::string_view space = profile.substr(16, 4);
  const bool is_cmyk = vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK;
  const bool is_grey = vips_image_get_bands(image) < 3;
  return space != (is_cmyk ? "CMYK" : is_grey ? "GRAY" : "RGB ") && !(space == "Lab " && !is_cmyk && !is_grey);
}

Image as_srgb(const Image& image, double gamma) {
  const VipsBandFormat format = vips_image_get_format(image.get());
  const int bands = vips_image_get_bands(image.get());
  const int colours = bands >= 3 ? 3 : 1;
  VipsImage* made = nullptr;
  if (vips_extract_band(image.get(), &made, 0, "n", colours, nullptr) != 0) damaged_picture();
  const Image shown(made);
  const Image table = curve(format == VIPS_FORMAT_USHORT, gamma);
  if (vips_maplut(shown.get(), &made, table.get(), nullptr) != 0) damaged_picture();
  Image mapped(made);
  if (bands == colours) return mapped;
  if (vips_extract_band(image.get(), &made, colours, "n", bands - colours, nullptr) != 0) damaged_picture();
  const Image alpha(made);
  if (vips_bandjoin2(mapped.get(), alpha.get(), &made, nullptr) != 0) damaged_picture();
  return Image(made);
}

}  // namespace damfs::worker
