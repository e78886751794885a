// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/webp_fit.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/media/facts.h"
#include "catalog/media/worker/libraries.h"

namespace damfs::worker {
namespace {

constexpr size_t kRiffHeader = 12;  // "RIFF", size, "WEBP"
constexpr size_t kChunkHeader = 8;  // four letters, size
constexpr size_t kExtended = 10;    // the body of VP8X
constexpr uint8_t kAlphaFlag = 0x10;
constexpr std::string_view kFiller = "PADD";
constexpr int kSteps[] = {55, 35, 15, 1};

struct GFree {
  void operator()(void* memory) const { g_free(memory); }
};

void put_number(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

uint32_t number_at(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

std::string encode(VipsImage* image, int quality, int effort) {
  void* data = nullptr;
  size_t size = 0;
  // The alpha plane is lossless at 100 and the larger part of some drawings.
  const int failed = vips_webpsave_buffer(image, &data, &size, "Q", quality, "effort", effort, "strip", TRUE, "alpha_q",
                                          std::max(quality, 1), nullptr);
  const std::unique_ptr<void, GFree> owner(data);
  if (failed != 0) fail(EIO, "the preview cannot be encoded: {}", vips_complaint());
  return {static_cast<const char*>(data), size};
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
    const size_t size = kChunkHeader + number_at(file, at + 4);
    const size_t padded = size + size % 2;
    if (at + size > file.size()) fail(EIO, "the encoder wrote half a WebP");
    if (name == "ALPH" || name == "VP8 " || name == "VP8L") {
      out.image.append(file.substr(at, padded));
      if (out.image.size() % 2 != 0) out.image += '\0';
      // VP8L: signature byte, 14 bits of width, 14 of height, then the alpha bit.
      out.alpha |= name == "ALPH" || (name == "VP8L" && (number_at(file, at + 9) >> 28 & 1U) != 0);
    }
    at += padded;
  }
  if (out.image.empty()) fail(EIO, "the encoder wrote a WebP without a picture");
  return out;
}

std::optional<std::string> assemble(const Chunks& chunks, Raster raster, int64_t declared) {
  const size_t used = kRiffHeader + kChunkHeader + kExtended + chunks.image.size() + kChunkHeader;
  const auto total = static_cast<size_t>(declared);
  if (used > total) return std::nullopt;
  std::string out = "RIFF";
  put_number(out, total - 8, 4);
  out += "WEBPVP8X";
  put_number(out, kExtended, 4);
  put_number(out, chunks.alpha ? kAlphaFlag : 0, 4);
  put_number(out, static_cast<uint64_t>(raster.width - 1), 3);
  put_number(out, static_cast<uint64_t>(raster.height - 1), 3);
  out += chunks.image;
  out += kFiller;
  put_number(out, total - used, 4);
  return out;
}

// The picture with all detail finer than `factor` pixels gone.
Image without_detail(VipsImage* image, int factor) {
  const int width = vips_image_get_width(image);
  const int height = vips_image_get_height(image);
  VipsImage* small = nullptr;
  if (vips_thumbnail_image(image, &small, std::max(1, width / factor), "height", std::max(1, height / factor), "size",
                           VIPS_SIZE_FORCE, nullptr) != 0) {
    fail(EIO, "the preview cannot be simplified: {}", vips_complaint());
  }
  const Image small_owner(small);
  VipsImage* large = nullptr;
  if (vips_thumbnail_image(small, &large, width, "height", height, "size", VIPS_SIZE_FORCE, nullptr) != 0) {
    fail(EIO, "the preview cannot be simplified: {}", vips_complaint());
  }
  const Image large_owner(large);
  Image in_memory(vips_image_copy_memory(large));
  if (!in_memory) fail(EIO, "the preview cannot be simplified: {}", vips_complaint());
  return in_memory;
}

}  // namespace

std::string fit_webp(VipsImage* image, const FitOptions& options) {
  if (options.declared_bytes % 2 != 0 || options.declared_bytes > std::numeric_limits<uint32_t>::max()) {
    fail(EINVAL, "a WebP of {} bytes is impossible", options.declared_bytes);
  }
  const Raster raster{vips_image_get_width(image), vips_image_get_height(image)};
  const auto attempt = [&](VipsImage* picture, int quality) {
    return assemble(image_chunks(encode(picture, quality, options.effort)), raster, options.declared_bytes);
  };
  if (auto file = attempt(image, options.quality)) return std::move(*file);
  for (const int quality : kSteps) {
    if (quality >= options.quality) continue;
    if (auto file = attempt(image, quality)) return std::move(*file);
  }
  const auto longest = static_cast<int>(std::max(raster.width, raster.height));
  for (int factor = 2; factor < 2 * longest; factor *= 2) {
    const Image blurred = without_detail(image, factor);
    if (auto file = attempt(blurred.get(), 1)) return std::move(*file);
  }
  fail(EINVAL, "no preview of {} by {} pixels fits {} bytes", raster.width, raster.height, options.declared_bytes);
}

}  // namespace damfs::worker
