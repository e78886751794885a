// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/half_tiff.h"

#include <OpenEXR/ImfRgba.h>
#include <tiffio.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace damfs::worker {
namespace {

constexpr uint64_t kMostSamples = uint64_t{1} << 29;

// libtiff reads what lies in memory as it reads a file.
struct Memory {
  Bytes bytes;
  uint64_t at = 0;
};

tsize_t read_memory(thandle_t handle, void* buffer, tsize_t size) {
  auto* memory = static_cast<Memory*>(handle);
  const uint64_t there = memory->bytes.size() - std::min<uint64_t>(memory->at, memory->bytes.size());
  const auto n = static_cast<size_t>(std::min<uint64_t>(there, static_cast<uint64_t>(std::max<tsize_t>(size, 0))));
  if (n > 0) std::memcpy(buffer, memory->bytes.data() + memory->at, n);
  memory->at += n;
  return static_cast<tsize_t>(n);
}

toff_t seek_memory(thandle_t handle, toff_t offset, int whence) {
  auto* memory = static_cast<Memory*>(handle);
  const uint64_t from = whence == SEEK_CUR ? memory->at : whence == SEEK_END ? memory->bytes.size() : 0;
  memory->at = from + offset;
  return memory->at;
}

struct TiffCloser {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, TiffCloser>;

Tiff opened_tiff(Memory& memory) {
  return Tiff(TIFFClientOpen(
      "", "rm", &memory, read_memory, [](thandle_t, void*, tsize_t) -> tsize_t { return 0; }, seek_memory,
      [](thandle_t) { return 0; },
      [](thandle_t handle) -> toff_t { return static_cast<Memory*>(handle)->bytes.size(); },
      [](thandle_t, void**, toff_t*) { return 0; }, [](thandle_t, void*, toff_t) {}));
}

// What libvips hears of libtiff it hears for the whole process; this here is not its affair.
struct Quiet {
  Quiet() = default;
  ~Quiet() {
    TIFFSetErrorHandler(errors);
    TIFFSetWarningHandler(warnings);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
  const TIFFErrorHandler errors = TIFFSetErrorHandler(nullptr);
  const TIFFErrorHandler warnings = TIFFSetWarningHandler(nullptr);
};

class HalfTiff {
 public:
  explicit HalfTiff(TIFF* tiff) : tiff_(tiff) {
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width_);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height_);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples_);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits_);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format_);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes_);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &meaning_);
  }

  bool is_one() const {
    const bool is_grey = meaning_ == PHOTOMETRIC_MINISBLACK && samples_ >= 1;
    const bool is_rgb = meaning_ == PHOTOMETRIC_RGB && samples_ >= 3;
    return bits_ == 16 && format_ == SAMPLEFORMAT_IEEEFP && (is_grey || is_rgb) && width_ > 0 && height_ > 0 &&
           width_ < (1U << 20) && height_ < (1U << 20) && samples_ <= 16 &&
           uint64_t{width_} * height_ * samples_ <= kMostSamples;
  }

  Image light() {
    bands_ = meaning_ == PHOTOMETRIC_RGB && samples_ >= 4 ? 4 : 3;
    Image image(vips_image_new_memory());
    if (!image) throw std::bad_alloc();
    vips_image_init_fields(image.get(), static_cast<int>(width_), static_cast<int>(height_), bands_, VIPS_FORMAT_FLOAT,
                           VIPS_CODING_NONE, VIPS_INTERPRETATION_scRGB, 1, 1);
    if (vips_image_write_prepare(image.get()) != 0) damaged_picture();
    pixels_ = reinterpret_cast<float*>(VIPS_IMAGE_ADDR(image.get(), 0, 0));
    const bool is_apart = planes_ == PLANARCONFIG_SEPARATE;
    for (uint16_t plane = 0; plane < (is_apart ? samples_ : 1); ++plane) {
      if (TIFFIsTiled(tiff_)) {
        read_tiles(plane, is_apart);
      } else {
        read_rows(plane, is_apart);
      }
    }
    return image;
  }

 private:
  // `count` pixels of a row from `x` on, of all samples or of one.
  void put(uint32_t x, uint32_t y, uint32_t count, const uint16_t* from, uint16_t plane, bool is_apart) {
    float* to = pixels_ + (uint64_t{y} * width_ + x) * static_cast<unsigned>(bands_);
    const unsigned step = is_apart ? 1 : samples_;
    for (uint32_t i = 0; i < count; ++i, to += bands_, from += step) {
      for (int band = 0; band < bands_; ++band) {
        const int sample = meaning_ == PHOTOMETRIC_RGB ? band : 0;
        if (is_apart && sample != plane) continue;
        half value;
        value.setBits(from[is_apart ? 0 : sample]);
        to[band] = value;
      }
    }
  }

  void read_rows(uint16_t plane, bool is_apart) {
    std::vector<uint16_t> row(static_cast<size_t>(TIFFScanlineSize(tiff_)) / 2 + 1);
    if (row.size() < uint64_t{width_} * (is_apart ? 1 : samples_)) damaged_picture();
    for (uint32_t y = 0; y < height_; ++y) {
      if (TIFFReadScanline(tiff_, row.data(), y, plane) < 0) return fault(y);
      put(0, y, width_, row.data(), plane, is_apart);
    }
  }

  void read_tiles(uint16_t plane, bool is_apart) {
    uint32_t across = 0;
    uint32_t down = 0;
    TIFFGetField(tiff_, TIFFTAG_TILEWIDTH, &across);
    TIFFGetField(tiff_, TIFFTAG_TILELENGTH, &down);
    const uint64_t stride = uint64_t{across} * (is_apart ? 1 : samples_);
    std::vector<uint16_t> tile(static_cast<size_t>(TIFFTileSize(tiff_)) / 2 + 1);
    if (across == 0 || down == 0 || tile.size() < stride * down) damaged_picture();
    for (uint32_t y = 0; y < height_; y += down) {
      for (uint32_t x = 0; x < width_; x += across) {
        if (TIFFReadTile(tiff_, tile.data(), x, y, 0, plane) < 0) return fault(y);
        for (uint32_t line = 0; line < std::min(down, height_ - y); ++line) {
          put(x, y + line, std::min(across, width_ - x), tile.data() + line * stride, plane, is_apart);
        }
      }
    }
  }

  void fault(uint32_t y) const {
    if (fail_on() == VIPS_FAIL_ON_NONE && y > 0) return;
    vips_error("tiff", "row %u of %u cannot be read", y, height_);
    damaged_picture();
  }

  TIFF* tiff_;
  uint32_t width_ = 0, height_ = 0;
  uint16_t samples_ = 1, bits_ = 0, format_ = 0, planes_ = 0, meaning_ = 0;
  int bands_ = 0;
  float* pixels_ = nullptr;
};

