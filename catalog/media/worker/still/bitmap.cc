// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/bitmap.h"

#include <algorithm>
#include <bit>

namespace damfs::worker {
namespace {

constexpr size_t kFileHead = 14;
constexpr size_t kInfoHead = 40;
constexpr int64_t kLongestEdge = 65'535;

uint32_t low32(std::span<const uint8_t> bytes, size_t at) {
  return bytes[at] | uint32_t{bytes[at + 1]} << 8 | uint32_t{bytes[at + 2]} << 16 | uint32_t{bytes[at + 3]} << 24;
}
uint32_t low16(std::span<const uint8_t> bytes, size_t at) { return bytes[at] | uint32_t{bytes[at + 1]} << 8; }

uint8_t part_of(uint32_t pixel, uint32_t mask) {
  if (mask == 0) return 0;
  const int shift = std::countr_zero(mask);
  const uint64_t most = mask >> shift;
  return static_cast<uint8_t>((uint64_t{(pixel & mask) >> shift} * 255 + most / 2) / most);
}

}  // namespace

std::optional<MaskedBitmap> MaskedBitmap::of(std::span<const uint8_t> file) {
  if (file.size() < kFileHead + kInfoHead + 16 || file[0] != 'B' || file[1] != 'M') return std::nullopt;
  const uint32_t head = low32(file, 14);
  const uint32_t bits = low16(file, 28);
  const uint32_t coding = low32(file, 30);
  constexpr uint32_t kMasks = 3;
  constexpr uint32_t kMasksWithAlpha = 6;
  if (head < kInfoHead || (bits != 16 && bits != 32) || (coding != kMasks && coding != kMasksWithAlpha)) {
    return std::nullopt;
  }
  MaskedBitmap bitmap;
  const int64_t width = static_cast<int32_t>(low32(file, 18));
  const int64_t height = static_cast<int32_t>(low32(file, 22));
  bitmap.from_top_ = height < 0;
  bitmap.raster_ = {width, height < 0 ? -height : height};
  if (width < 1 || width > kLongestEdge || height == 0 || bitmap.raster_.height > kLongestEdge) return std::nullopt;
  const bool tells_alpha = coding == kMasksWithAlpha || head >= kInfoHead + 16;
  for (size_t i = 0; i < (tells_alpha ? 4U : 3U); ++i) {
    bitmap.masks_[i] = low32(file, kFileHead + kInfoHead + 4 * i) & (bits == 16 ? 0xFFFFU : ~0U);
  }
  bitmap.bytes_a_pixel_ = bits / 8;
  bitmap.stride_ = (static_cast<size_t>(width) * bits + 31) / 32 * 4;
  const size_t begin = low32(file, 10);
  const size_t size = bitmap.stride_ * static_cast<size_t>(bitmap.raster_.height);
  if (begin > file.size() || size > file.size() - begin) return std::nullopt;
  bitmap.rows_ = file.subspan(begin, size);
  return bitmap;
}

std::vector<uint8_t> MaskedBitmap::pixels() const {
  const size_t bands = has_alpha() ? 4 : 3;
  const auto width = static_cast<size_t>(raster_.width);
  const auto height = static_cast<size_t>(raster_.height);
  std::vector<uint8_t> out(width * height * bands);
  auto to = out.begin();
  for (size_t y = 0; y < height; ++y) {
    const auto row = rows_.subspan((from_top_ ? y : height - 1 - y) * stride_, stride_);
    for (size_t x = 0; x < width; ++x) {
      const uint32_t pixel = bytes_a_pixel_ == 2 ? low16(row, 2 * x) : low32(row, 4 * x);
      for (size_t band = 0; band < bands; ++band) *to++ = part_of(pixel, masks_[band]);
    }
  }
  return out;
}

std::optional<IconPicture> largest_in_icon(std::span<const uint8_t> file) {
  constexpr size_t kHead = 6;
  constexpr size_t kEntry = 16;
  if (file.size() < kHead + kEntry) return std::nullopt;
  const size_t count = std::min<size_t>(low16(file, 4), (file.size() - kHead) / kEntry);
  std::span<const uint8_t> best;
  uint32_t most = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t at = kHead + kEntry * i;
    // Nought means 256. Of one size the last has the most colours.
    const uint32_t area = (file[at] == 0 ? 256U : file[at]) * (file[at + 1] == 0 ? 256U : file[at + 1]);
    const size_t size = low32(file, at + 8);
    const size_t begin = low32(file, at + 12);
    if (area < most || begin > file.size() || size > file.size() - begin || size < kInfoHead) continue;
    most = area;
    best = file.subspan(begin, size);
  }
  if (best.empty()) return std::nullopt;
  IconPicture picture;
  picture.is_png = best[0] == 0x89 && best[1] == 'P';
  picture.file.assign(best.begin(), best.end());
  if (picture.is_png) return picture;
  const uint32_t head = low32(best, 0);
  const uint32_t bits = low16(best, 14);
  if (head < kInfoHead || head > best.size()) return std::nullopt;
  // It has no file's head, and is as high again by the mask that stands behind it.
  const uint32_t named = low32(best, 32);
  const uint32_t colours = bits > 8 ? 0 : named != 0 ? std::min(named, 256U) : 1U << bits;
  const uint32_t height = low32(best, 8) / 2;
  std::vector<uint8_t> whole = {'B', 'M'};
  const auto put = [&](uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) whole.push_back(static_cast<uint8_t>(value >> shift));
  };
  put(static_cast<uint32_t>(kFileHead + best.size()));
  put(0);
  put(static_cast<uint32_t>(kFileHead) + head + colours * 4);
  whole.insert(whole.end(), best.begin(), best.end());
  for (int i = 0; i < 4; ++i) whole[kFileHead + 8 + static_cast<size_t>(i)] = static_cast<uint8_t>(height >> 8 * i);
  picture.file = std::move(whole);
  return picture;
}

}  // namespace damfs::worker
