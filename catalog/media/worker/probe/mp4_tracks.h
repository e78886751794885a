// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
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
ReadAt read_at(std::span<const uint8_t> bytes);  // of what lies in memory

// The tracks of a file of `size` bytes in their order, from the heads of boxes alone. Empty where none can be told
// for sure: another format, a damaged one, and one whose samples are listed in fragments.
std::vector<Mp4Track> mp4_tracks(const ReadAt& read, uint64_t size);

// The box of a still picture's properties that mirrors the picture that is shown (ISO/IEC 23008-12, 'imir'). Empty:
// none does.
struct Mp4Mirror {
  int64_t type_at = 0;
  bool upside_down = false;  // else left is right
};
std::optional<Mp4Mirror> mp4_mirror(const ReadAt& read, uint64_t size);

// When its movie was made, in seconds since 1970, UTC. Empty: it has none, or its clock was not set.
std::optional<int64_t> mp4_created(const ReadAt& read, uint64_t size);

// What a file's outermost boxes say of it.
struct Mp4Layout {
  uint32_t major = 0;            // the brand that its 'ftyp' names first; 0: it has none, as QuickTime's first did
  std::vector<uint32_t> brands;  // all of them, the major one too
  bool has_movie = false;        // pictures or sound that go on, or what is left of them
  bool has_items = false;        // still pictures
  bool has_brand(uint32_t brand) const;
};

// Empty: it is no such file. It is told from its boxes, whatever brand it names and whichever box comes first.
std::optional<Mp4Layout> mp4_layout(const ReadAt& read, uint64_t size);

}  // namespace damfs::worker
