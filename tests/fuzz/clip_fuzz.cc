// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/media/clip.h"

// Facts that are taken must survive the way out and in again, and arithmetic with them must stay in range: the
// sanitizers watch.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs;
  const auto clip = clip_from_text({reinterpret_cast<const char*>(data), size});
  if (!clip) return 0;
  if (clip_from_text(clip_to_text(*clip)) != clip) std::abort();
  for (const ClipSound& sound : clip->sound) {
    if (clip->samples_of(sound) < 0) std::abort();
  }
  if (clip_frame_bytes(ClipCodec::kDnxhrSq, clip->raster) < 8192) std::abort();
  return 0;
}
