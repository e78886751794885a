// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/media/job.h"
#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {

// A file as the parts of it that are not filler, by rising offset; between and behind them are zeros.
struct FilledFile {
  struct Part {
    int64_t offset = 0;
    std::string bytes;
  };
  std::vector<Part> parts;
  int64_t real_bytes() const;
};

// One format: how a picture becomes bytes, and how those become a file of exactly so many bytes by means that the
// format has for it.
struct FormatWriter {
  std::string (*encode)(VipsImage* image, int quality, int effort);
  // Empty: more than `declared` bytes.
  std::optional<FilledFile> (*fill)(const std::string& encoded, Raster raster, int64_t declared);
  // By how much the logarithm of the size falls with each step of quality, roughly: the search's first guess.
  double slope;
};

// A last EXIF chunk, which declares no more than that the picture stands upright: unlike unknown chunks no program
// remarks on it. The filler is the end of the file.
extern const FormatWriter kWebpWriter;
// COM segments between the APPn segments and the picture. Alpha is laid on white.
extern const FormatWriter kJpegWriter;
// A private ancillary chunk before IEND. Quality 100 is lossless; below it, a palette.
extern const FormatWriter kPngWriter;

struct Fitted {
  FilledFile file;
  int encodes = 0;  // it took
};

// The file of the best quality up to `spec.quality` that is `spec.declared_bytes` long, found by a model of size over
// quality that each attempt corrects. Where the lowest quality is too large, detail goes; so every picture fits that
// docs/design.md 5 declares bytes for. `image` is 8-bit sRGB with or without alpha, in memory. Throws Error when the
// declared size is impossible.
Fitted fit_still(VipsImage* image, const StillSpec& spec);

}  // namespace damfs::worker
