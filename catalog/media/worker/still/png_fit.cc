// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <string_view>

#include "catalog/media/worker/still/encoded.h"
#include "catalog/media/worker/still/fit.h"

namespace damfs::worker {
namespace {

constexpr std::string_view kSignature = "\x89PNG\r\n\x1A\n";
constexpr size_t kPngEnd = 12;                // IEND: length, four letters, checksum
constexpr int64_t kChunk = 12;                // of any chunk, besides its body
constexpr std::string_view kFiller = "paDd";  // ancillary, private, safe to copy

std::string encode_png(VipsImage* image, int quality, int) {
  return encoded_by([&](void** data, size_t* size) {
    if (quality >= 100) {
      return vips_pngsave_buffer(image, data, size, "strip", TRUE, "compression", 6, "filter",
                                 VIPS_FOREIGN_PNG_FILTER_ALL, nullptr);
    }
    return vips_pngsave_buffer(image, data, size, "strip", TRUE, "compression", 6, "palette", TRUE, "Q", quality,
                               nullptr);
  });
}

uint64_t checksum_of_filler(int64_t zeros) {
  static constexpr std::array<unsigned char, 16'384> kZeros{};
  uLong sum = ::crc32(0, reinterpret_cast<const unsigned char*>(kFiller.data()), kFiller.size());
  for (int64_t left = zeros; left > 0;) {
    const auto part = std::min<int64_t>(left, kZeros.size());
    sum = ::crc32(sum, kZeros.data(), static_cast<uInt>(part));
    left -= part;
  }
  return sum;
}

std::optional<FilledFile> fill_png(const std::string& encoded, Raster, int64_t declared) {
  if (!encoded.starts_with(kSignature) || encoded.size() < kSignature.size() + kPngEnd) {
    fail(EIO, "the encoder wrote no PNG");
  }
  const int64_t zeros = declared - static_cast<int64_t>(encoded.size()) - kChunk;
  if (zeros < 0) return std::nullopt;
  if (zeros > std::numeric_limits<int32_t>::max()) fail(EINVAL, "a PNG of {} bytes is impossible", declared);
  std::string head = encoded.substr(0, encoded.size() - kPngEnd);
  put_number(head, static_cast<uint64_t>(zeros), 4, ByteOrder::kBig);
  head += kFiller;
  std::string tail;
  put_number(tail, checksum_of_filler(zeros), 4, ByteOrder::kBig);
  tail += encoded.substr(encoded.size() - kPngEnd);
  const int64_t at = declared - static_cast<int64_t>(tail.size());
  return FilledFile{{{0, std::move(head)}, {at, std::move(tail)}}};
}

}  // namespace

const FormatWriter kPngWriter{encode_png, fill_png, 0.015};

}  // namespace damfs::worker
