// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/collage.h"

#include <algorithm>

namespace damfs::worker {
namespace {

struct Cell {
  int x, y, width, height;
};

// The halves of an odd edge share its middle pixel out to the second one.
Cell cell_of(size_t index, size_t count, Raster whole) {
  const auto width = static_cast<int>(whole.width);
  const auto height = static_cast<int>(whole.height);
  if (count == 1) return {0, 0, width, height};
  const bool right = index % 2 == 1;
  const bool low = index >= 2;
  const int x = right ? width / 2 : 0;
  const int y = low ? height / 2 : 0;
  const int cell_height = count == 2 ? height : low ? height - y : height / 2;
  return {x, y, right ? width - x : width / 2, cell_height};
}

// Fills the cell, cut to its shape around the middle, with alpha so that all cells are alike.
Image filling(Bytes still, const Cell& cell) {
  const ImageSource source = image_source(still);
  const Image opened = open_image(still, source.get());
  VipsImage* made = nullptr;
  if (vips_thumbnail_image(opened.get(), &made, std::max(cell.width, 1), "height", std::max(cell.height, 1), "crop",
                           VIPS_INTERESTING_CENTRE, nullptr) != 0) {
    damaged_picture();
  }
  Image image = settled(Image(made));
  if (vips_image_hasalpha(image.get()) == 0) {
    if (vips_addalpha(image.get(), &made, nullptr) != 0) damaged_picture();
    image.reset(made);
  }
  return in_memory(image.get());
}

class Collage final : public Picture {
 public:
  explicit Collage(std::span<const Source* const> stills) : stills_(stills) {}

  Image at(Raster target) override {
    VipsImage* made = nullptr;
    if (vips_black(&made, static_cast<int>(target.width), static_cast<int>(target.height), "bands", 4, nullptr) != 0) {
      damaged_picture();
    }
    Image canvas = in_memory(Image(made).get());
    canvas->Type = VIPS_INTERPRETATION_sRGB;
    for (size_t i = 0; i < stills_.size(); ++i) {
      const Cell cell = cell_of(i, stills_.size(), target);
      if (cell.width < 1 || cell.height < 1) continue;
      const Image part = filling(stills_[i]->bytes(), cell);
      if (vips_insert(canvas.get(), part.get(), &made, cell.x, cell.y, nullptr) != 0) damaged_picture();
      canvas = in_memory(Image(made).get());
    }
    return settled(std::move(canvas));
  }

 private:
  const std::span<const Source* const> stills_;
};

}  // namespace

PictureRef collage(std::span<const Source* const> stills) { return std::make_unique<Collage>(stills); }

}  // namespace damfs::worker
