// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/boxes.h"

#include <brotli/decode.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

namespace damfs::worker {
namespace {

constexpr size_t kMostBoxesLookedAt = 10'000;
constexpr size_t kLongestExif = 16U << 20;

uint32_t number32(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

struct BrotliFree {
  void operator()(BrotliDecoderState* state) const { ::BrotliDecoderDestroyInstance(state); }
};

}  // namespace

std::optional<CarrierBox> take_box(std::string_view& file) {
  if (file.size() < 8) return std::nullopt;
  uint64_t size = number32(file, 0);
  size_t head = 8;
  if (size == 1 && file.size() >= 16) {
    size = uint64_t{number32(file, 8)} << 32 | number32(file, 12);
    head = 16;
  } else if (size == 0) {
    size = file.size();
  }
  if (size < head) return std::nullopt;
  const auto end = static_cast<size_t>(std::min<uint64_t>(size, file.size()));
  const CarrierBox box{file.substr(4, 4), file.substr(head, end - std::min(head, end))};
  file.remove_prefix(end);
  return box;
}

std::string brotli_unpacked(std::string_view packed, size_t limit) {
  constexpr size_t kStep = 64U << 10;
  const std::unique_ptr<BrotliDecoderState, BrotliFree> state(::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
  if (!state) throw std::bad_alloc();
  const auto* next = reinterpret_cast<const uint8_t*>(packed.data());
  size_t left = packed.size();
  std::string out;
  for (;;) {
    uint8_t* none = nullptr;
    size_t no_room = 0;
    const auto result = ::BrotliDecoderDecompressStream(state.get(), &left, &next, &no_room, &none, nullptr);
    while (::BrotliDecoderHasMoreOutput(state.get()) != 0) {
      size_t size = kStep;
      const uint8_t* part = ::BrotliDecoderTakeOutput(state.get(), &size);
      if (out.size() + size > limit) return {};
      out.append(reinterpret_cast<const char*>(part), size);
    }
    if (result == BROTLI_DECODER_RESULT_SUCCESS) return out;
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return {};
  }
}

std::string exif_of_jxl(std::string_view file) {
  if (!file.starts_with(std::string_view("\0\0\0\x0CJXL ", 8))) return {};
  for (size_t n = 0; n < kMostBoxesLookedAt; ++n) {
    const auto box = take_box(file);
    if (!box) return {};
    std::string block;
    if (box->type == "Exif" && box->body.size() <= kLongestExif) block = box->body;
    if (box->type == "brob" && box->body.starts_with("Exif")) {
      block = brotli_unpacked(box->body.substr(4), kLongestExif);
    }
    // In front stands how much of it is to be passed over.
    if (block.size() > 4) return block.substr(std::min<size_t>(size_t{4} + number32(block, 0), block.size()));
  }
  return {};
}

}  // namespace damfs::worker
