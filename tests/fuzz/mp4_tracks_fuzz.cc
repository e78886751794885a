// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "catalog/media/worker/probe/mp4_tracks.h"

// Whatever the boxes say, tracks stand in the file, one behind the other, and so does what mirrors a picture.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs::worker;
  const ReadAt read = [&](std::span<std::byte> buffer, uint64_t offset) -> size_t {
    if (offset >= size) return 0;
    const size_t n = std::min(buffer.size(), size - static_cast<size_t>(offset));
    std::copy_n(reinterpret_cast<const std::byte*>(data) + offset, n, buffer.begin());
    return n;
  };
  int64_t behind = 0;
  for (const Mp4Track& track : mp4_tracks(read, size)) {
    if (track.type_at < behind + 4 || track.type_at + 4 > static_cast<int64_t>(size)) std::abort();
    behind = track.type_at;
  }
  const auto layout = mp4_layout(read, size);
  if (layout && (size < 8 || (!layout->has_movie && layout->brands.empty()))) std::abort();
  const auto created = mp4_created(read, size);
  if (created && *created <= 0) std::abort();
  const auto mirror = mp4_mirror(read, size);
  if (mirror && mirror->type_at + 9 > static_cast<int64_t>(size)) std::abort();
  return 0;
}
