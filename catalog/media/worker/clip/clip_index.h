// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "catalog/media/worker/source.h"

namespace damfs::worker {

// Where a video's key frames stand in its file: what transport and program streams lack, so that a jump need not feel
// its way.
class KeyFrameIndex {
 public:
  struct Entry {
    int64_t time = 0;  // ticks of the stream's clock
    // In the file, a frame before it: a stream cut in the middle of one gives the next one's time to what is left of
    // it.
    int64_t position = 0;
  };

  // Walks over the file's packets and writes the index; gives its bytes.
  static int64_t build(const Source& source, int output);
  // Empty when it is none, or one of another file: then there is no index.
  static std::optional<KeyFrameIndex> read(int fd, int64_t source_size);

  // The last key frame at or before that time, or `back` key frames before it; null where the file begins.
  const Entry* before(int64_t time, size_t back) const;

 private:
  std::vector<Entry> entries_;  // by time
};

}  // namespace damfs::worker
