// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/id3.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace damfs::worker {
namespace {

constexpr size_t kMostChunks = 10'000;

size_t bits_of(std::string_view bytes, size_t at, int each) {
  size_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value = value << each | (static_cast<unsigned char>(bytes[at + i]) & ((1U << each) - 1));
  }
  return value;
}
size_t seven_bits(std::string_view bytes, size_t at) { return bits_of(bytes, at, 7); }
size_t eight_bits(std::string_view bytes, size_t at) { return bits_of(bytes, at, 8); }

size_t from_the_small_end(std::string_view bytes, size_t at) {
  size_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// The tag in a chunk of a file of chunks; empty: it has none.
std::string_view in_chunk(std::string_view file, bool is_riff) {
  size_t at = 12;
  for (size_t n = 0; n < kMostChunks && at + 8 <= file.size(); ++n) {
    const std::string_view type = file.substr(at, 4);
    const size_t size = is_riff ? from_the_small_end(file, at + 4) : eight_bits(file, at + 4);
    if (type == "id3 " || type == "ID3 ") return file.substr(at + 8, size);
    if (size >= file.size() - at - 8) return {};
    at += 8 + size + size % 2;
  }
  return {};
}

}  // namespace

void id3_frames(std::string_view file, const std::function<bool(std::string_view, std::string_view)>& visit) {
  if (file.starts_with("RIFF") || file.starts_with("FORM")) file = in_chunk(file, file.starts_with("RIFF"));
  if (!file.starts_with("ID3") || file.size() <= 10) return;
  const char version = file[3];
  if (version != 3 && version != 4) return;
  std::string_view tag = file.substr(10, seven_bits(file, 6));
  if ((file[5] & 0x40) != 0 && tag.size() >= 4) {
    const size_t extended = version == 4 ? seven_bits(tag, 0) : eight_bits(tag, 0) + 4;
    tag.remove_prefix(std::min(extended, tag.size()));
  }
  while (tag.size() > 10 && tag[0] != '\0') {
    const size_t size = version == 4 ? seven_bits(tag, 4) : eight_bits(tag, 4);
    if (!visit(tag.substr(0, 4), tag.substr(10, size))) return;
    tag.remove_prefix(std::min(10 + size, tag.size()));
  }
}

}  // namespace damfs::worker
