// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <OpenEXR/ImfIO.h>
#include <OpenEXR/ImfRgbaFile.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/still/picture.h"
#include "catalog/media/worker/still/tone_map.h"

namespace damfs::worker {
namespace {

constexpr int kLines = 32;  // decoded at once: what the commonest compressions pack together

// The mapped file, as OpenEXR reads: libvips' own loader opens files by name.
class ByteStream final : public Imf::IStream {
 public:
  explicit ByteStream(Bytes bytes) : IStream("the picture"), bytes_(bytes) {}
  bool isMemoryMapped() const override { return true; }
  bool read(char* to, int count) override {
    std::memcpy(to, take(count), static_cast<size_t>(count));
    return at_ < bytes_.size();
  }
  char* readMemoryMapped(int count) override { return const_cast<char*>(reinterpret_cast<const char*>(take(count))); }
  uint64_t tellg() override { return at_; }
  void seekg(uint64_t position) override { at_ = position; }

 private:
  const uint8_t* take(int count) {
    if (count < 0 || at_ > bytes_.size() || static_cast<size_t>(count) > bytes_.size() - at_) {
      fail(EINVAL, "the picture ends too early");
    }
    const uint8_t* start = bytes_.data() + at_;
    at_ += static_cast<size_t>(count);
    return start;
  }
  const Bytes bytes_;
  uint64_t at_ = 0;
};

Raster window_of(const Imf::RgbaInputFile& file) {
  const auto& window = file.dataWindow();
  const Raster raster{int64_t{window.max.x} - window.min.x + 1, int64_t{window.max.y} - window.min.y + 1};
  if (!raster || raster.width > FactLimits::kEdge || raster.height > FactLimits::kEdge) {
    fail(EINVAL, "the picture says it has {} by {} pixels", raster.width, raster.height);
  }
  return raster;
}

// Averages squares of `factor` pixels into a picture of floats, line by line.
class Reducer {
 public:
  Reducer(Raster source, int64_t factor, bool alpha)
      : factor_(factor),
        bands_(alpha ? 4 : 3),
        small_{source.width / factor, source.height / factor},
        sums_(static_cast<size_t>(small_.width * small_.height * bands_)) {}

  void add(int64_t y, const Imf::Rgba* line) {
    if (y / factor_ >= small_.height) return;
    float* row = sums_.data() + y / factor_ * small_.width * bands_;
    for (int64_t x = 0; x < small_.width * factor_; ++x) {
      float* sum = row + x / factor_ * bands_;
      sum[0] += line[x].r;
      sum[1] += line[x].g;
      sum[2] += line[x].b;
      if (bands_ == 4) sum[3] += line[x].a;
    }
  }

  Image finish() {
    const auto share = 1.0F / static_cast<float>(factor_ * factor_);
    for (float& sum : sums_) sum *= share;
    Image image(vips_image_new_from_memory_copy(sums_.data(), sums_.size() * sizeof(float),
                                                static_cast<int>(small_.width), static_cast<int>(small_.height),
                                                static_cast<int>(bands_), VIPS_FORMAT_FLOAT));
    if (!image) fail(EIO, "the picture cannot be kept: {}", vips_complaint());
    image->Type = VIPS_INTERPRETATION_scRGB;
    return image;
  }

 private:
  const int64_t factor_;
  const int64_t bands_;
  const Raster small_;
  std::vector<float> sums_;
};

// In whole steps to no less than twice the target.
Image reduced(Bytes bytes, Raster target) {
  ByteStream stream(bytes);
  Imf::RgbaInputFile file(stream);
  const Raster raster = window_of(file);
  const int64_t factor =
      std::max<int64_t>(1, std::min(raster.width / (2 * target.width), raster.height / (2 * target.height)));
  Reducer reducer(raster, factor, (file.channels() & Imf::WRITE_A) != 0);
  const auto& window = file.dataWindow();
  std::vector<Imf::Rgba> block(static_cast<size_t>(raster.width) * kLines);
  for (int64_t y = 0; y < raster.height; y += kLines) {
    const int64_t lines = std::min<int64_t>(kLines, raster.height - y);
    const int64_t top = window.min.y + y;
    // OpenEXR counts a frame buffer from the origin of the picture's plane.
    file.setFrameBuffer(block.data() - window.min.x - top * raster.width, 1, static_cast<size_t>(raster.width));
    file.readPixels(static_cast<int>(top), static_cast<int>(top + lines - 1));
    for (int64_t i = 0; i < lines; ++i) reducer.add(y + i, block.data() + i * raster.width);
  }
  return reducer.finish();
}

class ExrPicture final : public Picture {
 public:
  explicit ExrPicture(Bytes bytes) : bytes_(bytes) {}
  Image at(Raster target) override { return tone_mapped(exr_light(bytes_, target), target); }

 private:
  const Bytes bytes_;
};

}  // namespace

PictureRef exr_picture(Bytes bytes) { return std::make_unique<ExrPicture>(bytes); }

Image exr_light(Bytes bytes, Raster target) {
  try {
    return reduced(bytes, target);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    fail(EINVAL, "the picture is damaged: {}", error.what());
  }
}

Raster exr_raster(Bytes bytes) {
  try {
    ByteStream stream(bytes);
    return window_of(Imf::RgbaInputFile(stream));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    fail(EINVAL, "the picture is damaged: {}", error.what());
  }
}

}  // namespace damfs::worker