Image in_colours(TIFF* tiff) {
  uint32_t width = 0;
  uint32_t height = 0;
  uint16_t meaning = 0;
  uint16_t bits = 0;
  uint16_t orientation = 1;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &meaning);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &orientation);
  const bool is_one = meaning == PHOTOMETRIC_YCBCR && bits == 8 && width > 0 && height > 0 && width < (1U << 20) &&
                      height < (1U << 20) && uint64_t{width} * height <= kMostSamples / 4;
  if (!is_one) return nullptr;
  std::vector<uint32_t> pixels(size_t{width} * height);
  // As they are stored: who shows them turns them.
  if (TIFFReadRGBAImageOriented(tiff, width, height, pixels.data(), orientation, fail_on() != VIPS_FAIL_ON_NONE) == 0) {
    return nullptr;
  }
  std::vector<uint8_t> colours;
  colours.reserve(pixels.size() * 3);
  for (const uint32_t pixel : pixels) {
    for (const uint32_t part : {TIFFGetR(pixel), TIFFGetG(pixel), TIFFGetB(pixel)}) {
      colours.push_back(static_cast<uint8_t>(part));
    }
  }
  Image image(vips_image_new_from_memory_copy(colours.data(), colours.size(), static_cast<int>(width),
                                              static_cast<int>(height), 3, VIPS_FORMAT_UCHAR));
  if (!image) throw std::bad_alloc();
  image->Type = VIPS_INTERPRETATION_sRGB;
  if (orientation <= 8) vips_image_set_int(image.get(), VIPS_META_ORIENTATION, orientation);
  return image;
}

}  // namespace

Image subsampled_tiff(Bytes bytes) {
  Memory memory{bytes, 0};
  const Quiet quiet;
  const Tiff tiff = opened_tiff(memory);
  return tiff ? in_colours(tiff.get()) : nullptr;
}

Image half_float_tiff(Bytes bytes) {
  Memory memory{bytes, 0};
  const Quiet quiet;
  const Tiff tiff = opened_tiff(memory);
  if (!tiff) return nullptr;
  HalfTiff half(tiff.get());
  return half.is_one() ? half.light() : nullptr;
}

}  // namespace damfs::worker
