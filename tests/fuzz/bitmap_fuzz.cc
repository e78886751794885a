// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "catalog/media/worker/still/bitmap.h"

// A bitmap has as many pixels as it says; what is taken out of an icon is in it, but for a head.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs::worker;
  const auto bitmap = MaskedBitmap::of({data, size});
  if (bitmap) {
    const auto pixels = static_cast<size_t>(bitmap->raster().width * bitmap->raster().height);
    if (bitmap->pixels().size() != pixels * (bitmap->has_alpha() ? 4 : 3)) std::abort();
  }
  const auto icon = largest_in_icon({data, size});
  if (icon && (icon->file.size() > size + 14 || icon->file.size() < 40)) std::abort();
  if (icon) MaskedBitmap::of(icon->file);
  return 0;
}
