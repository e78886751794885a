// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/worker/still/encoded.h"
#include "catalog/media/worker/still/picture.h"

namespace damfs::worker {
namespace {

constexpr uint16_t kIccResource = 1039;
constexpr uint64_t kMaxPixels = uint64_t{512} << 20;  // bytes of the picture, decoded

// Reads big-endian numbers and pieces, and nothing behind the end.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {}
  uint32_t number(int count) { return number_at(take(static_cast<uint64_t>(count)), 0, count, ByteOrder::kBig); }
  uint64_t wide(int count) {
    if (count <= 4) return number(count);
    const uint64_t high = number(4);
    return high << 32 | number(4);
  }
  std::string_view take(uint64_t count) {
    if (count > bytes_.size()) fail(EINVAL, "the picture is damaged: it ends too early");
    const std::string_view piece = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return piece;
  }
  size_t left() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

struct Header {
  Raster raster;
  int channels = 0;
  int depth = 0;       // bits
  int mode = 0;        // as Photoshop counts
  bool large = false;  // PSB
};

// Of each mode that is read: its colour channels, and what libvips calls it.
struct Mode {
  int number, colours;
  VipsInterpretation narrow, wide;  // at 8 bits, at 16
};
constexpr std::array<Mode, 4> kModes = {{
    {1, 1, VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_GREY16},
    {3, 3, VIPS_INTERPRETATION_sRGB, VIPS_INTERPRETATION_RGB16},
    {4, 4, VIPS_INTERPRETATION_CMYK, VIPS_INTERPRETATION_CMYK},
    {8, 1, VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_GREY16},  // duotone: its grey
}};

const Mode* mode_of(const Header& header) {
  const auto* found =
      std::find_if(kModes.begin(), kModes.end(), [&](const Mode& mode) { return mode.number == header.mode; });
  return found == kModes.end() ? nullptr : found;
}

Header header_in(Reader& reader) {
  Header header;
  if (reader.take(4) != "8BPS") fail(EINVAL, "no Photoshop picture");
  const uint32_t version = reader.number(2);
  header.large = version == 2;
  reader.take(6);
  header.channels = static_cast<int>(reader.number(2));
  header.raster.height = reader.number(4);
  header.raster.width = reader.number(4);
  header.depth = static_cast<int>(reader.number(2));
  header.mode = static_cast<int>(reader.number(2));
  if ((version != 1 && !header.large) || !header.raster || header.raster.width > 300'000 ||
      header.raster.height > 300'000) {
    fail(EINVAL, "the picture says it has {} by {} pixels", header.raster.width, header.raster.height);
  }
  const Mode* mode = mode_of(header);
  if (mode == nullptr || (header.depth != 8 && header.depth != 16) || header.channels < mode->colours) {
    fail(EINVAL, "Photoshop pictures of colour mode {} with {} bits are not read", header.mode, header.depth);
  }
  return header;
}

std::string_view icc_profile(std::string_view resources) {
  Reader reader({reinterpret_cast<const uint8_t*>(resources.data()), resources.size()});
  while (reader.left() >= 12) {
    reader.take(4);
    const uint32_t id = reader.number(2);
    const uint32_t name = reader.number(1);
    reader.take(name + (name + 1) % 2);
    const uint32_t size = reader.number(4);
    const std::string_view body = reader.take(size);
    if (id == kIccResource) return body;
    if (size % 2 != 0 && reader.left() > 0) reader.take(1);
  }
  return {};
}

// One row of PackBits: a count and so many bytes, or a negative count and one byte to repeat.
void unpack_row(std::string_view packed, char* row, size_t length) {
  size_t at = 0;
  size_t done = 0;
  while (done < length && at < packed.size()) {
    const int count = static_cast<signed char>(packed[at++]);
    const size_t run = std::min<size_t>(length - done, static_cast<size_t>(count < 0 ? 1 - count : count + 1));
    if (count == -128) continue;
    if (count < 0) {
      if (at >= packed.size()) break;
      std::fill_n(row + done, run, packed[at++]);
    } else {
      if (run > packed.size() - at) break;
      std::copy_n(packed.data() + at, run, row + done);
      at += run;
    }
    done += run;
  }
  if (done < length) fail(EINVAL, "the picture is damaged: a row ends too early");
}

// The flattened picture that Photoshop keeps behind the layers, channel by channel.
class Planes {
 public:
  Planes(const Header& header, int wanted, Reader reader) : header_(header), wanted_(wanted) {
    row_bytes_ = static_cast<size_t>(header.raster.width) * static_cast<size_t>(header.depth / 8);
    rows_ = static_cast<size_t>(header.raster.height);
    if (row_bytes_ * rows_ * static_cast<size_t>(wanted) > kMaxPixels) {
      fail(EINVAL, "the picture is too large: {} by {} pixels", header.raster.width, header.raster.height);
    }
    const uint32_t compression = reader.number(2);
    if (compression > 1) fail(EINVAL, "Photoshop pictures with compression {} are not read", compression);
    planes_.resize(row_bytes_ * rows_ * static_cast<size_t>(wanted));
    compression == 0 ? read_plain(reader) : read_packed(reader);
  }

