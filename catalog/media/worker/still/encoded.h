// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {

enum class ByteOrder : uint8_t { kLittle, kBig };

inline void put_number(std::string& out, uint64_t value, int bytes, ByteOrder order) {
  for (int i = 0; i < bytes; ++i) {
    const int shift = 8 * (order == ByteOrder::kLittle ? i : bytes - 1 - i);
    out += static_cast<char>(value >> shift & 0xFF);
  }
}

inline uint32_t number_at(std::string_view bytes, size_t at, int count, ByteOrder order) {
  uint32_t value = 0;
  for (int i = 0; i < count; ++i) {
    const size_t from = at + static_cast<size_t>(order == ByteOrder::kBig ? i : count - 1 - i);
    value = value << 8 | static_cast<unsigned char>(bytes[from]);
  }
  return value;
}

// What one of libvips' save_buffer functions wrote: `save(&data, &size)` gives its status.
template <typename Save>
std::string encoded_by(const Save& save) {
  struct GFree {
    void operator()(void* memory) const { g_free(memory); }
  };
  void* data = nullptr;
  size_t size = 0;
  const int failed = save(&data, &size);
  const std::unique_ptr<void, GFree> owner(data);
  if (failed != 0) fail(EIO, "the preview cannot be encoded: {}", vips_complaint());
  return {static_cast<const char*>(data), size};
}

}  // namespace damfs::worker
