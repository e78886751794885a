// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace damfs::worker {

// One 'trak' box of an ISO base media file (ISO/IEC 14496-12; MP4, QuickTime).
struct Mp4Track {
  int64_t type_at = 0;   // where the box's four-character type stands in the file
  uint32_t handler = 0;  // what its 'mdia' says it is: 'vide', 'soun', …; 0: nothing
};

constexpr uint32_t four_characters(const char (&text)[5]) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(text[i]);
  return value;
}

// Reads bytes of the file at an offset; fewer than asked for at its end.
using ReadAt = std::function<size_t(std::span<std::byte> buffer, uint64_t offset)>;

// The tracks of a file of `size` bytes in their order, from the heads of boxes alone. Empty where none can be told
// for sure: another format, a damaged one, and one whose samples are listed in fragments.
std::vector<Mp4Track> mp4_tracks(const ReadAt& read, uint64_t size);

}  // namespace damfs::worker