  // Pixel by pixel, in this machine's byte order.
  std::vector<uint8_t> interleaved() const {
    const auto bands = static_cast<size_t>(wanted_);
    const auto sample = static_cast<size_t>(header_.depth / 8);
    const size_t pixels = planes_.size() / bands / sample;
    // Photoshop keeps ink as what is left of the paper's white.
    const uint8_t flip = header_.mode == 4 ? 0xFF : 0;
    std::vector<uint8_t> out(planes_.size());
    for (size_t band = 0; band < bands; ++band) {
      const bool is_ink = band < 4;
      for (size_t i = 0; i < pixels; ++i) {
        for (size_t byte = 0; byte < sample; ++byte) {
          const auto value = static_cast<uint8_t>(planes_[(band * pixels + i) * sample + sample - 1 - byte]);
          out[(i * bands + band) * sample + byte] = is_ink ? value ^ flip : value;
        }
      }
    }
    return out;
  }

 private:
  void read_plain(Reader& reader) {
    const std::string_view all = reader.take(planes_.size());
    std::copy(all.begin(), all.end(), planes_.begin());
  }

  void read_packed(Reader& reader) {
    const int count_bytes = header_.large ? 4 : 2;
    std::vector<uint32_t> lengths(rows_ * static_cast<size_t>(header_.channels));
    for (uint32_t& length : lengths) length = reader.number(count_bytes);
    for (size_t row = 0; row < rows_ * static_cast<size_t>(wanted_); ++row) {
      unpack_row(reader.take(lengths[row]), planes_.data() + row * row_bytes_, row_bytes_);
    }
  }

  const Header& header_;
  const int wanted_;
  size_t row_bytes_ = 0;
  size_t rows_ = 0;
  std::vector<char> planes_;
};

// A negative number of layers: the first channel behind the colours is the transparency of the whole, and no
// selection that somebody saved.
bool is_transparent(std::string_view layers, bool large) {
  const size_t at = large ? 8 : 4;
  return layers.size() >= at + 2 && number_at(layers, at, 2, ByteOrder::kBig) >= 0x8000;
}

}  // namespace

Image psd_flattened(Bytes bytes) {
  Reader reader(bytes);
  const Header header = header_in(reader);
  const Mode& mode = *mode_of(header);
  reader.take(reader.number(4));  // colour table
  const std::string_view resources = reader.take(reader.number(4));
  const std::string_view layers = reader.take(reader.wide(header.large ? 8 : 4));
  const bool alpha = header.channels > mode.colours && mode.number != 4 && is_transparent(layers, header.large);
  const int wanted = mode.colours + (alpha ? 1 : 0);
  const std::vector<uint8_t> pixels = Planes(header, wanted, reader).interleaved();
  Image image(vips_image_new_from_memory_copy(pixels.data(), pixels.size(), static_cast<int>(header.raster.width),
                                              static_cast<int>(header.raster.height), wanted,
                                              header.depth == 8 ? VIPS_FORMAT_UCHAR : VIPS_FORMAT_USHORT));
  if (!image) damaged_picture();
  image->Type = header.depth == 8 ? mode.narrow : mode.wide;
  if (const std::string_view icc = icc_profile(resources); !icc.empty()) {
    vips_image_set_blob_copy(image.get(), VIPS_META_ICC_NAME, icc.data(), icc.size());
  }
  return image;
}

namespace {

class PsdPicture final : public Picture {
 public:
  explicit PsdPicture(Bytes bytes) : image_(psd_flattened(bytes)) {}

  Image at(Raster target) override {
    const bool managed = vips_image_get_typeof(image_.get(), VIPS_META_ICC_NAME) != 0 ||
                         vips_image_get_interpretation(image_.get()) == VIPS_INTERPRETATION_CMYK;
    VipsImage* small = nullptr;
    if (vips_thumbnail_image(image_.get(), &small, static_cast<int>(target.width), "height",
                             static_cast<int>(target.height), "size", VIPS_SIZE_FORCE, "export_profile",
                             managed ? "srgb" : nullptr, nullptr) != 0) {
      damaged_picture();
    }
    return settled(Image(small));
  }

 private:
  const Image image_;
};

}  // namespace

PictureRef psd_picture(Bytes bytes) { return std::make_unique<PsdPicture>(bytes); }

Raster psd_raster(Bytes bytes) {
  Reader reader(bytes);
  return header_in(reader).raster;
}

}  // namespace damfs::worker
