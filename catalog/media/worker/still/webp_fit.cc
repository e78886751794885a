// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string_view>

#include "catalog/media/worker/still/encoded.h"
#include "catalog/media/worker/still/fit.h"

namespace damfs::worker {
namespace {

constexpr size_t kRiffHeader = 12;  // "RIFF", size, "WEBP"
constexpr size_t kChunkHeader = 8;  // four letters, size
constexpr size_t kExtended = 10;    // the body of VP8X
constexpr uint8_t kAlphaFlag = 0x10;
constexpr uint8_t kExifFlag = 0x08;

void put_little(std::string& out, uint64_t value, int bytes) { put_number(out, value, bytes, ByteOrder::kLittle); }
uint32_t little_at(std::string_view bytes, size_t at) { return number_at(bytes, at, 4, ByteOrder::kLittle); }

// TIFF with one directory of one entry: orientation 1. What follows it in the chunk belongs to nothing.
std::string upright_exif() {
  std::string out("II*\0\x08\0\0\0", 8);
  put_little(out, 1, 2);       // entries
  put_little(out, 0x0112, 2);  // orientation,
  put_little(out, 3, 2);       // a SHORT,
  put_little(out, 1, 4);       // one of them:
  put_little(out, 1, 4);       // upright
  put_little(out, 0, 4);       // no further directory
  return out;
}

std::string encode_webp(VipsImage* image, int quality, int effort) {
  // The alpha plane is lossless at 100 and the larger part of some drawings.
  return encoded_by([&](void** data, size_t* size) {
    return vips_webpsave_buffer(image, data, size, "Q", quality, "effort", effort, "strip", TRUE, "alpha_q",
                                std::max(quality, 1), nullptr);
  });
}

struct Chunks {
  std::string image;  // ALPH and VP8, or VP8L, as they stand in the file, each of even length
  bool alpha = false;
};

Chunks image_chunks(std::string_view file) {
  Chunks out;
  if (file.size() < kRiffHeader || file.substr(0, 4) != "RIFF" || file.substr(8, 4) != "WEBP") {
    fail(EIO, "the encoder wrote no WebP");
  }
  for (size_t at = kRiffHeader; at + kChunkHeader <= file.size();) {
    const std::string_view name = file.substr(at, 4);
    const size_t size = kChunkHeader + little_at(file, at + 4);
    const size_t padded = size + size % 2;
    if (at + size > file.size()) fail(EIO, "the encoder wrote half a WebP");
    if (name == "ALPH" || name == "VP8 " || name == "VP8L") {
      out.image.append(file.substr(at, padded));
      if (out.image.size() % 2 != 0) out.image += '\0';
      // VP8L: signature byte, 14 bits of width, 14 of height, then the alpha bit.
      out.alpha |= name == "ALPH" || (name == "VP8L" && (little_at(file, at + 9) >> 28 & 1U) != 0);
    }
    at += padded;
  }
  if (out.image.empty()) fail(EIO, "the encoder wrote a WebP without a picture");
  return out;
}

std::optional<FilledFile> fill_webp(const std::string& encoded, Raster raster, int64_t declared) {
  if (declared % 2 != 0 || declared > std::numeric_limits<uint32_t>::max()) {
    fail(EINVAL, "a WebP of {} bytes is impossible", declared);
  }
  const Chunks chunks = image_chunks(encoded);
  const std::string exif = upright_exif();
  const size_t used = kRiffHeader + kChunkHeader + kExtended + chunks.image.size() + kChunkHeader;
  const auto total = static_cast<size_t>(declared);
  if (used + exif.size() > total) return std::nullopt;
  std::string out = "RIFF";
  put_little(out, total - 8, 4);
  out += "WEBPVP8X";
  put_little(out, kExtended, 4);
  put_little(out, kExifFlag | (chunks.alpha ? kAlphaFlag : 0U), 4);
  put_little(out, static_cast<uint64_t>(raster.width - 1), 3);
  put_little(out, static_cast<uint64_t>(raster.height - 1), 3);
  out += chunks.image;
  out += "EXIF";
  put_little(out, total - used, 4);
  out += exif;
  return FilledFile{{{0, std::move(out)}}};
}

}  // namespace

const FormatWriter kWebpWriter{encode_webp, fill_webp, 0.022};

}  // namespace damfs::worker
