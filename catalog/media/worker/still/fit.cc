// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/fit.h"

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"

namespace damfs::worker {
namespace {

constexpr int kAttempts = 3;       // at a picture's quality, before detail goes
constexpr double kAim = 0.96;      // of the declared size: a model is not exact
constexpr double kContent = 0.85;  // of the declared size: better is not worth another attempt

const FormatWriter& writer_of(StillFormat format) {
  switch (format) {
    case StillFormat::kWebp: return kWebpWriter;
    case StillFormat::kJpeg: return kJpegWriter;
    case StillFormat::kPng: return kPngWriter;
  }
  fail(EINVAL, "a preview of an unknown format");
}

// The picture with all detail finer than `factor` pixels gone.
Image without_detail(VipsImage* image, int factor) {
  const int width = vips_image_get_width(image);
  const int height = vips_image_get_height(image);
  const auto resized = [](VipsImage* from, int to_width, int to_height) {
    VipsImage* made = nullptr;
    if (vips_thumbnail_image(from, &made, to_width, "height", to_height, "size", VIPS_SIZE_FORCE, nullptr) != 0) {
      fail(EIO, "the preview cannot be simplified: {}", vips_complaint());
    }
    return Image(made);
  };
  const Image small = resized(image, std::max(1, width / factor), std::max(1, height / factor));
  const Image large = resized(small.get(), width, height);
  Image in_memory(vips_image_copy_memory(large.get()));
  if (!in_memory) fail(EIO, "the preview cannot be simplified: {}", vips_complaint());
  return in_memory;
}

class Search {
 public:
  Search(VipsImage* image, const StillSpec& spec)
      : image_(image),
        spec_(spec),
        writer_(writer_of(spec.format)),
        raster_{vips_image_get_width(image), vips_image_get_height(image)} {}

  Fitted run() {
    if (!find_quality(image_)) lose_detail();
    if (!best_) {
      fail(EINVAL, "no preview of {} by {} pixels fits {} bytes", raster_.width, raster_.height, spec_.declared_bytes);
    }
    return {std::move(*best_), encodes_};
  }

 private:
  // The bytes it takes; what fits is kept as the best so far.
  double attempt(VipsImage* image, int quality) {
    const std::string encoded = writer_.encode(image, quality, spec_.effort);
    ++encodes_;
    fits_ = false;
    if (auto file = writer_.fill(encoded, raster_, spec_.declared_bytes)) {
      best_ = std::move(file);
      fits_ = true;
    }
    return static_cast<double>(encoded.size());
  }

  bool find_quality(VipsImage* image) {
    const int before = encodes_;
    const auto room = static_cast<double>(spec_.declared_bytes);
    int low = 0;  // what is known to fit, and what is not
    int high = spec_.quality;
    double slope = writer_.slope;
    int at = high;
    size_ = attempt(image, at);
    if (fits_) return true;
    while (encodes_ - before < kAttempts && high - low > 1) {
      const double wanted = at + (std::log(room * kAim) - std::log(size_)) / slope;
      const int next = std::clamp(static_cast<int>(std::floor(std::clamp(wanted, 0.0, 100.0))), low + 1, high - 1);
      const double size = attempt(image, next);
      const double measured = (std::log(size) - std::log(size_)) / (next - at);
      if (std::isfinite(measured) && measured > 0) slope = measured;
      (fits_ ? low : high) = next;
      at = next;
      size_ = size;
      if (fits_ && size >= kContent * room) return true;
    }
    if (low == 0 && high > 1) size_ = attempt(image, 1);
    return best_.has_value();
  }

  void lose_detail() {
    const auto longest = static_cast<int>(std::max(raster_.width, raster_.height));
    // Halving the detail takes about a third of the bytes away at the least.
    const double excess = size_ / static_cast<double>(spec_.declared_bytes);
    int factor = 2;
    while (factor < longest && factor * 2 < excess) factor *= 2;
    while (factor < 2 * longest && !find_quality(without_detail(image_, factor).get())) factor *= 2;
  }

  VipsImage* image_;
  const StillSpec& spec_;
  const FormatWriter& writer_;
  const Raster raster_;
  std::optional<FilledFile> best_;
  int encodes_ = 0;
  bool fits_ = false;
  double size_ = 0;  // of the last attempt
};

}  // namespace

int64_t FilledFile::real_bytes() const {
  int64_t sum = 0;
  for (const Part& part : parts) sum += static_cast<int64_t>(part.bytes.size());
  return sum;
}

Fitted fit_still(VipsImage* image, const StillSpec& spec) { return Search(image, spec).run(); }

}  // namespace damfs::worker
