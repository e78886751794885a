// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace damfs {

struct Raster {
  int64_t width = 0;  // pixels
  int64_t height = 0;
  explicit operator bool() const noexcept { return width > 0 && height > 0; }
  friend bool operator==(const Raster&, const Raster&) = default;
};

// The raster of a still in a square box of `box` pixels: the long edge becomes `box`, the other is rounded half
// up and at least 1; what fits already keeps its size.
Raster fit_box(Raster source, int64_t box);

struct Rational {
  int64_t num = 0;
  int64_t den = 1;
  friend bool operator==(const Rational&, const Rational&) = default;
};

}  // namespace damfs
